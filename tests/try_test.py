#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of `fhirtrial try`: the same record and verdict as with a store, nothing left behind, and a loop that follows
changes of mappings and sample, through mistakes and out again."""

import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

from tap import Tap

TOP = Path(__file__).resolve().parents[1]
PROGRAM = Path(os.environ.get("builddir", "build")).resolve() / "fhirtrial"
NOW = "2025-06-30T12:00:00Z"
LIMIT = 120


def resource(kind, name, **members):
    return {"resourceType": kind, "id": name, **members}


PATIENT = resource("Patient", "p", gender="male", birthDate="1950-01-01")
PAIN = resource(
    "Observation", "pain", status="final", subject={"reference": "Patient/p"}, effectiveDateTime="2025-06-28",
    code={"coding": [{"system": "http://loinc.org", "code": "72514-3"}]},
    valueQuantity={"value": 2, "unit": "{score}", "system": "http://unitsofmeasure.org", "code": "{score}"},
)  # fmt: skip
LESION = resource(
    "Condition", "met", subject={"reference": "Patient/p"}, recordedDate="2025-05-01",
    code={"coding": [{"system": "http://snomed.info/sct", "code": "94389000"}]},
    clinicalStatus={"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]},
    verificationStatus={
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "confirmed"}]
    },
)  # fmt: skip


def run(*arguments, cwd=None, stdin=None):
    done = subprocess.run([PROGRAM, "try", *map(str, arguments)], input=stdin, capture_output=True, timeout=LIMIT, cwd=cwd,
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def shipped(*arguments, **more):
    return run("--mappings", TOP / "mappings", "--site", "demo", "--now", NOW, *arguments, **more)


def sample(folder, *resources, name="sample.ndjson"):
    path = Path(folder, name)
    path.write_text("".join(json.dumps(r) + "\n" for r in resources))
    return path


def answer(folder, *resources, study="nct04242589"):
    code, out, err = shipped("--json", study, sample(folder, *resources))
    assert code == 0, err
    return {p["patient"]: p for p in json.loads(out)["patients"]}


def results(patient):
    return {c["id"]: c["result"] for c in patient["verdict"]["criteria"]}


def it_says_what_the_store_says(folder):
    cohort = TOP / "demo" / "cohort" / "cohort.ndjson"
    site = Path(folder, "site")
    subprocess.run([TOP / "docs" / "example" / "prepare", site, TOP / "mappings", "demo"], check=True)
    config = ["--config", site / "fhirtrial.json"]

    def host(*arguments):
        return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, timeout=LIMIT, check=False).stdout

    host("run", *config, "--now", NOW, cohort)
    lines = map(json.loads, host("record", *config, "--json").splitlines())
    stored = {line["patient"]: line["record"] for line in lines}
    code, out, _ = shipped("--json", "nct04242589", cohort)
    assert code in (0, 3)
    tried = {p["patient"]: p for p in json.loads(out)["patients"]}
    assert len(stored) > 80 and set(tried) == set(stored)
    elsewhere = {path.stem for path in (TOP / "mappings" / "studies").glob("*/views/*.json")}  # another study's views
    joined = set()
    for line in map(json.loads, cohort.read_text().splitlines()):
        for link in line.get("link", []):
            joined |= {line["id"], link["other"]["reference"].removeprefix("Patient/")}
    for name in joined:
        del stored[name]
    for name, record in stored.items():
        mine = {view: rows for view, rows in tried[name]["record"].items() if view != "feed"}
        assert mine == {v: rows for v, rows in record.items() if v != "feed" and v not in elsewhere}, name
    for name in list(stored)[::4]:
        verdict = json.loads(host("explain", *config, "--json", "--study", "nct04242589", name))[0]["verdict"]
        assert verdict == tried[name]["verdict"], name


def a_verdict_has_reasons_evidence_and_rows(folder):
    code, out, err = shipped("nct02773966", sample(folder, PATIENT, PAIN, LESION))
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].startswith("Patient/p, study nct02773966: ineligible ("), out
    assert any(x.split() == ["K4", "not-met", "Observation/pain"] for x in lines), out  # 2 is not 3 or more
    assert any("no Flag would be raised: ineligible" in x for x in lines), out
    assert any("levels" in x or "level_group lumbar" in x for x in lines) and "    Condition/met" in lines, out


def a_flag_is_foretold(folder):
    worse = dict(PAIN, valueQuantity=dict(PAIN["valueQuantity"], value=7))
    ecog = resource(
        "Observation", "ecog", status="final", subject={"reference": "Patient/p"}, effectiveDateTime="2025-06-28",
        code={"coding": [{"system": "http://loinc.org", "code": "89247-1"}]}, valueInteger=1,
    )  # fmt: skip
    tried = answer(folder, PATIENT, worse, ecog, LESION)["p"]
    assert tried["flag"] is True and tried["verdict"]["verdict"] == "needs-review", tried["verdict"]
    dead = answer(folder, dict(PATIENT, deceasedBoolean=True), worse, ecog, LESION)["p"]
    assert dead["flag"] is False and dead["why"] == "dead", dead["why"]


def the_last_state_counts_and_an_error_removes(folder):
    older = dict(PAIN, valueQuantity=dict(PAIN["valueQuantity"], value=9))
    rows = answer(folder, PATIENT, older, PAIN)["p"]["record"]["pain_score"]
    assert [r["score"] for r in rows] == [2], rows
    assert "pain_score" not in answer(folder, PATIENT, PAIN, dict(PAIN, status="entered-in-error"))["p"]["record"]


def a_guideline_can_be_tried(folder):
    assert list(results(answer(folder, PATIENT, PAIN, study="spinal-metastases")["p"]))[0] == "G1"


def documents_bundles_xml_folders_and_pipes_are_read(folder):
    many = Path(folder, "many")
    many.mkdir()
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": PATIENT}, {"resource": PAIN}]}
    (many / "a.json").write_text(json.dumps(bundle, indent=1))
    (many / "b.xml").write_text('<Patient xmlns="http://hl7.org/fhir"><id value="x"/><birthDate value="1960"/></Patient>')
    sample(many, resource("Patient", "y"), resource("Patient", "z"), name="c.txt.ndjson")
    code, out, err = shipped("--json", "nct04242589", many)
    assert code == 0 and [p["patient"] for p in json.loads(out)["patients"]] == ["p", "x", "y", "z"], out + err
    code, out, _ = shipped("--json", "nct04242589", "-", stdin=json.dumps(bundle).encode())
    assert code == 0 and len(json.loads(out)["patients"]) == 1
    code, out, _ = shipped("nct04242589", many)
    assert len([x for x in out.splitlines() if x.startswith("x ")]) == 1 and "4 patients; --patient" in out, out
    code, out, _ = shipped("--patient", "x", "nct04242589", many)
    assert out.count("Patient/x, study") == 1 and "Patient/y" not in out, out


def a_bad_line_is_named_and_the_rest_is_shown(folder):
    path = Path(folder, "bad.ndjson")
    path.write_text(json.dumps(PATIENT) + "\n\n" + '{"resourceType":\n' + json.dumps(PAIN) + "\n")
    code, out, err = shipped("nct04242589", path)
    assert code == 3 and f"{path}:3: " in err and "Patient/p, study" in out, err
    code, _, err = shipped("nct04242589", Path(folder, "none.json"))
    assert code == 3 and "none.json" in err, err


def a_sample_without_the_patient_is_no_success(folder):
    for more, told in ((["--patient", "nobody"], "no such patient"), (["--json", "--patient", "nobody"], "no such patient")):
        code, _, err = shipped(*more, "nct04242589", sample(folder, PATIENT))
        assert code == 3 and told in err, (code, err)
    empty = Path(folder, "empty.ndjson")
    empty.write_bytes(b"")
    code, _, err = shipped("nct04242589", empty)
    assert code == 3 and "holds no patient" in err, (code, err)


def wrong_use_is_two(folder):
    path = sample(folder, PATIENT)
    assert run()[0] == 2 and run("nct04242589")[0] == 2
    assert shipped("--now", "today", "nct04242589", path)[0] == 2
    assert shipped("--watch", "nct04242589", "-")[0] == 2
    code, _, err = shipped("nct0424258", path)
    assert code == 2 and 'did you mean "nct04242589"' in err, err
    code, out, _ = run("--help")
    assert code == 0 and "example:" in out and "exit:" in out


def without_a_site_the_sites_are_named(folder):
    code, out, err = run("--mappings", TOP / "mappings", "--now", NOW, "nct04242589", sample(folder, PATIENT, PAIN))
    assert code == 0 and "--site names one of" in err and "demo" in err and "source-incomplete" in out, err


def nothing_is_left_behind(folder):
    work, path = Path(folder, "work"), sample(folder, PATIENT, PAIN)
    work.mkdir(mode=0o500)
    before = sorted(Path(folder).rglob("*"))
    assert shipped("nct04242589", path, cwd=work)[0] == 0
    assert sorted(Path(folder).rglob("*")) == before
    work.chmod(0o700)


class Watched:
    """A running `try --watch` and what it prints."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([PROGRAM, "try", *map(str, arguments)], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.lines = queue.Queue()
        threading.Thread(target=lambda: [self.lines.put(x.rstrip("\n")) for x in self.process.stdout], daemon=True).start()

    def run(self):
        """The lines of the next run, once it has ended."""
        lines = []
        while not lines or not lines[-1].startswith("-- watching"):
            lines.append(self.lines.get(timeout=LIMIT))
        return lines

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def save(path, text):
    """As an editor does: another file under the old name."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def watching_follows_changes_and_ends(folder):
    mappings = Path(folder, "mappings")
    shutil.copytree(TOP / "mappings", mappings)
    subprocess.run(["chmod", "-R", "u+w", mappings], check=True)
    protocol = mappings / "studies" / "nct02773966" / "protocol.json"
    good, path = protocol.read_text(), sample(folder, PATIENT, PAIN, LESION)
    assert good.count("score >= 3") > 0, "the protocol's expression changed: adapt this test"
    watched = Watched("--watch", "--mappings", mappings, "--site", "demo", "--now", NOW, "nct02773966", path)

    def k4(lines):
        return next(x.split()[1] for x in lines if x.split()[:1] == ["K4"])

    try:
        assert k4(watched.run()) == "not-met"
        save(protocol, good.replace("score >= 3", "score >= 2"))
        assert k4(watched.run()) == "met"
        save(protocol, good.replace('"screening"', '"screning"', 1))
        broken = watched.run()
        assert any("protocol.json:" in x and 'did you mean "screening"' in x for x in broken), broken
        assert broken[-2].endswith("nothing was decided") and not any("Patient/p" in x for x in broken), broken
        save(protocol, good)
        assert k4(watched.run()) == "not-met"
        save(path, path.read_text().replace('"value": 2', '"value": 3'))
        assert k4(watched.run()) == "met"
        watched.process.send_signal(signal.SIGINT)
        assert watched.process.wait(timeout=LIMIT) == 0
    finally:
        watched.kill()


TESTS = [it_says_what_the_store_says, a_verdict_has_reasons_evidence_and_rows, a_flag_is_foretold,
         the_last_state_counts_and_an_error_removes, a_guideline_can_be_tried,
         documents_bundles_xml_folders_and_pipes_are_read, a_bad_line_is_named_and_the_rest_is_shown,
         a_sample_without_the_patient_is_no_success, wrong_use_is_two,
         without_a_site_the_sites_are_named, nothing_is_left_behind, watching_follows_changes_and_ends]


def main():
    tap = Tap()
    for test in TESTS:
        problems = []
        with tempfile.TemporaryDirectory() as name:
            try:
                test(name)
            except Exception as error:  # any failure belongs to this test alone
                problems.append(f"{type(error).__name__}: {error}")
        tap.result(test.__name__.replace("_", " "), problems)
    return tap.done()


if __name__ == "__main__":
    raise SystemExit(main())
