#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`fhirtrial view` of this build over generated files (TAP): the rows are those that Python's json finds, digit for digit;
they are the same from lines, Bundles and standard input; and the memory needed does not grow with the input.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(os.environ.get("srcdir") or Path(__file__).resolve().parents[1]).resolve()
BUILD = Path(os.environ.get("builddir") or SOURCE / "build").resolve()
WHOLE = SOURCE / "tests" / "bench" / "whole"
sys.path[:0] = [str(SOURCE / "tests"), str(WHOLE)]

import rows  # noqa: E402
import tap  # noqa: E402

VIEW = [BUILD / "fhirtrial", "view", "--format", "csv", WHOLE / "pain.view.json"]
COUNT = 8_000
SMALL, LARGE = 23_000, 92_000  # resources: about 30 and 120 MB
MOST_KIB = 16 * 1024


def generate(folder, form, count):
    path = folder / f"{form}-{count}.ndjson"
    if not path.exists():
        with path.open("wb") as to:
            subprocess.run([BUILD / "tests/bench/generate", form, str(count)], stdout=to, check=True, timeout=300)
    return path


def view(output, *inputs, stdin=subprocess.DEVNULL):
    with output.open("wb") as to:
        subprocess.run([*VIEW, *inputs], stdin=stdin, stdout=to, check=True, timeout=500)
    return rows.of_csv(output)


def check_rows(results, folder):
    lines, bundles = generate(folder, "json", COUNT), generate(folder, "bundles", COUNT)
    expected, output = rows.of_input(lines), folder / "rows.csv"
    results.result("rows of lines are Python's, digit for digit", filter(None, [rows.difference(view(output, lines), expected)]))
    results.result("rows of Bundles are those of lines", filter(None, [rows.difference(view(output, bundles), expected)]))
    with lines.open("rb") as stdin:
        results.result("rows of standard input are those of the file", filter(None, [rows.difference(view(output, stdin=stdin), expected)]))
    values = [row[4] for row in expected]
    kinds = {"a zero at the end": any("." in v and v.endswith("0") for v in values), "an exponent": any("e" in v for v in values),
             "no value": "" in values, "another code first": any(row[2] != "72514-3" for row in expected)}
    results.result("the input has what is easily lost", [f"no row has {kind}" for kind, there in kinds.items() if not there])


def check_seeds(results, folder):
    """A smaller file is the beginning of a larger one, and another seed is another file."""
    one, two = (generate(folder, "json", count).read_bytes() for count in (500, COUNT))
    other = subprocess.run([BUILD / "tests/bench/generate", "json", "500", "2"], capture_output=True, check=True, timeout=60).stdout
    results.result("generated files are the same every time", [] if two.startswith(one) and other != one else ["they are not"])


def peak(output, path):
    done = subprocess.run([BUILD / "tests/bench/whole/measure", output, *VIEW, path], capture_output=True, text=True, check=True, timeout=500)
    fields = done.stdout.split()
    assert fields[3] == "0", done.stderr
    return int(fields[2])


def check_memory(results, folder):
    name = "memory does not grow with the input"
    if os.environ.get("FHIRTRIAL_SANITIZER", "no") != "no":
        results.skip(name, "the memory of this build is its sanitizer's")
        return
    small, large = (peak(folder / "rows.csv", generate(folder, "json", count)) for count in (SMALL, LARGE))
    problems = []
    if max(small, large) > MOST_KIB:
        problems.append(f"{small} and {large} KiB, more than {MOST_KIB}")
    if large > small * 1.1:
        problems.append(f"{small} KiB for {SMALL} resources, {large} KiB for {LARGE}")
    results.result(name, problems)


def main():
    results = tap.Tap()
    with tempfile.TemporaryDirectory(prefix="fhirtrial-view-") as name:
        for check in (check_rows, check_seeds, check_memory):
            check(results, Path(name))
    return results.done()


if __name__ == "__main__":
    sys.exit(main())
