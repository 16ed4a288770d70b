#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tools `path` and `suite fhirpath` from outside: output, exit codes, the caret, variables, the comparison of a
suite with a suite of our own, and the official R4 suite where ../shared has it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tap import Tap

TOP = Path(__file__).resolve().parents[1]
PROGRAM = Path(os.environ.get("builddir", "build")).resolve() / "fhirtrial"
SHARED = Path(os.environ.get("FHIRTRIAL_SHARED", TOP / ".." / "shared"))
PATIENT = {"resourceType": "Patient", "active": True, "birthDate": "1974-12-25",
           "name": [{"family": "Chalmers", "given": ["Peter", "James"]}, {"given": ["Jim"]}]}
XML = '<Patient xmlns="http://hl7.org/fhir"><name><given value="Ada"/></name></Patient>'
BUNDLE = {"resourceType": "Bundle", "type": "collection",
          "entry": [{"resource": PATIENT}, {"resource": {"resourceType": "Basic", "code": {"text": "x"}}}, {"resource": PATIENT}]}
PAIN = {"resourceType": "Observation", "status": "final", "code": {"coding": [{"system": "http://loinc.org", "code": "72514-3"}]}}

# number, operation, operand, what it leaves, how many, place in the source
EXPLAINED = """\
  0 path                name                        HumanName             0..*              0..4
  1 call                exists                      Boolean               0..1              5..11
  2 body                to 3                                                                16..17
  3   path_equal        use "usual"                 Boolean               0..1              12..25
"""

# arguments, standard input, exit status, standard output, what standard error must hold
CASES = [
    (["name.given", "-"], json.dumps(PATIENT), 0,
     '{"type":"string","value":"Peter"}\n{"type":"string","value":"James"}\n{"type":"string","value":"Jim"}\n', ""),
    (["name.given", "-"], XML, 0, '{"type":"string","value":"Ada"}\n', ""),
    (["active.not() | 1.50 | 4 'mg'", "-"], json.dumps(PATIENT), 0,
     '{"type":"System.Boolean","value":false}\n{"type":"System.Decimal","value":1.50}\n'
     '{"type":"System.Quantity","value":{"value":4,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}\n', ""),
    (["1 + 1"], "", 0, '{"type":"System.Integer","value":2}\n', ""),
    (["name.suffix", "-"], json.dumps(PATIENT), 0, "", ""),
    (["--base", "Patient", "name[0].family", "-"], json.dumps(BUNDLE), 0, '{"type":"string","value":"Chalmers"}\n' * 2, ""),
    (["--var", "n=3", "--var", "w=14 days", "--var", "t=abc", "--now", "2025-06-30T10:00:00Z", "%n + 1 | today() - %w | %t"], "", 0,
     '{"type":"System.Integer","value":4}\n{"type":"System.Date","value":"2025-06-16"}\n{"type":"System.String","value":"abc"}\n', ""),
    (["--edition", "r5", "{} is Integer"], "", 0, '{"type":"System.Boolean","value":false}\n', ""),
    (["--edition", "r6", "1"], "", 2, "", "usage"),
    (["--explain", "name.exists(use = 'usual')", "-"], json.dumps(PATIENT), 0, EXPLAINED, ""),
    (["--explain", "name +", "-"], json.dumps(PATIENT), 2, "", "  name +\n        ^\n"),
    (["--strict", "Patient.name", "-"], json.dumps(PAIN), 2, "", "this expression runs on Observation, not on Patient"),
    (["--strict", "name.startsWith('a')", "-"], json.dumps(PATIENT), 2, "", "the input of startsWith() cannot be HumanName"),
    (["--strict", "name.given + 'x'", "-"], json.dumps(PATIENT), 2, "", '"+" needs one item, and this may give several'),
    (["--strict", "children().first()", "-"], json.dumps(PATIENT), 2, "", "first() needs an order, and its input has none"),
    (["subsumes(1)"], "", 2, "", "subsumes() is not supported"),
    (["subsumedBy(1)"], "", 2, "", "subsumedBy() is not supported"),
    (["elementDefinition()"], "", 2, "", "elementDefinition() is not supported"),
    (["slice('a', 'b')"], "", 2, "", "slice() is not supported"),
    (["(1 | 2).repeatAll($this)"], "", 1, "", "limit reached: "),
    (["(" * 65 + "1" + ")" * 65], "", 2, "", "limit: this expression nests deeper than 64 levels"),
    (["--var", "a=2025-01-31", "--var", "b=1 + 1", "--var", "c=-4 'mg'", "--var", "d=@2025-01-31", "--var", "e='x'", "--var", "f=-'x'",
      "%a | %b | %c | %d | %e | %f"], "", 0,
     '{"type":"System.String","value":"2025-01-31"}\n{"type":"System.String","value":"1 + 1"}\n'
     '{"type":"System.Quantity","value":{"value":-4,"unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}\n'
     '{"type":"System.Date","value":"2025-01-31"}\n{"type":"System.String","value":"x"}\n{"type":"System.String","value":"-\'x\'"}\n', ""),
    (["--var", "n=1", "--var", "n=2", "%n"], "", 2, "", "n=2: this name is given twice"),
    (["--var", "resource=1", "%resource"], "", 2, "", "resource=1: FHIRPath has this name already"),
    (["\t'ä' +"], "", 2, "", "  \t'ä' +\n  \t     ^\n"),
    (["--", "-1.abs()"], "", 0, '{"type":"System.Integer","value":-1}\n', ""),
    (["{} is Integer"], "", 0, '{"type":"System.Boolean","value":false}\n', ""),
    (["--edition", "r4", "{} is Integer"], "", 0, "", ""),
    (["(1 | 2) + 1"], "", 1, "", "error: + needs at most one item on its left side\n  (1 | 2) + 1\n          ^\n"),
    (["name.given +", "-"], json.dumps(PATIENT), 2, "", "  name.given +\n              ^\n"),
    (["1 +\n 'open"], "", 2, "", "the string is never closed; correct the expression here\n   'open\n   ^\n"),
    (["--strict", "name.give", "-"], json.dumps(PATIENT), 2, "", 'HumanName has no element "give"; did you mean "given"?\n  name.give\n       ^\n'),
    (["name.give", "-"], json.dumps(PATIENT), 0, "", "warning: HumanName has no element"),
    (["%x"], "", 2, "", "there is no %x"),
    (["'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab'.matches('^(a+)+$')"], "", 1, "", "limit reached: steps of a regular expression"),
    (["name", "-"], '{"resourceType":"Patient",', 1, "", "error"),
    (["name", "/nowhere/x.json"], "", 1, "", "/nowhere/x.json"),
    (["--base", "Patint", "name"], "", 2, "", "Patint"),
    (["--mappings", str(TOP / "mappings"),
      "code.memberOf('https://fhirtrial.example/fhir/ValueSet/pain-intensity')", "-"], json.dumps(PAIN), 0,
     '{"type":"System.Boolean","value":true}\n', ""),
    (["--mappings", "/nowhere", "code", "-"], json.dumps(PAIN), 1, "", "/nowhere"),
    (["--var", "x", "1"], "", 2, "", "write --var name=value"),
    (["--now", "yesterday", "1"], "", 2, "", "usage"),
    ([], "", 2, "", "usage"),
    (["1", "a", "b"], "", 2, "", "usage"),
    (["--nonsense", "1"], "", 2, "", "usage"),
]

# expression, outputs or the way it must fail; whether it is to pass
SUITE = [
    ("name.given.first()", [("string", "Ada")], "", True),
    ("name.given.first()", [("code", "Ada")], "", False),
    ("name.given.first()", [("string", "Eve")], "", False),
    ("name.given", [("string", "Ada"), ("string", "Bea")], "", True),
    ("name.given", [("string", "Bea"), ("string", "Ada")], "", False),
    ("name.given", [("string", "Bea"), ("string", "Ada")], 'ordered="false"', True),
    ("name.given", [("string", "Ada")], "", False),
    ("name.given", [("boolean", "true")], 'predicate="true"', True),
    ("name.suffix", [("boolean", "true")], 'predicate="true"', False),
    ("1.50", [("decimal", "1.50")], "", True),
    ("1.50", [("decimal", "1.5")], "", False),
    ("@2014-01", [("date", "@2014-01")], "", True),
    ("4 'mg'", [("Quantity", "4 'mg'")], "", True),
    ("{}", [], "", True),
    ("1", [], "", False),
]
FAILING = [
    ("1 +", "syntax", "", True),
    ("name.give", "semantic", 'mode="strict"', True),
    ("name.give", "semantic", "", False),
    ("(1 | 2) + 1", "execution", "", True),
    ("1 + 1", "execution", "", False),
    ("1 +", "semantic", "", False),
    ("1 +", "execution", "", False),
    ("name.give", "syntax", 'mode="strict"', False),
    ("name.give", "execution", 'mode="strict"', False),
    ("(1 | 2) + 1", "syntax", "", False),
    ("(1 | 2) + 1", "semantic", "", False),
    ("@2014-01-01 + 7", "semantic", "", True),
    ("name.startsWith('A')", "semantic", "", True),
    ("name.is(nonsense)", "execution", "", True),
    ("1 + 1", "false", "", False),
    ("{}", "false", "", True),
]


def run(arguments, text=""):
    return subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True, timeout=120, check=False)


def check_path(tap, arguments, text, status, output, error):
    done = run(["path", *arguments], text)
    problems = []
    if done.returncode != status:
        problems.append(f"exit {done.returncode}, not {status}")
    if done.stdout != output:
        problems.append(f"standard output {done.stdout!r}, not {output!r}")
    if error not in done.stderr or (not error and done.stderr):
        problems.append(f"standard error {done.stderr!r}, not {error!r}")
    tap.result("path " + " ".join(arguments).replace("\n", " "), problems)


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def suite_file():
    tests = []
    for i, (expression, outputs, attributes, _) in enumerate(SUITE):
        told = "".join(f'<output type="{kind}">{escaped(text)}</output>' for kind, text in outputs)
        tests.append(f'<test name="v{i}" inputfile="p.xml" {attributes}><expression>{escaped(expression)}</expression>{told}</test>')
    for i, (expression, invalid, attributes, _) in enumerate(FAILING):
        tests.append(f'<test name="f{i}" inputfile="p.xml" {attributes}><expression invalid="{invalid}">{escaped(expression)}</expression></test>')
    return f'<tests name="own"><group name="all">{"".join(tests)}</group></tests>'


def check_own_suite(tap, folder):
    """A suite of our own as JSON input: which tests pass, which fail, and what a list of known failures changes."""
    (folder / "own.xml").write_text(suite_file())
    (folder / "p.json").write_text('{"resourceType":"Patient","name":[{"given":["Ada","Bea"]}]}')
    wanted = {f"v{i}": row[3] for i, row in enumerate(SUITE)} | {f"f{i}": row[3] for i, row in enumerate(FAILING)}
    report = folder / "report.json"
    command = ["suite", "fhirpath", str(folder / "own.xml"), "--inputs", str(folder)]
    done = run([*command, "--report", str(report)])
    told = json.loads(report.read_text())
    got = {case["name"]: case["passed"] for case in told["cases"]}
    tap.result("suite: each test of our own suite passes or fails as it should",
               [f"{name}: passed is {got.get(name)}" for name in wanted if got.get(name) != wanted[name]])
    failing = [name for name, passes in wanted.items() if not passes]
    totals = [told["total"], told["passed"], told["failed"]]
    tap.result("suite: the report's totals", [] if totals == [len(wanted), len(wanted) - len(failing), len(failing)] else [totals])
    tap.result("suite: the report's names in their order", [] if list(told) == ["total", "passed", "failed", "cases"] else [list(told)])
    said = "FAIL all / v2: another value or type\n  name.given.first()\n  expected string Eve\n  got      string \"Ada\"\n"
    tap.result("suite: a failure is printed with what was expected and got", [] if said in done.stdout else [done.stdout[:600]])
    tap.result("suite: unlisted failures exit 1", [] if done.returncode == 1 else [done.returncode])
    listed = folder / "known.tsv"
    listed.write_text("# known\n" + "".join(f"{name}\tours\there\n" for name in failing))
    done = run([*command, "--expected", str(listed)])
    tap.result("suite: listed failures exit 0", [] if done.returncode == 0 else [done.stdout[-300:]])
    listed.write_text(listed.read_text() + "v0\tours\there\n")
    done = run([*command, "--expected", str(listed)])
    tap.result("suite: a listed test that passes exits 1", [] if done.returncode == 1 and "listed as failing" in done.stdout else [done.stdout[-300:]])
    for line in ("v1", "v1\tours", "v1\tours\t", "v1\tsomebody\there"):
        listed.write_text(f"# known\n{line}\n")
        done = run([*command, "--expected", str(listed)])
        said = f"{listed}:2: write name, cause (ours, suite or specification) and reference"
        tap.result(f"suite: {line!r} in the list is refused", [] if done.returncode == 1 and said in done.stderr else [done.stderr[-300:]])
    done = run(["suite", "fhirpath", str(folder / "missing.xml"), "--inputs", str(folder)])
    tap.result("suite: a missing file exits 1", [] if done.returncode == 1 and "missing.xml" in done.stderr else [done.stderr])
    tap.result("suite: wrong use exits 2", [] if run(["suite", "nothing"]).returncode == 2 else ["another status"])


def check_official(tap, inputs):
    """All of the official R4 suite, but for what the list names with its cause."""
    folder, name = SHARED / "suites" / "fhirpath-r4", f"the official R4 suite, {inputs}"
    if not folder.is_dir():
        tap.skip(name, "no shared suites/fhirpath-r4")
        return
    done = run(["suite", "fhirpath", str(folder / "tests-fhir-r4.xml"), "--inputs", str(folder / inputs),
                "--expected", str(TOP / "conformance" / "fhirpath-expected.tsv")])
    problems = [] if done.returncode == 0 and "of 935 passed" in done.stdout else done.stdout.splitlines()[-20:]
    tap.result(name, problems)


# Value tests of the R4 suite that strict compilation refuses: docs/fhirpath.md says why.
STRICTLY_REFUSED = {"testDateNotEqualTimeSecond", "testDateNotEqualTimeMinute", "testIntegerBooleanNotTrue", "testIntegerBooleanNotFalse",
                    "testIif3", "testIif4", "from-zulip-1", "testFHIRPathIsFunction8", "testFHIRPathIsFunction9",
                    "testFHIRPathIsFunction10", "Comparable2"}


def check_strictly(tap, folder):
    suite, name, report = SHARED / "suites" / "fhirpath-r4", "the official R4 suite, all compiled strictly", folder / "strict.json"
    if not suite.is_dir():
        tap.skip(name, "no shared suites/fhirpath-r4")
        return
    run(["suite", "fhirpath", str(suite / "tests-fhir-r4.xml"), "--inputs", str(suite / "input"), "--strict", "--report", str(report)])
    failed = {case["name"] for case in json.loads(report.read_text())["cases"] if not case["passed"]}
    tap.result(name, sorted(failed ^ STRICTLY_REFUSED))


def main():
    tap = Tap()
    for case in CASES:
        check_path(tap, *case)
    with tempfile.TemporaryDirectory() as folder:
        check_own_suite(tap, Path(folder))
        check_strictly(tap, Path(folder))
    check_official(tap, "input")
    check_official(tap, "input-json")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
