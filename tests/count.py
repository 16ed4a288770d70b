#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up what the tests of `./bootstrap check` reported and prints the closing line.

    count.py FILE...

A FILE is a log of automake's harness (beside it a .trs file with the harness's own verdict) or the
output of a run outside it; both hold TAP. Prints each failure and each skip with its reason, then,
alone on the last line, "N passed, N failed, N skipped". A file that is absent, or whose lines do
not fit its plan, counts as a failure. Exit status 0 only where something passed and nothing failed.
"""

import re
import sys
from pathlib import Path

TAP_LINE = re.compile(r"(not )?ok\b\s*\d*\s*-?\s*(.*?)(?:\s+#\s*SKIP\S*\s*(.*))?$", re.I)


class Results:
    def __init__(self):
        self.passed, self.failures, self.skips = 0, [], []

    def add(self, place, outcome, what):
        if outcome == "PASS":
            self.passed += 1
        elif outcome == "SKIP":
            self.skips.append(f"{place}: {what}")
        else:
            self.failures.append(f"{place}: {what}")

    def add_tap(self, place, text):
        plan, count = None, 0
        for line in text.splitlines():
            match = TAP_LINE.match(line)
            if match:
                bad, name, reason = match.groups()
                count += 1
                skipped = reason is not None
                self.add(place, "FAIL" if bad else "SKIP" if skipped else "PASS",
                         f"{name}: {reason}" if skipped else name)
            elif re.match(r"1\.\.\d+", line):
                plan = int(re.match(r"1\.\.(\d+)", line).group(1))
        if plan != count:
            self.add(place, "FAIL", f"{count} results, but the plan is {plan}: it ended early")

    def add_file(self, path):
        place = path.stem
        if not path.exists():
            self.add(place, "FAIL", "left no results")
            return
        failures = len(self.failures)
        self.add_tap(place, path.read_text(errors="replace"))
        trs = path.with_suffix(".trs")
        if trs.exists() and len(self.failures) == failures:
            for outcome, what in re.findall(r"^:test-result: (\w+) ?(.*)$", trs.read_text(), re.M):
                if outcome not in ("PASS", "SKIP"):
                    self.add(place, "FAIL", what)


def main():
    results = Results()
    for name in sys.argv[1:]:
        results.add_file(Path(name))
    for kind, lines in (("skipped", results.skips), ("FAILED", results.failures)):
        for line in lines:
            print(f"{kind}: {line}")
    print(f"{results.passed} passed, {len(results.failures)} failed, {len(results.skips)} skipped")
    return 1 if results.failures or not results.passed else 0


if __name__ == "__main__":
    sys.exit(main())
