#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`fhirtrial conformance`: the shipped cases hold, what is wrong turns red by name, and what cannot be tried is not
called a failure (TAP)."""

import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

SOURCE = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).resolve().parents[1]).resolve()
BUILD = pathlib.Path(os.environ.get("builddir") or SOURCE / "build").resolve()
CASES = SOURCE / "conformance" / "cases"
STUDY, CRITERION = "nct04242589", "I2"
COMPLETE = ["condition", "procedure", "radiotherapy", "imaging_study"]
READS_TANEICHI = {"taneichiDefinition": "as the radiology department reads it"}
sys.path.insert(0, str(SOURCE / "tests"))

import tap  # noqa: E402


class Kit:
    """A folder with a site's configuration, and copies of mappings and cases where a test changes them."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.mappings = SOURCE / "mappings"
        self.cases = CASES
        self.out = self.folder / "report"
        self.study = STUDY
        self.stage = self.folder / "stage"
        self.stage.mkdir()

    def own_mappings(self):
        self.mappings = self.folder / "mappings"
        shutil.rmtree(self.mappings, ignore_errors=True)
        shutil.copytree(SOURCE / "mappings", self.mappings)
        return self.mappings

    def own_cases(self, *criteria):
        self.cases = self.folder / "cases"
        for criterion in criteria:
            shutil.copytree(CASES / self.study / criterion, self.cases / self.study / criterion)
        shutil.copy(CASES / "resources.json", self.cases)
        return self.cases / self.study

    def run(self, *options):
        config = {
            "schema": 1,
            "base": str(self.folder),
            "store": {"path": "hospital.db"},
            "mappings": {"path": os.path.relpath(self.mappings, self.folder), "site": "demo",
                         "guidelines": ["spinal-metastases"]},
            "source": "ward",
            "siteKey": "there-is-no-such-key",
            "flag": {"identifierSystem": "https://hospital.example/f", "codeSystem": "https://hospital.example/c"},
            "endpoints": [{"name": "ehr", "type": "fhir", "url": "https://ehr.invalid/fhir", "patient": "x"}],
        }
        path = self.folder / "fhirtrial.json"
        path.write_text(json.dumps(config))
        environment = {"ASAN_OPTIONS": "intercept_tls_get_addr=0", **os.environ, "TMPDIR": str(self.stage)}
        return subprocess.run(
            [BUILD / "fhirtrial", "conformance", "--config", path, "--cases", self.cases,
             *(["--study", self.study] if self.study else []), "--now", "2025-06-30T12:00:00Z", "--out", self.out,
             *options],
            capture_output=True, text=True, timeout=500, env=environment, stdin=subprocess.DEVNULL, check=False,
        )

    def passes(self, done):
        assert done.returncode == 0, f"status {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"

    def fhir(self):
        return json.loads((self.out / "TestReport.json").read_text())

    @staticmethod
    def result(test):
        return test["action"][0]["assert"]["result"]

    def text(self):
        return (self.out / "report.txt").read_text()


def the_shipped_cases_hold_and_leave_no_gap(kit):
    """With the mappings as shipped every criterion is shown met, not met, at its boundary and unknown, or the case file
    says why that is not possible."""
    kit.study = None
    done = kit.run("--json")
    kit.passes(done)
    summary = json.loads(done.stdout)
    assert summary["failed"] == summary["gaps"] == 0 < summary["passed"], summary
    table = kit.text().partition("NOT COVERED\n")[2].partition("\n\n")[2]
    assert table.count("  proven") > 100 and "NOT COVERED" not in table, table
    assert not (kit.folder / "hospital.db").exists(), "the site's store was opened"


def every_case_is_covered_somewhere(kit):
    """A case that no site could try would prove nothing: as shipped, with complete views, with nothing set."""
    kit.study = None
    covered = set()
    for change in ({}, {"complete": COMPLETE, "parameters": {"nct02847754": READS_TANEICHI}}, {"parameters": None}):
        path = kit.own_mappings() / "sites" / "demo" / "site.json"
        site = json.loads(path.read_text())
        parameters = change.pop("parameters", {})
        if parameters is None:
            del site["parameters"]
        for study, values in (parameters or {}).items():
            site["parameters"][study].update(values)
        path.write_text(json.dumps({**site, **change}))
        kit.passes(kit.run())
        covered |= {(t["name"], t["description"]) for t in kit.fhir()["test"] if kit.result(t) == "pass"}
    cases = {(t["name"], t["description"]) for t in kit.fhir()["test"]}
    assert len(cases) == len(kit.fhir()["test"]), "two cases have one name"
    assert cases == covered, sorted(cases - covered)


def a_site_that_sets_a_parameter_otherwise_is_not_covered(kit):
    """For every parameter that a case names: its cases are not covered, and no case fails."""
    kit.study = None
    named = collections.defaultdict(dict)
    for path in CASES.glob("*/*/cases.json"):
        document = json.loads(path.read_text())
        for name, value in document.get("parameters", {}).items():
            named[path.parents[1].name].setdefault(name, []).append((path.parent.name, value))
    assert sum(len(v) for v in named.values()) > 10
    path = kit.own_mappings() / "sites" / "demo" / "site.json"
    site = json.loads(path.read_text())
    site["parameters"] = {study: {name: other(used[0][1]) for name, used in names.items()}
                          for study, names in named.items()}
    path.write_text(json.dumps(site))
    done = kit.run()
    kit.passes(done)
    missing = set(re.findall(r"^  (\S+) (\S+): .*\n    parameter \S+ has another value here$", kit.text(), re.M))
    for study, names in named.items():
        for criterion in {id for used in names.values() for id, _ in used}:
            assert (study, criterion) in missing, (study, criterion)
    table = kit.text().partition("NOT COVERED\n")[2].partition("\n\n")[2]
    assert re.search(r"^  H7 +NOT COVERED", table, re.M), table


def other(value):
    """A value one step beside it."""
    return {**value, "value": value["value"] + 1} if isinstance(value, dict) else value + 1


def all_reports_say_the_same(kit):
    kit.own_cases(CRITERION)
    done = kit.run("--json")
    kit.passes(done)
    summary = json.loads(done.stdout)
    assert summary["cases"] == summary["passed"] > 0, summary
    suite = xml.etree.ElementTree.parse(kit.out / "junit.xml").getroot()
    assert int(suite.get("tests")) == len(suite.findall("testcase")) == summary["cases"]
    report = json.loads((kit.out / "TestReport.json").read_text())
    assert report["resourceType"] == "TestReport" and report["result"] == "pass" and report["score"] == 100
    assert [t["action"][0]["assert"]["result"] for t in report["test"]] == ["pass"] * summary["cases"]
    page = (kit.out / "report.html").read_text()
    assert page.startswith("<!DOCTYPE html>") and "18 on the day of screening" in page
    assert "<script" not in page and "http" not in page.replace("https://hospital.example", "")
    checked = subprocess.run(
        [BUILD / "fhirtrial", "path", "--strict", "TestReport.test.action.assert.result.distinct()",
         kit.out / "TestReport.json"],
        capture_output=True, text=True, check=False,
    )
    assert checked.returncode == 0 and "pass" in checked.stdout and not checked.stderr, checked.stderr


def a_planted_threshold_turns_red_by_name(kit):
    path = kit.own_mappings() / "studies" / STUDY / "protocol.json"
    text = path.read_text()
    changed = text.replace("- 18 years", "- 19 years")
    assert changed != text
    path.write_text(changed)
    kit.own_cases(CRITERION)
    done = kit.run()
    assert done.returncode == 1, done.stderr
    assert f"FAILED {STUDY} {CRITERION}: 18 on the day of screening: expected met, got not-met" in done.stdout
    suite = xml.etree.ElementTree.parse(kit.out / "junit.xml").getroot()
    names = [c.get("name") for c in suite.findall("testcase") if c.find("failure") is not None]
    assert "18 on the day of screening" in names
    assert json.loads((kit.out / "TestReport.json").read_text())["result"] == "fail"


def change_cases(kit, change, fresh=True):
    folder = (kit.own_cases(CRITERION) if fresh else kit.cases / kit.study) / CRITERION
    document = json.loads((folder / "cases.json").read_text())
    change(document)
    (folder / "cases.json").write_text(json.dumps(document))
    return kit.run()


def another_setting_is_not_covered_and_no_failure(kit):
    def change(document):
        document["cases"][0]["parameters"] = {"painWindow": {"value": 15, "unit": "days"}}
        document["cases"][1]["complete"] = ["condition"]
        document["cases"][2]["decision"] = "met"

    path = kit.own_mappings() / "sites" / "demo" / "site.json"
    site = json.loads(path.read_text())
    del site["assertions"]
    path.write_text(json.dumps(site))
    done = change_cases(kit, change)
    kit.passes(done)
    assert "3 not covered" in done.stdout
    text = kit.text()
    for words in ("parameter painWindow has another value here", "needs view condition to be complete",
                  "lists nobody whose decisions count"):
        assert words in text, text


def the_same_setting_is_covered(kit):
    def change(document):
        document["cases"][0]["parameters"] = {"painWindow": {"value": 14, "unit": "days"}}

    done = change_cases(kit, change)
    kit.passes(done)
    assert "0 not covered" in done.stdout


def a_study_that_is_not_loaded_is_not_covered(kit):
    folder = kit.own_cases(CRITERION)
    folder.rename(folder.parent / "nct00000000")
    kit.study = "nct00000000"
    done = kit.run()
    kit.passes(done)
    assert "11 not covered" in done.stdout and "study nct00000000 is not loaded here" in kit.text()


def a_study_without_a_case_is_no_proof(kit):
    kit.study = "nct0424258"
    done = kit.run()
    assert done.returncode == 2 and "has no cases of study nct0424258: look at --cases" in done.stderr, done.stderr
    kit.study, kit.cases = None, kit.folder / "stage"
    done = kit.run()
    assert done.returncode == 2 and "stage has no cases: look at --cases" in done.stderr, done.stderr
    assert not kit.out.exists() and not done.stdout, done.stdout


def decisions_of_people_are_tried_where_the_site_lists_somebody(kit):
    path = kit.own_mappings() / "sites" / "demo" / "site.json"
    for performer in ("Practitioner/17", "https://hospital.example/staff|4711"):
        site = json.loads(path.read_text())
        site["assertions"] = [{"source": "registry", "performer": performer}]
        path.write_text(json.dumps(site))
        shutil.rmtree(kit.folder / "cases", ignore_errors=True)
        folder = kit.own_cases(CRITERION)
        shutil.move(folder / CRITERION, folder / "I5")
        case = {"name": "the investigator says so", "proves": "Willing and able to comply", "shows": ["met"],
                "input": ["patient"], "decision": "met", "expect": "met"}
        (folder / "I5" / "cases.json").write_text(json.dumps({"cases": [case]}))
        done = kit.run()
        kit.passes(done)
        assert "1 passed" in done.stdout, done.stdout


def mistakes_in_case_files_are_told(kit):
    mistakes = [
        (lambda d: d["cases"][0].update(expects="met"), "unknown member expects"),
        (lambda d: d["cases"][0].update(expect="mett"), '"expect" is no result: mett'),
        (lambda d: d["cases"][0].update(expect="unknown:lost"), '"expect" is no result'),
        (lambda d: d["cases"][0].update(shows=["edge"]), '"shows" has another word'),
        (lambda d: d["cases"][0].update(input=["lost"]), "there is no shared resource or input file lost"),
        (lambda d: d["cases"][0].update(input=[{"like": "lost"}]), "resources.json has no lost"),
        (lambda d: d["cases"][0].update(input=[17]), "there is no shared resource or input file"),
        (lambda d: d["cases"][0].update(now="2025-06-30"), '"now" is no instant'),
        (lambda d: d.pop("proves"), '"proves" must quote the source'),
        (lambda d: d.update(cases={}), '"cases" must be an array'),
    ]
    for change, words in mistakes:
        shutil.rmtree(kit.folder / "cases", ignore_errors=True)
        done = change_cases(kit, change)
        assert done.returncode == 2 and words in done.stderr, (words, done.returncode, done.stderr)
        assert f"{CRITERION}/cases.json" in done.stderr


def an_input_that_is_refused_is_a_failure(kit):
    folder = kit.own_cases(CRITERION) / CRITERION
    (folder / "broken.ndjson").write_text("{\n")
    done = change_cases(kit, lambda d: d["cases"][0].update(input=["broken.ndjson"]), fresh=False)
    assert done.returncode == 1 and "an input was refused" in done.stdout, done.stdout


def wrong_use_is_told(kit):
    environment = dict(os.environ)
    for arguments, words in ((["--out", kit.out, "more"], "takes no inputs"), ([], "--out"),
                             (["--cases", kit.folder / "none", "--out", kit.out], "--cases")):
        done = subprocess.run([BUILD / "fhirtrial", "conformance", *arguments], capture_output=True, text=True,
                              env=environment, check=False)
        assert done.returncode == 2 and words in done.stderr, (arguments, done.stderr)


def inputs(path):
    return [i for case in json.loads(path.read_text())["cases"] for i in case["input"]]


def inputs_are_files_resources_and_likenesses(kit):
    """A file beside the case, a resource written out, a shared one, and one like a shared one; the digits stay."""
    folder = kit.own_cases(CRITERION) / CRITERION
    (folder / "man.ndjson").write_text('{"resourceType":"Patient","id":"p","birthDate":"1950"}\n')
    shared = {"somebody": {"resourceType": "Patient", "id": "p", "gender": "male", "birthDate": "1950"},
              "child": {"like": "somebody", "birthDate": "2020"}}
    (kit.cases / "resources.json").write_text(json.dumps(shared))

    def change(document):
        tries = [("man.ndjson", "met"), (shared["somebody"], "met"), ("somebody", "met"), ("child", "not-met"),
                 ({"like": "child", "gender": "female", "birthDate": None}, "unknown:no-data")]
        document["cases"] = [{"name": str(n), "shows": [], "input": [i], "expect": e} for n, (i, e) in enumerate(tries)]

    done = change_cases(kit, change, fresh=False)
    kit.passes(done)
    assert "5 passed" in done.stdout, done.stdout
    (kit.cases / "resources.json").write_text('{"a": {"like": "b"}, "b": {"like": "a"}}')
    done = change_cases(kit, lambda d: d["cases"][0].update(input=["a"]), fresh=False)
    assert done.returncode == 2 and "a" in done.stderr, done.stderr


def likenesses_keep_the_digits_of_numbers(kit):
    """40.0 stays 40.0: the evidence of a decimal is its digits. The pain of 2.0 reaches 2, that of 1.90 does not."""
    kit.own_cases("I4")
    path = kit.cases / STUDY / "I4" / "cases.json"
    document = json.loads(path.read_text())
    case = next(c for c in document["cases"] if c["name"] == "pain 2")
    document["cases"] = [case]
    text = json.dumps(document)
    path.write_text(text.replace('"value": 2}', '"value": 2.00000000000000000000000000000000001}'))
    assert "2.0000" in path.read_text()
    done = kit.run()
    assert done.returncode == 1 and "expected met, got unknown:no-data" in done.stdout, done.stdout


def every_folder_is_a_criterion(kit):
    """A case of a criterion that is misspelt would be not covered for ever."""
    ids = {}
    for path in (SOURCE / "mappings").glob("*/*/protocol.json"):
        ids[path.parent.name] = {c["id"] for c in json.loads(path.read_text())["criteria"]}
    for folder in CASES.glob("*/*"):
        assert folder.name in ids.get(folder.parent.name, ()), folder
        used = {i for i in inputs(folder / "cases.json") if isinstance(i, str)}
        lying = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.name != "cases.json"}
        assert not lying - used, f"{folder}: not used: {lying - used}"
    shared = json.loads((CASES / "resources.json").read_text())
    used = {i if isinstance(i, str) else i.get("like") for path in CASES.glob("*/*/cases.json") for i in inputs(path)}
    used |= {resource.get("like") for resource in shared.values()}
    assert not set(shared) - used, f"resources.json: not used: {sorted(set(shared) - used)}"


TESTS = (
    the_shipped_cases_hold_and_leave_no_gap,
    every_case_is_covered_somewhere,
    a_site_that_sets_a_parameter_otherwise_is_not_covered,
    every_folder_is_a_criterion,
    inputs_are_files_resources_and_likenesses,
    likenesses_keep_the_digits_of_numbers,
    all_reports_say_the_same,
    a_planted_threshold_turns_red_by_name,
    another_setting_is_not_covered_and_no_failure,
    the_same_setting_is_covered,
    a_study_that_is_not_loaded_is_not_covered,
    a_study_without_a_case_is_no_proof,
    decisions_of_people_are_tried_where_the_site_lists_somebody,
    mistakes_in_case_files_are_told,
    an_input_that_is_refused_is_a_failure,
    wrong_use_is_told,
)


def main():
    out = tap.Tap()
    for test in TESTS:
        with tempfile.TemporaryDirectory(prefix="fhirtrial-conformance-test-") as folder:
            try:
                kit = Kit(folder)
                test(kit)
                problems = [f"{p} was left behind" for p in kit.stage.iterdir()]
            except AssertionError as error:
                problems = [error]
        out.result(re.sub("_", " ", test.__name__), problems)
    return out.done()


if __name__ == "__main__":
    sys.exit(main())
