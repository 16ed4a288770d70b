#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of what `fhirtrial check` warns of, and of the table that `fhirtrial check --trace` prints."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tap import Tap

TOP = Path(__file__).resolve().parents[1]
PROGRAM = Path(os.environ.get("builddir", "build")).resolve() / "fhirtrial"
SHARED = Path(os.environ.get("FHIRTRIAL_SHARED", TOP.parent / "shared"))
CASES = TOP / "conformance" / "cases"
SHOWS = ["met", "not-met", "boundary", "unknown"]


def check(*arguments):
    done = subprocess.run([PROGRAM, "check", *map(str, arguments)], capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def example(folder):
    """A copy of the guide's mappings, without a fault."""
    mappings = Path(folder, "mappings")
    shutil.copytree(TOP / "docs" / "example" / "mappings", mappings)
    subprocess.run(["chmod", "-R", "u+w", mappings], check=True)
    return mappings


def shipped(folder):
    mappings = Path(folder, "mappings")
    shutil.copytree(TOP / "mappings", mappings)
    subprocess.run(["chmod", "-R", "u+w", mappings], check=True)
    return mappings


def change(path, old, new):
    text = path.read_text()
    assert old in text, f"{path} no longer holds {old!r}"
    path.write_text(text.replace(old, new, 1))


def findings(*arguments):
    code, out, err = check("--json", *arguments)
    assert code == 0, out + err
    return json.loads(out)["findings"]


def warned(path, mark, place, text, *arguments):
    """One warning, at the line of the mark, with a remedy; both in JSON and for people."""
    found = findings(*arguments)
    line = next(n for n, x in enumerate(path.read_text().splitlines(), 1) if mark in x)
    assert len(found) == 1, found
    assert (found[0]["level"], found[0]["line"], found[0]["place"], found[0]["text"]) == ("warning", line, place, text), found
    assert str(path).endswith(found[0]["file"]) and found[0]["remedy"], found
    _, out, _ = check("--quiet", *arguments)
    assert out.startswith(f"{path}:{line}:") and f" warning: {text}; " in out, out


def the_shipped_mappings_have_no_warning(folder):
    assert findings(shipped(folder)) == []


def a_code_that_a_set_lists_twice(folder):
    mappings = shipped(folder)
    path = mappings / "core" / "valuesets" / "condition-denied.json"
    change(path, '{ "code": "refuted" },', '{ "code": "refuted" },\n          { "code": "refuted", "display": "again" },')
    warned(path, '"again"', "/compose/include/0/concept/1/code", "code 'refuted' stands twice in this value set", mappings)


def a_code_that_a_map_has_twice(folder):
    mappings = shipped(folder)
    path = mappings / "core" / "conceptmaps" / "pain-unit-scale.json"
    first = next(x for x in path.read_text().splitlines() if x.strip().startswith('{ "code"'))
    change(path, first, first.rstrip(",") + ",\n" + first.replace('"code"', '"display": "again", "code"', 1))
    found = findings(mappings)
    assert len(found) == 1 and "stands twice in this concept map" in found[0]["text"], found
    line = next(n for n, x in enumerate(path.read_text().splitlines(), 1) if '"again"' in x)
    assert found[0]["line"] == line and found[0]["place"] == "/group/0/element/1/code", found


def a_code_beside_its_whole_system(folder):
    mappings = shipped(folder)
    path = mappings / "core" / "valuesets" / "condition-denied.json"
    system = '"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status"'
    change(path, '"include": [', '"include": [\n      { ' + system + " },")
    found = findings(mappings)
    assert [f["place"] for f in found] == [f"/compose/include/1/concept/{i}" for i in (0, 1)], found
    assert found[0]["text"] == "code 'refuted' is in the set already: its whole system is", found


def a_code_that_is_excluded(folder):
    mappings = shipped(folder)
    path = mappings / "core" / "valuesets" / "condition-denied.json"
    system = '"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status"'
    change(path, '"include": [', '"exclude": [ { ' + system + ', "concept": [ { "code": "refuted" } ] } ],\n    "include": [')
    warned(path, '          { "code": "refuted" }', "/compose/include/0/concept/0", "code 'refuted' is excluded further down",
           mappings)
    change(path, '"concept": [ { "code": "refuted" } ]', '"concept": [ { "code": "refutd" } ]')
    warned(path, "refutd", "/compose/exclude/0/concept/0", "code 'refutd' is excluded and was never included", mappings)


def a_sites_code_that_nothing_knows(folder):
    mappings = shipped(folder)
    path = mappings / "sites" / "demo" / "conceptmaps" / "local-findings.json"
    change(path, '"code": "94274006"', '"code": "94274060"')
    warned(path, "94274060", "/group/0/element/0/target/0/code",
           "no view, map or value set knows the code '94274060' of http://snomed.info/sct", mappings)


def a_sites_code_before_that_of_the_core(folder):
    mappings = shipped(folder)
    core = json.loads((mappings / "core" / "conceptmaps" / "condition-kind.json").read_text())["group"][0]
    path = mappings / "sites" / "demo" / "conceptmaps" / "condition-kind.json"
    if not path.exists():
        path = next(p for p in path.parent.glob("*.json") if "ConceptMap/condition-kind" in p.read_text())
    document = json.loads(path.read_text())
    row = core["element"][0]
    document["group"].append({"source": core["source"], "target": core["target"], "element": [
        {"code": row["code"], "target": [{"code": "radicular-pain", "equivalence": "wider"}]}]})
    path.write_text(json.dumps(document, indent=1))
    place = f"/group/{len(document['group']) - 1}/element/0"
    found = findings(mappings)
    assert [(f["level"], f["place"]) for f in found] == [("warning", place)], found
    assert found[0]["text"] == f"code '{row['code']}' stands before the one of core/conceptmaps/condition-kind.json, which is found too"


def protocol_of(mappings):
    return mappings / "studies" / "anaemia" / "protocol.json"


def a_screening_criterion_that_is_never_met(folder):
    mappings = example(folder)
    change(protocol_of(mappings), '"met": "%current.value >= %least"', '"notMet": "%current.value < %least", "met": "false"')
    warned(protocol_of(mappings), '"met": "false"', "/criteria/1/met", "'I2' screens and can never be met", mappings)


def two_that_are_never_met_together(folder):
    mappings = example(folder)
    path = protocol_of(mappings)
    change(path, '"screening": ["I2"]', '"screening": ["I1", "I2"]')
    change(path, '"met": "%current.value >= %least"', '"met": "%current.value >= %least", "notMet": "%tall"')
    change(path, '"met": "subject.select(birth_date.highBoundary()).first() <= %screening - 18 years"', '"met": "%tall"')
    change(path, '"define": [', '"define": [\n    { "name": "tall", "text": "x", "expression": "subject.exists()" },')
    warned(path, '"met": "%tall",', "/criteria/0/met", "'I1' and 'I2' screen and are never met together", mappings)


def screening_by_a_person_whom_nobody_listed(folder):
    mappings = example(folder)
    path = protocol_of(mappings)
    change(path, '"screening": ["I2"]', '"screening": ["I2", "I3"]')
    text = "'I3' screens, only a person decides it, and sites/acme/site.json lists nobody under \"assertions\""
    warned(path, '"id": "I3"', "/criteria/2/human", text, mappings)


def screening_by_a_value_that_the_site_does_not_set(folder):
    mappings = example(folder)
    path = mappings / "sites" / "acme" / "site.json"
    change(path, '"window": { "value": 14, "unit": "days" }', "")
    text = "screening criterion 'I2' of anaemia needs a value that this site does not set: nobody can be screened"
    warned(path, "{", "", text, mappings)


def write_cases(folder, name, shows, **more):
    path = Path(folder, "conformance", "cases", "anaemia", name, "cases.json")
    path.parent.mkdir(parents=True)
    cases = [{"name": s, "proves": "x", "shows": [s], "input": [], "expect": "met"} for s in shows]
    path.write_text(json.dumps({"source": f"Protocol, {name}", "cases": cases, **more}))
    return path


def traced(folder):
    """The example with a list of its source's sentences and with cases for each: no gap."""
    mappings = example(folder)
    change(protocol_of(mappings), '"status": "active",',
           '"status": "active",\n  "source": {"document": "x", "criteria": ["I1", "I2", "I3"]},')
    write_cases(folder, "I1", SHOWS)
    write_cases(folder, "I2", SHOWS)
    write_cases(folder, "I3", ["unknown"], none={k: "only a person decides it" for k in SHOWS[:3]})
    return mappings


def trace(mappings, *arguments):
    code, out, _ = check("--trace", "--json", *arguments, mappings)
    table = json.loads(out)
    rows = {(s["id"], r["id"]): r for s in table["studies"] for r in s["criteria"]}
    assert table["gaps"] == sum(len(r["gaps"]) for r in rows.values())
    assert code == (1 if table["gaps"] else 0)
    return rows


def a_whole_table_has_no_gap(folder):
    mappings = traced(folder)
    rows = trace(mappings)
    assert list(rows) == [("anaemia", "I1"), ("anaemia", "I2"), ("anaemia", "I3")] and not any(r["gaps"] for r in rows.values())
    row, path = rows["anaemia", "I2"], protocol_of(mappings)
    assert row["file"] == str(path) and '"id": "I2"' in path.read_text().splitlines()[row["line"] - 1]
    assert row["views"] == ["haemoglobin"] and row["expressions"] == ["evidence", "met", "unknown"], row
    assert row["text"] == "Haemoglobin of at least 8 g/dL" and row["source"] == "Protocol, I2" and row["cases"] == 4, row
    code, out, err = check("--trace", mappings)
    assert code == 0 and err.strip() == "3 criteria, 0 gaps" and "GAP" not in out, out + err
    assert f"  I2    inclusion, {path}:{row['line']}\n" in out and "cases: 4 met not-met boundary unknown" in out, out
    assert findings(mappings) == []


def planted_gaps_are_shown(folder):
    mappings = traced(folder)
    cases = Path(folder, "conformance", "cases", "anaemia")
    shutil.rmtree(cases / "I1")
    shutil.rmtree(cases / "I2")
    write_cases(folder, "I2", ["met", "unknown"])
    (cases / "I3" / "cases.json").write_text("{")
    rows = trace(mappings)
    assert rows["anaemia", "I1"]["gaps"] == [f"no conformance case: {mappings}/../conformance/cases/anaemia/I1/cases.json"]
    assert [g.split(",")[0] for g in rows["anaemia", "I2"]["gaps"]] == ["no case shows not-met", "no case shows boundary"]
    assert rows["anaemia", "I3"]["gaps"][0].startswith(f"{mappings}/../conformance/cases/anaemia/I3/cases.json: "), rows
    code, out, err = check("--trace", "--quiet", mappings)
    assert code == 1 and out.count("GAP: ") == len([g for r in rows.values() for g in r["gaps"]]), out
    warnings = {f["place"]: f["text"] for f in findings(mappings)}
    assert warnings == {"/criteria/0/id": "no case tests criterion 'I1'", "/criteria/2/id": "no case tests criterion 'I3'"}


def a_sentence_without_a_criterion_is_a_gap(folder):
    mappings = traced(folder)
    change(protocol_of(mappings), '"criteria": ["I1", "I2", "I3"]', '"criteria": ["I1", "I3", "I4"]')
    rows = trace(mappings)
    assert rows["anaemia", "I2"]["gaps"] == ["the source's list does not have it"], rows
    assert rows["anaemia", "I4"]["gaps"] == ["the source has it, and no criterion does"], rows
    change(protocol_of(mappings), ', "criteria": ["I1", "I3", "I4"]', "")
    assert all("list the source's sentences" in r["gaps"][0] for r in trace(mappings).values())


def without_cases_everything_is_a_gap(folder):
    mappings = traced(folder)
    shutil.rmtree(Path(folder, "conformance"))
    assert all("--cases" in r["gaps"][0] for r in trace(mappings).values())


def complete(study, criterion):
    """Whether the shipped cases show all that they must, as their files say."""
    path = CASES / study / criterion / "cases.json"
    if not path.exists():
        return False
    document = json.loads(path.read_text())
    shown = {word for case in document["cases"] for word in case["shows"]}
    return bool(document.get("source")) and all(word in shown or document.get("none", {}).get(word) for word in SHOWS)


def the_shipped_table_has_the_gaps_that_its_cases_leave(folder):
    del folder
    rows = trace(TOP / "mappings", "--cases", CASES)
    assert len(rows) > 50
    for (study, criterion), row in rows.items():
        assert (row["gaps"] == []) == complete(study, criterion), row


def every_row_of_the_sources_is_traced(folder):
    del folder
    design = SHARED / "design" / "domain.md"
    if not design.exists():
        return f"{design} is not there"
    text = design.read_text()
    part = text[text.index("### 1.2 ") : text.index("### 1.7 ")]
    ids = re.findall(r"^\| ([A-Z]\d+)\b", part, re.MULTILINE)
    assert len(ids) > 45, ids
    traced_ids = {criterion for _, criterion in trace(TOP / "mappings")}
    missing = [i for i in ids if i not in traced_ids and i + "a" not in traced_ids]
    assert missing == [], missing


TESTS = [the_shipped_mappings_have_no_warning, a_code_that_a_set_lists_twice, a_code_that_a_map_has_twice,
         a_code_beside_its_whole_system, a_code_that_is_excluded, a_sites_code_that_nothing_knows,
         a_sites_code_before_that_of_the_core, a_screening_criterion_that_is_never_met, two_that_are_never_met_together,
         screening_by_a_person_whom_nobody_listed, screening_by_a_value_that_the_site_does_not_set,
         a_whole_table_has_no_gap, planted_gaps_are_shown, a_sentence_without_a_criterion_is_a_gap,
         without_cases_everything_is_a_gap, the_shipped_table_has_the_gaps_that_its_cases_leave,
         every_row_of_the_sources_is_traced]


def main():
    tap = Tap()
    for test in TESTS:
        name, problems, skipped = test.__name__.replace("_", " "), [], None
        with tempfile.TemporaryDirectory() as folder:
            try:
                skipped = test(folder)
            except Exception as error:  # any failure belongs to this test alone
                problems.append(f"{type(error).__name__}: {error}")
        if skipped:
            tap.skip(name, skipped)
        else:
            tap.result(name, problems)
    return tap.done()


if __name__ == "__main__":
    raise SystemExit(main())
