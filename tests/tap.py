# SPDX-License-Identifier: Apache-2.0
"""Prints test results in the Test Anything Protocol: one flat line for each test."""

import sys


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def result(self, name, problems=()):
        """One test: passed when there are no problems; each problem is printed below a failure."""
        self.count += 1
        problems = list(problems)
        self.failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.count} - {name}")
        for problem in problems:
            for line in str(problem).splitlines():
                print(f"#   {line}")
        sys.stdout.flush()

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}", flush=True)

    def done(self):
        """Prints the plan and gives the exit status."""
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0
