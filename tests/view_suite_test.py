#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`fhirtrial suite sql-on-fhir`: the official files where ../shared has them, our own in tests/view,
the report's format, and that the comparison notices what it must."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from tap import Tap

TOP = Path(__file__).resolve().parents[1]
PROGRAM = Path(os.environ.get("builddir", "build")).resolve() / "fhirtrial"
OFFICIAL = Path(os.environ.get("FHIRTRIAL_SHARED", TOP / ".." / "shared")) / "suites" / "sql-on-fhir"
# Tests of each official file, as its ORIGIN counts them: 148 in all.
COUNTS = {"basic": 11, "collection": 4, "combinations": 6, "constant": 8, "constant_types": 14, "fhirpath": 9,
          "fhirpath_numbers": 1, "fn_boundary": 8, "fn_empty": 1, "fn_extension": 2, "fn_first": 2, "fn_join": 3,
          "fn_oftype": 2, "fn_reference_keys": 7, "foreach": 13, "logic": 3, "repeat": 19, "row_index": 9,
          "union": 10, "validate": 5, "view_resource": 3, "where": 8}
TWO = [{"resourceType": "Patient", "id": "a", "name": [{"given": ["x", "y"]}]}, {"resourceType": "Patient", "id": "b"}]


def columns(*paths, **more):
    return {"resource": "Patient", "select": [{"column": [
        {"name": f"c{n}", "path": path, **more} for n, path in enumerate(paths)]}]}


# What a test says of its view, and whether that is so.
CASES = [
    ("rows in another order", {"view": columns("id"), "expect": [{"c0": "b"}, {"c0": "a"}]}, True),
    ("a row too many", {"view": columns("id"), "expect": [{"c0": "a"}]}, False),
    ("a row too few", {"view": columns("id"), "expect": [{"c0": "a"}, {"c0": "b"}, {"c0": "b"}]}, False),
    ("one row instead of another", {"view": columns("id"), "expect": [{"c0": "a"}, {"c0": "a"}]}, False),
    ("a missing key is no null", {"view": columns("id", "gender"), "expect": [{"c0": "a"}, {"c0": "b"}]}, False),
    ("null", {"view": columns("id", "gender"), "expect": [{"c0": "a", "c1": None}, {"c0": "b", "c1": None}]}, True),
    ("numbers by value", {"view": columns("1.50"), "expect": [{"c0": 1.5}, {"c0": 1.500}]}, True),
    ("a text is no number", {"view": columns("1"), "expect": [{"c0": "1"}, {"c0": "1"}]}, False),
    ("an array by element", {"view": columns("name.given", collection=True), "expect": [{"c0": ["x", "y"]}, {"c0": []}]}, True),
    ("an array in another order", {"view": columns("name.given", collection=True), "expect": [{"c0": ["y", "x"]}, {"c0": []}]}, False),
    ("columns in order", {"view": columns("id", "gender"), "expectColumns": ["c0", "c1"], "expectCount": 2}, True),
    ("columns in another order", {"view": columns("id", "gender"), "expectColumns": ["c1", "c0"], "expectCount": 2}, False),
    ("a column too few", {"view": columns("id", "gender"), "expectColumns": ["c0"], "expectCount": 2}, False),
    ("another number of rows", {"view": columns("id"), "expectCount": 3}, False),
    ("an error when compiled", {"view": columns("id +"), "expectError": True}, True),
    ("an error on a resource", {"view": columns("name.given"), "expectError": True}, True),
    ("an error that does not come", {"view": columns("id"), "expectError": True}, False),
    ("an error that was not expected", {"view": columns("name.given"), "expect": []}, False),
]


def suite(*arguments):
    done = subprocess.run([PROGRAM, "suite", "sql-on-fhir", *map(str, arguments)], capture_output=True, text=True,
                          timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


def conforms(report):
    """What the schema of reports (test-report.schema.json) asks for."""
    for name, file in report.items():
        assert set(file) == {"tests"} and file["tests"], name
        for test in file["tests"]:
            assert set(test) == {"name", "result"} and isinstance(test["name"], str), test
            result = test["result"]
            assert isinstance(result["passed"], bool) and set(result) <= {"passed", "error", "details"}, test
            assert isinstance(result.get("error", ""), str), test


def official(tap, folder):
    code, out, err = suite(OFFICIAL / "tests", "--report", folder / "r.json")
    report = json.loads((folder / "r.json").read_text())
    conforms(report)
    for name, count in COUNTS.items():
        tests = report.get(f"{name}.json", {"tests": []})["tests"]
        problems = [f"{t['name']}: {t['result'].get('error')}" for t in tests if not t["result"]["passed"]]
        if len(tests) != count:
            problems.append(f"{len(tests)} tests instead of {count}")
        tap.result(f"official suite: {name}", problems)
    wanted = "shareable: 137 of 137\nexperimental: 11 of 11\n148 of 148 passed\n"
    tap.result("official suite: the count", [] if (code, out) == (0, wanted) else [code, out, err])


def own_files(tap):
    for path in sorted((TOP / "tests" / "view").glob("*.json")):
        code, out, err = suite(path)
        tap.result(f"our suite: {path.stem}", [] if code == 0 else [out, err])


def comparison(tap, folder):
    path = folder / "own.json"
    path.write_text(json.dumps({"title": "own", "resources": TWO, "tests": [{"title": t, **c} for t, c, _ in CASES]}))
    code, out, err = suite(path, "--report", folder / "own-report.json")
    report = json.loads((folder / "own-report.json").read_text())
    conforms(report)
    for (title, _, passes), got in zip(CASES, report["own.json"]["tests"]):
        right = got["name"] == title and got["result"]["passed"] == passes and ("error" in got["result"]) != passes
        tap.result(f"comparison: {title}", [] if right else [got])
    good = sum(passes for _, _, passes in CASES)
    told = f"FAIL own.json / a row too many: the rows differ\n  expected {{\"c0\":\"a\"}}\n  got      {{\"c0\":\"a\"}}\n"
    ok = code == 1 and out.endswith(f"\n{good} of {len(CASES)} passed\n") and told in out
    tap.result("comparison: failures are printed, counted and exit 1", [] if ok else [code, out, err])
    code, out, _ = suite("--quiet", path)
    tap.result("comparison: --quiet prints the last line", [] if out == f"{good} of {len(CASES)} passed\n" else [out])


def wrong_files(tap, folder):
    (folder / "no.json").write_text('{"resources": []}')
    (folder / "bad.json").write_text('{\n"resources": [}')
    (folder / "empty").mkdir()
    for name, text in [("no.json", '"tests" or "resources" is missing'), ("bad.json", "bad.json:2:15: error: "),
                       ("empty", "no test files"), ("none.json", "No such file")]:
        code, _, err = suite(folder / name)
        tap.result(f"files: {name} is told", [] if code == 1 and text in err else [code, err])
    code, _, err = suite()
    tap.result("files: without any is wrong use", [] if code == 2 and "usage" in err else [code, err])


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        if (OFFICIAL / "tests").is_dir():
            official(tap, Path(name))
        else:
            tap.skip("official suite", f"{OFFICIAL} is not there")
        own_files(tap)
        comparison(tap, Path(name))
        wrong_files(tap, Path(name))
    return tap.done()


if __name__ == "__main__":
    raise SystemExit(main())
