#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`view --trusted`: the same rows from fewer lines, and what is left unchecked for it."""

import json
import subprocess
import tempfile
from pathlib import Path

from tap import Tap
from tools_test import PROGRAM, Folder, run

BUILD = Path(PROGRAM).parent
CODE = "c-4711"


def coded(name, where):
    return {"name": name, "resource": "Observation", "where": [{"path": where}], "select": [{"column": [
        {"name": "id", "path": "id"}, {"name": "n", "path": "value.ofType(integer)"},
        {"name": "patient", "path": "subject.getReferenceKey(Patient)"}]}]}


PAIN = coded("pain", f"code.coding.exists(system = 'http://codes.example' and code = '{CODE}')")
OTHER = coded("other", "code.coding.exists(code = 'other-1' or code = 'other-2')")
ALL = coded("all", "status = 'final'") | {"where": []}


def observation(number, code, **more):
    return {"resourceType": "Observation", "id": f"o{number}", "status": "final",
            "code": {"coding": [{"system": "http://codes.example", "code": code}]},
            "subject": {"reference": f"Patient/p{number}"}, "valueInteger": number} | more


def row(number):
    return json.dumps({"id": f"o{number}", "n": number, "patient": f"Patient/p{number}"}, separators=(",", ":")) + "\n"


def valid_input(count):
    """Lines, in blocks' worth of bytes, and the numbers of those that give a row."""
    lines, wanted = [], []
    for n in range(count):
        text = json.dumps(observation(n, CODE if n % 17 == 0 else f"d-{n}"))
        if n % 17 == 0:
            wanted.append(n)
        if n % 34 == 0:  # the same code, spelt otherwise
            text = text.replace(CODE, "".join(f"\\u{ord(c):04x}" if i % 2 else c for i, c in enumerate(CODE)))
        elif n % 51 == 0:
            text = "\ufeff" + json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [
                {"resource": {"resourceType": "Patient", "id": f"p{n}"}}, {"resource": json.loads(text)}]})
        if n % 19 == 0:  # the text where it means nothing
            text = json.dumps(observation(n, CODE if n % 17 == 0 else "c-1", note=[{"text": CODE + "x" * (n % 900)}]))
        lines.append(text + ("\r\n" if n % 7 == 0 else "\n") + ("\n" if n % 23 == 0 else ""))
    return "".join(lines), wanted


def rows_are_those_of_the_whole_input(folder):
    text, wanted = valid_input(9000)
    path, view = folder.write("a.ndjson", text), folder.write("v.json", PAIN)
    assert len(text) > 2 << 20
    for threads in ["1", "2", "5"]:
        code, plain, told = run("view", "--threads", threads, view, path)
        assert code == 0 and plain == "".join(map(row, wanted)) and "9000 messages" in told, told
        code, trusted, told = run("view", "--trusted", "--threads", threads, view, path)
        assert code == 0 and trusted == plain, threads
        assert "lines not looked at\n" in told and not told.startswith("9000 messages"), told


def counts_say_what_was_not_looked_at(folder):
    lines = [observation(1, CODE), observation(2, "c-2"), observation(3, CODE), observation(4, "c-4")]
    view = folder.write("v.json", PAIN)
    path = folder.write("a.ndjson", "\n".join(map(json.dumps, lines)))  # the last line without its end
    code, out, told = run("view", "--trusted", view, path)
    assert (code, out) == (0, row(1) + row(3)), out
    assert told == "2 messages with 2 resources, 2 rows; 2 lines not looked at\n", told
    assert run("view", "--trusted", view, folder.write("none.ndjson", ""))[:2] == (0, "")


def generated_files_give_the_same_rows(folder):
    view = Path(__file__).with_name("bench") / "whole" / "pain.view.json"
    path = f"{folder.name}/all.ndjson"
    with open(path, "wb") as out:
        subprocess.run([BUILD / "tests/bench/generate", "json", "8000"], stdout=out, check=True, timeout=60)
    plain, trusted = run("view", str(view), path), run("view", "--trusted", str(view), path)
    assert plain[0] == trusted[0] == 0 and plain[1] == trusted[1] and plain[1].count("\n") > 300
    assert "lines not looked at" in trusted[2]


def other_lines_are_not_checked(folder):
    """The documented price: each of these faults is told without --trusted, and goes unseen with it."""
    unseen = [b'{"resourceType":"Observation",]', b"no JSON at all", b'{"resourceType":"Observation","id":"\xff"}',
              b'{"resourceType":"Nothing"}', b'{"resourceType":"Observation","status":1,"status":"final"}',
              b"<Observation>"]
    lines = [json.dumps(observation(1, CODE)).encode(), *unseen, json.dumps(observation(2, CODE)).encode()]
    view, path = folder.write("v.json", PAIN), Path(folder.name, "a.ndjson")
    path.write_bytes(b"\n".join(lines) + b"\n")
    code, plain, told = run("view", view, str(path))
    assert (code, plain) == (3, row(1) + row(2)), plain
    for number in [2, 3, 4, 5, 7]:
        assert f"{path}:{number}:" in told, (number, told)
    code, trusted, told = run("view", "--trusted", view, str(path))
    assert (code, trusted) == (0, plain)
    assert told == "2 messages with 2 resources, 2 rows; 6 lines not looked at\n", told


def candidates_are_checked_and_have_their_line(folder):
    lines = [json.dumps(observation(n, "c-1")) for n in range(3000)]
    lines[1234] = '{"resourceType":"Observation","code":"' + CODE + '",]'
    lines[2345] = '{"resourceType":"Observation","code":"\\u0041",]'
    view, path = folder.write("v.json", PAIN), folder.write("a.ndjson", "\n".join(lines) + "\n")
    for threads in ["1", "3"]:
        code, out, told = run("view", "--trusted", "--threads", threads, view, path)
        assert (code, out) == (3, "") and told.count(": error: ") == 2, told
        assert f"{path}:1235:" in told and f"{path}:2346:" in told, told


def documents_are_read_whole(folder):
    view = folder.write("v.json", PAIN)
    broken = folder.write("a.json", json.dumps(observation(1, "c-1"), indent=1)[:-2] + ",}")
    assert run("view", "--trusted", view, broken)[0] == 3
    whole = folder.write("b.json", json.dumps(observation(2, CODE), indent=1))
    assert run("view", "--trusted", view, whole)[:2] == (0, row(2))


def several_views_have_the_texts_of_all(folder):
    lines = [observation(1, CODE), observation(2, "other-1"), observation(3, "none"), observation(4, "other-2")]
    path = folder.write("a.ndjson", "".join(json.dumps(one) + "\n" for one in lines))
    views = ["--view", folder.write("p.json", PAIN), "--view", folder.write("o.json", OTHER)]
    code, _, told = run("view", "--trusted", *views, path, "--out", f"{folder.name}/out/")
    assert code == 0 and "; 1 line not looked at" in told, told
    assert Path(folder.name, "out/pain.ndjson").read_text() == row(1)
    assert Path(folder.name, "out/other.ndjson").read_text() == row(2) + row(4)


def without_a_text_it_says_so_and_reads_all(folder):
    path = folder.write("a.ndjson", json.dumps(observation(1, CODE)) + "\n{]\n")
    for where in ["", "code.coding.exists(code = 'a/b')", "code.coding.exists(code = 'ab')"]:
        definition = coded("some", where) if where else ALL
        code, out, told = run("view", "--trusted", folder.write("v.json", definition), path)
        assert code == 3 and "warning: --trusted has no effect" in told, told
        assert f"{path}:2:" in told and out == (row(1) if definition is ALL else ""), (out, told)


TESTS = [rows_are_those_of_the_whole_input, counts_say_what_was_not_looked_at, generated_files_give_the_same_rows,
         other_lines_are_not_checked, candidates_are_checked_and_have_their_line, documents_are_read_whole,
         several_views_have_the_texts_of_all, without_a_text_it_says_so_and_reads_all]


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
