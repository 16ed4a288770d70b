#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of `fhirtrial view` and `fhirtrial check`: formats, bad lines, streams, exit codes."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from tap import Tap

SOURCE = Path(os.environ.get("srcdir", ".")).resolve()
PROGRAM = Path(os.environ.get("builddir", ".")).resolve() / "fhirtrial"

VIEW = {"resource": "Patient", "select": [
    {"column": [{"name": "key", "path": "id"}, {"name": "born", "path": "birthDate"}]},
    {"forEachOrNull": "name", "column": [
        {"name": "family", "path": "family"},
        {"name": "given", "path": "given", "collection": True}]}]}
ADA = {"resourceType": "Patient", "id": "ada", "birthDate": "1950-03",
       "name": [{"family": "A, \"the\" first", "given": ["x", "y"]}, {"family": "B"}]}
BOB = {"resourceType": "Patient", "id": "bob"}
OTHER = {"resourceType": "Basic", "id": "x"}
XML = ('<Patient xmlns="http://hl7.org/fhir"><id value="xml"/>'
       '<birthDate value="1960"/></Patient>')


class Folder:
    def __init__(self, name):
        self.name = name

    def write(self, name, content):
        path = Path(self.name, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)


def run(*arguments, stdin=""):
    done = subprocess.run([str(PROGRAM), *arguments], input=stdin.encode(), capture_output=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def view(folder, stdin, definition=None):
    return run("view", folder.write("v.json", definition or VIEW), stdin=stdin)


def lines(*resources):
    return "".join(r if isinstance(r, str) else json.dumps(r) + "\n" for r in resources)


def ndjson_is_the_default(folder):
    code, out, _ = view(folder, stdin=lines(ADA, BOB, OTHER))
    assert code == 0
    assert [json.loads(row) for row in out.splitlines()] == [
        {"key": "ada", "born": "1950-03", "family": 'A, "the" first', "given": ["x", "y"]},
        {"key": "ada", "born": "1950-03", "family": "B", "given": []},
        {"key": "bob", "born": None, "family": None, "given": []}]


def csv_quotes_as_rfc_4180_says(folder):
    path = folder.write("p.ndjson", lines(ADA, BOB))
    code, out, _ = run("view", "--format", "csv", folder.write("v.json", VIEW), path)
    assert code == 0
    assert out == ('key,born,family,given\r\n'
                   'ada,1950-03,"A, ""the"" first","[""x"",""y""]"\r\n'
                   'ada,1950-03,B,\r\n'
                   'bob,,,\r\n'), out


def json_is_one_array(folder):
    definition = folder.write("v.json", VIEW)
    code, out, _ = run("view", "--format", "json", definition, stdin=lines(ADA, BOB))
    assert code == 0 and len(json.loads(out)) == 3
    code, out, _ = run("view", "--format", "json", definition, stdin="")
    assert code == 0 and json.loads(out) == []


def a_table_is_aligned(folder):
    code, out, _ = run("view", "--format", "table", folder.write("v.json", VIEW),
                       stdin=lines(BOB, ADA))
    assert code == 0
    rows = out.splitlines()
    assert len(rows) == 4 and rows[0].index("born") == rows[2].index("1950-03")


def numbers_keep_their_digits(folder):
    definition = {"resource": "Observation", "select": [{"column": [
        {"name": "v", "path": "value.ofType(Quantity).value"}]}]}
    code, out, _ = view(folder, definition=definition, stdin=(
        '{"resourceType":"Observation","status":"final","code":{},"valueQuantity":{"value":7.60}}'))
    assert code == 0 and out == '{"v":7.60}\n', out


def bundles_documents_and_xml_are_read(folder):
    bundle = {"resourceType": "Bundle", "type": "collection",
              "entry": [{"resource": ADA}, {"resource": OTHER}, {"resource": BOB}]}
    files = [folder.write("b.json", json.dumps(bundle, indent=2)), folder.write("p.xml", XML),
             folder.write("bom.json", "\ufeff" + json.dumps(BOB, indent=1))]
    code, out, err = run("view", folder.write("v.json", VIEW), *files)
    assert code == 0, err
    assert [json.loads(row)["key"] for row in out.splitlines()] == ["ada", "ada", "bob", "xml",
                                                                   "bob"]


def a_bad_line_has_file_and_line_and_the_rest_goes_on(folder):
    path = folder.write("p.ndjson", lines(BOB, '{"resourceType":"Patient",]\n', "\n", ADA))
    definition = folder.write("v.json", VIEW)
    code, out, err = run("view", definition, path)
    assert code == 3
    assert len(out.splitlines()) == 3
    assert err.startswith(path + ":2:27: error: "), err
    code, out, _ = run("view", "--lenient", definition, path)
    assert code == 0 and len(out.splitlines()) == 3


def a_mistake_in_a_document_has_its_line(folder):
    path = folder.write("p.json", '{\n  "resourceType": "Patient",\n  "id": 7x\n}\n')
    code, _, err = run("view", folder.write("v.json", VIEW), path)
    assert code == 3 and err.startswith(path + ":3:"), err


def a_resource_that_fails_gives_no_row(folder):
    definition = {"resource": "Patient", "select": [{"forEach": "name", "column": [
        {"name": "given", "path": "given"}]}]}
    two = {"resourceType": "Patient", "id": "two", "name": [{"given": ["x"]},
                                                            {"given": ["secret", "y"]}]}
    code, out, err = view(folder, definition=definition, stdin=lines(two, ADA))
    assert code == 3 and out == "" and err.count("column given") == 2
    assert "secret" not in err


def a_file_that_is_absent_is_passed_over(folder):
    definition = folder.write("v.json", VIEW)
    code, out, err = run("view", definition, str(Path(folder.name, "none")),
                         folder.write("p.json", BOB))
    assert code == 3 and "none" in err and len(out.splitlines()) == 1


def a_mistake_in_the_view_has_its_line(folder):
    definition = ('{\n "resource": "Patient",\n "select": [{"column": [\n'
                  '  {"name": "a", "path": "birthDate.lenth()"}]}]\n}\n')
    code, out, err = view(folder, definition=definition, stdin=lines(BOB))
    assert code == 1 and out == ""
    assert "v.json:4:" in err and "length" in err and "/select/0/column/0/path" in err, err


def wrong_use_is_two(folder):
    del folder
    assert run("view")[0] == 2
    assert run("view", "--format", "xml", "v.json")[0] == 2
    assert run("view", "--now", "yesterday", "v.json")[0] == 2
    assert run("check")[0] == 2
    assert run("nothing")[0] == 2


def help_shows_an_example(folder):
    del folder
    for command in ("view", "check"):
        code, out, _ = run(command, "--help")
        assert code == 0 and "example:" in out and "exit:" in out


def a_closed_pipe_ends_it(folder):
    path = folder.write("p.ndjson", lines(*[BOB] * 20000))
    definition = folder.write("v.json", VIEW)
    done = subprocess.run(f"'{PROGRAM}' view '{definition}' '{path}' | head -1", shell=True,
                          capture_output=True, text=True, timeout=60, check=False)
    assert len(done.stdout.splitlines()) == 1


def memory_is_bounded_by_one_message(folder):
    path = folder.write("p.ndjson", lines(*[ADA] * 60000))
    sanitized = os.environ.get("FHIRTRIAL_SANITIZER", "no") != "no"
    limit = "" if sanitized else "ulimit -v 1500000; "
    done = subprocess.run(f"{limit}'{PROGRAM}' view '{folder.write('v.json', VIEW)}' '{path}'",
                          shell=True, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 120000


MAPPINGS = {
    "core/views/obs.json": {
        "resourceType": "ViewDefinition", "url": "https://v.example/obs", "name": "obs",
        "status": "active", "fhirVersion": ["4.0.1"], "resource": "Observation", "select": [
            {"column": [{"name": "status", "type": "code", "path": "status"}]}]},
    "studies/s1/protocol.json": {
        "schema": 1, "id": "s1", "identifier": {"system": "s", "value": "T1"}, "title": "t",
        "status": "active",
        "circumstances": {"dead": "false", "consentDenied": "false", "enrolled": "false"},
        "screening": ["A"], "criteria": [
            {"id": "A", "kind": "inclusion", "text": "a", "evidence": "obs",
             "met": "obs.exists()"}]},
    "sites/demo/site.json": {"schema": 1, "id": "demo", "timezone": "Europe/Berlin"},
}


def mappings(folder, changes=None):
    for name, content in {**MAPPINGS, **(changes or {})}.items():
        folder.write(name, content)
    return folder.name


def good_mappings_pass(folder):
    code, out, err = run("check", mappings(folder))
    assert code == 0, out + err
    assert "view obs on Observation, 1 columns, shareable, tabular" in out, out
    assert "study s1, 1 criteria, 0 for a person alone, 1 screening" in out, out


def a_mistake_has_line_column_and_suggestion(folder):
    protocol = json.dumps(MAPPINGS["studies/s1/protocol.json"], indent=1).replace(
        '"screening"', '"sreening"')
    code, out, _ = run("check", mappings(folder, {"studies/s1/protocol.json": protocol}))
    assert code == 1
    line = next(x for x in out.splitlines() if "sreening" in x)
    at = [n for n, text in enumerate(protocol.splitlines(), 1) if "sreening" in text][0]
    assert line.startswith(f"{folder.name}/studies/s1/protocol.json:{at}:"), line
    assert 'did you mean "screening"' in line and "[/sreening]" in line, line


def a_quantity_beside_a_bare_number_is_warned_of(folder):
    view = dict(MAPPINGS["core/views/obs.json"], where=[{"path": "value.ofType(Quantity) >= 7"}])
    code, out, _ = run("check", mappings(folder, {"core/views/obs.json": view}))
    assert code == 0 and "warning: a Quantity beside a number" in out and "[/where/0/path]" in out, out
    view["where"] = [{"path": "value.ofType(Quantity) >= 7 'g/dL' and value.ofType(Quantity).value > 7"}]
    code, out, _ = run("check", mappings(folder, {"core/views/obs.json": view}))
    assert code == 0 and "warning" not in out, out


def a_folder_that_nobody_reads_is_warned_of(folder):
    code, out, _ = run("check", mappings(folder, {"stuides/s2/protocol.json": {}}))
    assert code == 0 and 'stuides: warning: this folder is not read; did you mean "studies"?' in out, out


def an_empty_file_has_a_place(folder):
    code, out, _ = run("check", mappings(folder, {"core/views/x.json": ""}))
    assert code == 1 and "core/views/x.json:1:1: error: " in out, out


def a_symbolic_link_has_a_place(folder):
    path = mappings(folder, {})
    Path(path, "core/views/link.json").symlink_to("obs.json")
    code, out, _ = run("check", path)
    assert code == 1 and "core/views/link.json:1:1: error: this is a symbolic link" in out, out
    assert "; put the file or folder itself there" in out, out
    finding = json.loads(run("check", "--json", path)[1])["findings"][0]
    assert (finding["file"], finding["line"], finding["column"]) == ("core/views/link.json", 1, 1), finding


def an_empty_study_has_a_place(folder):
    path = mappings(folder, {})
    Path(path, "studies/empty").mkdir(parents=True)
    code, out, _ = run("check", path)
    assert code == 1 and "studies/empty: error: this folder holds no *.json file; put the mapping" in out, out
    assert out.count(": error:") == 1, out


def an_unknown_zone_is_an_error(folder):
    site = {"schema": 1, "id": "demo", "timezone": "Europe/Berln"}
    code, out, _ = run("check", mappings(folder, {"sites/demo/site.json": site}))
    assert code == 1 and "sites/demo/site.json" in out and "Berln" in out, out


def every_site_is_checked(folder):
    bad = {"schema": 1, "id": "other", "complete": ["obz"]}
    code, out, _ = run("check", mappings(folder, {"sites/other/site.json": bad}))
    assert code == 1 and out.count("obz") == 1, out
    assert run("check", "--site", "demo", folder.name)[0] == 0


def findings_are_json_on_request(folder):
    bad = {"schema": 1, "id": "demo", "complete": ["obz"]}
    code, out, _ = run("check", "--json", mappings(folder, {"sites/demo/site.json": bad}))
    report = json.loads(out)
    assert code == 1
    finding = report["findings"][0]
    assert finding["file"] == "sites/demo/site.json" and finding["level"] == "error"
    assert finding["line"] == 1 and finding["place"] == "/complete/0"
    code, out, _ = run("check", "--json", mappings(folder))
    report = json.loads(out)
    assert code == 0 and report["findings"] == []
    assert report["views"][0]["shareable"] is True and report["studies"] == [
        {"id": "s1", "criteria": 1}]


SHARED_VIEW = {"url": "http://v.example/s", "name": "s", "fhirVersion": ["4.0.1"], "status": "active",
               "resource": "Patient", "select": [{"column": [
                   {"name": "key", "path": "getResourceKey()", "type": "string"},
                   {"name": "born", "path": "birthDate", "type": "date"}]}]}


def a_single_view_is_checked(folder):
    code, out, err = run("check", folder.write("s.json", SHARED_VIEW))
    assert (code, err) == (0, "0 errors, 0 warnings\n"), err
    assert [line.split() for line in out.splitlines()] == [
        "view s on Patient, 2 columns, shareable, tabular".split(), "column type SQL type collection".split(),
        "key string CHARACTER VARYING no".split(), "born date CHARACTER VARYING no".split()], out
    column = {"name": "names", "path": "name", "type": "HumanName", "collection": True}
    neither = SHARED_VIEW | {"name": "n", "select": [{"column": [column]}]}
    del neither["url"]
    path = folder.write("n.json", neither)
    code, out, _ = run("check", path)
    assert code == 0 and out.startswith(
        "view n on Patient, 1 columns, not shareable: it has no \"url\", not tabular: "), out
    assert "'names' is a collection" in out.splitlines()[0], out
    code, out, _ = run("check", "--json", path)
    found = json.loads(out)["views"]
    assert code == 0 and len(found) == 1 and not found[0]["shareable"] and not found[0]["tabular"]
    assert found[0]["notShareable"] == 'it has no "url"' and "collection" in found[0]["notTabular"]
    assert found[0]["columns"] == [{"name": "names", "type": "HumanName", "collection": True,
                                    "sql": "CHARACTER VARYING ARRAY", "description": None}], out
    assert run("check", "--quiet", path)[1] == ""


def a_mistake_in_a_single_view_has_its_place(folder):
    text = json.dumps(SHARED_VIEW, indent=1).replace('"birthDate"', '"birthDat"')
    number = [n for n, line in enumerate(text.splitlines(), 1) if "birthDat" in line][0]
    path, sets = folder.write("s.json", text), Folder(folder.name + "/set")
    code, out, err = run("check", "--mappings", mappings(sets), path)
    assert code == 1 and out.startswith(f"{path}:{number}:") and "[/select/0/column/1/path]" in out, out
    assert 'did you mean "birthDate"' in out and "view s" not in out and err == "1 error, 0 warnings\n", out + err
    finding = json.loads(run("check", "--json", "--mappings", sets.name, path)[1])["findings"][0]
    assert finding["file"] == path and finding["line"] == number and finding["level"] == "error", finding
    code, out, _ = run("check", folder.write("broken.json", '{"resource":]'))
    assert code == 1 and out.startswith(f"{folder.name}/broken.json:1:13: error: "), out
    for arguments in [("--site", "demo", path), ("--study", "s1", path), ("--mappings", sets.name, sets.name)]:
        assert run("check", *arguments)[:2] == (2, ""), arguments
    code, _, err = run("check", "--mappings", f"{folder.name}/none", path)
    assert code == 1 and "none" in err, err


def a_folder_that_is_absent_is_two(folder):
    code, _, err = run("check", str(Path(folder.name, "none")))
    assert code == 2 and "none" in err, err


def the_shipped_mappings_have_no_mistake(folder):
    del folder
    code, out, err = run("check", str(SOURCE / "mappings"))
    assert code == 0, out + err


TESTS = [ndjson_is_the_default, csv_quotes_as_rfc_4180_says, json_is_one_array, a_table_is_aligned,
         numbers_keep_their_digits, bundles_documents_and_xml_are_read,
         a_bad_line_has_file_and_line_and_the_rest_goes_on, a_mistake_in_a_document_has_its_line,
         a_resource_that_fails_gives_no_row, a_file_that_is_absent_is_passed_over,
         a_mistake_in_the_view_has_its_line, wrong_use_is_two, help_shows_an_example,
         a_closed_pipe_ends_it, memory_is_bounded_by_one_message, good_mappings_pass,
         a_mistake_has_line_column_and_suggestion,
         a_quantity_beside_a_bare_number_is_warned_of, a_folder_that_nobody_reads_is_warned_of,
         an_empty_file_has_a_place, a_symbolic_link_has_a_place, an_empty_study_has_a_place,
         an_unknown_zone_is_an_error, every_site_is_checked, findings_are_json_on_request,
         a_single_view_is_checked, a_mistake_in_a_single_view_has_its_place,
         a_folder_that_is_absent_is_two,
         the_shipped_mappings_have_no_mistake]


def main():
    tap = Tap()
    for test in TESTS:
        problems = []
        with tempfile.TemporaryDirectory() as name:
            try:
                test(Folder(name))
            except Exception as error:  # any failure belongs to this test alone
                problems.append(f"{type(error).__name__}: {error}")
        tap.result(test.__name__.replace("_", " "), problems)
    return tap.done()


if __name__ == "__main__":
    raise SystemExit(main())
