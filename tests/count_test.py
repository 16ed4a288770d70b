#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of tests/count.py: nothing that failed, ended early or is absent may look passed."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tap import Tap

COUNT = Path(os.environ.get("srcdir", "."), "tests/count.py").resolve()

# name -> ({file: text}, arguments, the lines printed, exit status)
CASES = {
    "passes and a skip with its reason": (
        {"a.log": "1..3\nok 1 - x\nok 2 - y # SKIP no shared samples\nok 3\n"}, "a.log",
        ["skipped: a: y: no shared samples", "2 passed, 0 failed, 1 skipped"], 0),
    "several files add up": (
        {"a.log": "1..1\nok 1 - x\n", "b.log": "ok 1 - x\nok 2 - y\n1..2\n"}, "a.log b.log",
        ["3 passed, 0 failed, 0 skipped"], 0),
    "a failure is named": (
        {"a.log": "1..2\nok 1 - x\nnot ok 2 - y\n#   why\n"}, "a.log",
        ["FAILED: a: y", "1 passed, 1 failed, 0 skipped"], 1),
    "a run that ended early": (
        {"a.log": "1..3\nok 1 - x\n"}, "a.log",
        ["FAILED: a: 1 results, but the plan is 3: it ended early",
         "1 passed, 1 failed, 0 skipped"], 1),
    "a run without a plan": (
        {"a.log": "ok 1 - x\n"}, "a.log",
        ["FAILED: a: 1 results, but the plan is None: it ended early",
         "1 passed, 1 failed, 0 skipped"], 1),
    "a file that is absent": (
        {"a.log": "1..1\nok 1 - x\n"}, "a.log none.log",
        ["FAILED: none: left no results", "1 passed, 1 failed, 0 skipped"], 1),
    "a crash that only the harness saw": (
        {"a.log": "1..1\nok 1 - x\n",
         "a.trs": ":test-result: PASS 1 - x\n:test-result: ERROR - exited with status 139\n"},
        "a.log", ["FAILED: a: - exited with status 139", "1 passed, 1 failed, 0 skipped"], 1),
    "nothing at all is no success": ({}, "", ["0 passed, 0 failed, 0 skipped"], 1),
}


def run_case(files, arguments):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text)
        done = subprocess.run([sys.executable, "-B", COUNT, *arguments.split()], cwd=folder,
                              capture_output=True, text=True)
        return done.stdout.splitlines() + done.stderr.splitlines(), done.returncode


def main():
    tap = Tap()
    for name, (files, arguments, expected, status) in CASES.items():
        lines, ended = run_case(files, arguments)
        tap.result(name, [] if (lines, ended) == (expected, status) else [*lines, f"exit {ended}"])
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
