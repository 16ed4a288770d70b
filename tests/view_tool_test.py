#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tool `view` as its users meet it: folders, compressed files, pipes, several views in one pass,
threads, damaged input, full disks. Expected rows are written by hand or made with Python's json."""

import gzip
import json
import os
import pty
import select
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from tap import Tap
from tools_test import ADA, BOB, OTHER, PROGRAM, VIEW, XML, Folder, lines, run

SHARED = Path(os.environ.get("FHIRTRIAL_SHARED", Path(__file__).resolve().parents[2] / "shared"))
SANITIZED = os.environ.get("FHIRTRIAL_SANITIZER", "no") != "no"
LIMIT = 64 << 20
KEYS = {"name": "keys", "resource": "Patient", "select": [{"column": [
    {"name": "key", "path": "getResourceKey()"}]}]}
STATES = {"name": "states", "resource": "Observation", "select": [{"column": [
    {"name": "id", "path": "id"}, {"name": "status", "path": "status"},
    {"name": "patient", "path": "subject.getReferenceKey(Patient)"}]}]}
SEEN = {"resourceType": "Observation", "id": "o", "status": "final", "code": {"text": "t"},
        "subject": {"reference": "Patient/ada"}}
ONE_KEY = '{"key":"Patient/bob"}\n'


def patient(number):
    return {"resourceType": "Patient", "id": f"p{number}"}


def keys(text):
    return [json.loads(row)["key"].split("/")[-1] for row in text.splitlines()]


def bundle(*resources, **more):
    return {"resourceType": "Bundle", "type": "collection",
            "entry": [{"resource": r, **more} for r in resources]}


# --- what an input is ---
def a_folder_stands_for_its_files(folder):
    definition = folder.write("v.json", KEYS)
    for number, name in enumerate(["in/a.json", "in/b.NDJSON", "in/c.Xml", "in/d/e.jsonl",
                                   "in/d/f/g.JSON", "in/z.json"]):
        content = json.dumps(patient(number)) + "\n"
        if name.endswith("Xml"):
            content = XML.replace('"xml"', f'"p{number}"')
        folder.write(name, content)
    for name in ["in/.hidden.json", "in/notes.txt", "in/json", "in/.d/x.json", "in/x.json.bak"]:
        folder.write(name, patient(99))
    Path(folder.name, "in/h.json.GZ").write_bytes(gzip.compress(json.dumps(patient(6)).encode()))
    Path(folder.name, "in/link").symlink_to(Path(folder.name, "in/d"))
    Path(folder.name, "in/y.json").symlink_to(Path(folder.name, "in/a.json"))
    code, out, err = run("view", definition, folder.name + "/in/")
    assert code == 0, err
    assert keys(out) == ["p0", "p1", "p2", "p3", "p4", "p6", "p0", "p5"], out
    assert err == "8 messages with 8 resources, 8 rows\n", err


def a_folder_without_files_is_told(folder):
    Path(folder.name, "empty").mkdir()
    code, out, err = run("view", folder.write("v.json", KEYS), folder.name + "/empty")
    assert (code, out) == (3, "") and "empty: error: the folder has no file that ends in .json" in err


def compressed_input_is_told_by_its_bytes(folder):
    definition = folder.write("v.json", KEYS)
    packed = gzip.compress(lines(ADA, BOB).encode())
    path = Path(folder.name, "named-otherwise")
    path.write_bytes(packed)
    assert keys(run("view", definition, str(path))[1]) == ["ada", "bob"]
    path.write_bytes(packed + gzip.compress(lines(patient(1)).encode()))  # two members
    assert keys(run("view", definition, str(path))[1]) == ["ada", "bob", "p1"]
    path.write_bytes(gzip.compress(XML.encode()))
    assert keys(run("view", definition, str(path))[1]) == ["xml"]
    done = subprocess.run([PROGRAM, "view", definition, "-"], input=packed, capture_output=True,
                          timeout=60, check=False)
    assert keys(done.stdout.decode()) == ["ada", "bob"], done.stderr


def damaged_gzip_is_an_input_that_was_not_read(folder):
    definition, path = folder.write("v.json", KEYS), Path(folder.name, "p.ndjson.gz")
    whole = gzip.compress(lines(*[patient(n) for n in range(5000)]).encode(), mtime=0)
    path.write_bytes(whole[: len(whole) // 2])
    code, out, err = run("view", "--lenient", definition, str(path), folder.write("b.json", BOB))
    got = keys(out)
    assert code == 3 and "the gzip data ends too early" in err and "1 input not read" in err, err
    assert got[-1] == "bob" and got[:-1] == [f"p{n}" for n in range(len(got) - 1)] and len(got) > 100
    path.write_bytes(whole[:40] + b"\xff" * 40 + whole[80:])
    code, _, err = run("view", definition, str(path))
    assert code == 3 and "the gzip data is damaged" in err, err


def line_ends_marks_and_blanks(folder):
    definition = folder.write("v.json", KEYS)
    texts = {
        "crlf.ndjson": "\r\n".join([json.dumps(ADA), json.dumps(BOB), ""]),
        "open.ndjson": json.dumps(ADA) + "\n" + json.dumps(BOB),
        "mark.ndjson": "\ufeff" + lines(ADA, BOB),
        "blank.ndjson": "\n  \n" + lines(ADA) + "\t\r\n\n" + lines(BOB) + "\n",
        "mark.json": "\ufeff\n" + json.dumps(bundle(ADA, BOB), indent=2),
        "dense.json": json.dumps(bundle(ADA, BOB)),
        "flush.json": json.dumps(bundle(ADA, BOB), indent=0),
    }
    for name, text in texts.items():
        code, out, err = run("view", definition, folder.write(name, text))
        assert (code, keys(out)) == (0, ["ada", "bob"]), (name, out, err)
        code, out, err = run("view", definition, stdin=text)
        assert (code, keys(out)) == (0, ["ada", "bob"]), (name, "as standard input", out, err)
    for text in ["", "\n", " \n\n"]:
        for name in ["none.ndjson", "none.json"]:
            code, out, err = run("view", definition, folder.write(name, text))
            assert (code, out, err) == (0, "", "0 messages with 0 resources, 0 rows\n"), err


def a_line_cut_off_spoils_one_message(folder):
    definition = folder.write("v.json", KEYS)
    text = json.dumps(ADA)[:30] + "\n" + lines(BOB)
    for name in ["p.ndjson", "p.json"]:
        path = folder.write(name, text)
        code, out, err = run("view", definition, path)
        assert code == 3 and out == ONE_KEY and err.startswith(path + ":1:"), err
    code, out, _ = run("view", definition, stdin=text)
    assert code == 3 and out == ONE_KEY


def a_message_over_the_limit_is_passed_over(folder):
    definition = folder.write("v.json", KEYS)
    long = b'{"resourceType":"Patient","id":"' + b"x" * LIMIT + b'"}\n'
    path = Path(folder.name, "p.ndjson")
    path.write_bytes(lines(ADA).encode() + long + lines(BOB).encode())
    code, out, err = run("view", definition, str(path))
    assert code == 3 and keys(out) == ["ada", "bob"], err
    assert f"{path}:2:1: error: the message is larger" in err and str(LIMIT) in err, err
    path = Path(folder.name, "p.json")
    path.write_bytes(b'{\n"resourceType":"Patient","id":"' + b"x" * LIMIT + b'"}\n')
    code, out, err = run("view", definition, str(path), folder.write("b.json", BOB))
    assert code == 3 and out == ONE_KEY and f"{path}:1:1: error: " in err, err


def bundles_in_lines_and_in_each_other(folder):
    inner = bundle(patient(2), OTHER)
    code, out, err = run("view", folder.write("v.json", KEYS),
                         stdin=lines(bundle(patient(1), inner, patient(3)), BOB))
    assert code == 0 and keys(out) == ["p1", "p2", "p3", "bob"], err
    assert err == "2 messages with 7 resources, 4 rows\n", err


def references_within_a_bundle_have_keys(folder):
    url = "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"
    nameless = {"resourceType": "Patient", "active": True}
    seen = {**SEEN, "subject": {"reference": url}}
    both = {"resourceType": "Bundle", "type": "collection",
            "entry": [{"resource": seen}, {"fullUrl": url, "resource": nameless}]}
    named = {"resourceType": "Bundle", "type": "collection",
             "entry": [{"resource": seen}, {"fullUrl": url, "resource": ADA}]}
    view = folder.write("v.json", STATES)
    _, out, _ = run("view", view, stdin=lines(both, named))
    assert [json.loads(row)["patient"] for row in out.splitlines()] == [
        "Patient/53fefa32-fcbb-4ff8-8a92-55ee120877b7", "Patient/ada"], out
    born = {"resource": "Observation", "select": [{"column": [
        {"name": "born", "path": "subject.resolve().ofType(Patient).birthDate"}]}]}
    _, out, err = run("view", folder.write("r.json", born), stdin=lines(named))
    assert out == '{"born":"1950-03"}\n', err


def what_is_below_a_level_is_kept(folder):
    """Only what a view can reach is read: also through forEach, %resource and extensions."""
    view = {"resource": "Patient", "select": [{"forEach": "name", "column": [
        {"name": "family", "path": "family"}, {"name": "sex", "path": "%resource.gender"},
        {"name": "given", "path": "given.first()"},
        {"name": "why", "path": "extension('urn:a').value.ofType(string)"}]}]}
    resource = {"resourceType": "Patient", "gender": "female", "name": [
        {"family": "A", "given": ["x"], "extension": [{"url": "urn:a", "valueString": "s"}]}]}
    code, out, err = run("view", folder.write("v.json", view), stdin=lines(resource))
    want = {"family": "A", "sex": "female", "given": "x", "why": "s"}
    assert (code, json.loads(out)) == (0, want), err
    del view["select"][0]["column"][1], want["sex"]
    code, out, err = run("view", folder.write("v.json", view), stdin=lines(resource))
    assert (code, json.loads(out)) == (0, want), err


# --- several views, and where rows go ---
def several_views_share_one_pass(folder):
    views = [folder.write("k.json", KEYS), folder.write("s.json", STATES)]
    source = folder.write("in.ndjson", lines(ADA, SEEN, BOB))
    want = {"keys": "key\r\nPatient/ada\r\nPatient/bob\r\n",
            "states": "id,status,patient\r\no,final,Patient/ada\r\n"}
    for number, arguments in enumerate([[views[0], "--view", views[1], source],
                                        ["--view", views[0], "--view", views[1], source],
                                        ["--view", views[1], views[0], source]]):
        out = f"{folder.name}/out{number}"
        code, shown, err = run("view", *arguments, "--format", "csv", "--out", out + "/")
        assert (code, shown) == (0, ""), err
        got = {p.stem: p.read_bytes().decode() for p in Path(out).iterdir()}
        assert got == want and all(p.suffix == ".csv" for p in Path(out).iterdir()), got
    assert err == "3 messages with 3 resources, 2 rows of keys, 1 row of states\n", err


def a_bundle_that_gives_no_row_is_read_for_its_entries(folder):
    bundles = {"name": "bundles", "resource": "Bundle", "where": [{"path": "type = 'searchset'"}],
               "select": [{"column": [{"name": "type", "path": "type"}]}]}
    views = ["--view", folder.write("k.json", KEYS), "--view", folder.write("b.json", bundles)]
    inner = bundle(ADA) | {"type": "searchset"}
    for source, want in [(bundle(BOB), "1 row of keys, 0 rows of bundles"),
                         (bundle(inner), "1 row of keys, 1 row of bundles")]:
        code, _, err = run("view", *views, folder.write("in.ndjson", lines(source)), "--out", f"{folder.name}/out/")
        assert code == 0 and want in err, err


def each_view_has_its_own_output(folder):
    views = ["--view", folder.write("k.json", KEYS), "--view", folder.write("s.json", STATES)]
    source = folder.write("in.ndjson", lines(ADA, SEEN))
    one, two = f"{folder.name}/one.csv", f"{folder.name}/two.json"
    assert run("view", *views, source, "--out", one, "--out", two)[0] == 0
    assert Path(one).read_text() == "key\nPatient/ada\n"
    assert json.loads(Path(two).read_text()) == [
        {"id": "o", "status": "final", "patient": "Patient/ada"}]
    code, out, _ = run("view", *views, source, "--out", one, "--out", "-")
    assert code == 0 and json.loads(out)["id"] == "o"
    code, out, _ = run("view", *views, source, "--format", "table")
    assert code == 0 and out == ("keys\nkey\nPatient/ada\nstates\nid  status  patient\n"
                                 "o   final   Patient/ada\n"), out


def outputs_that_cannot_be_are_refused_first(folder):
    views = ["--view", folder.write("k.json", KEYS), "--view", folder.write("s.json", STATES)]
    source = folder.write("in.ndjson", lines(ADA))
    cases = [([], "--out each"), (["--out", f"{folder.name}/x"], "one --out for each view"),
             (["--out", source, "--out", f"{folder.name}/x"], "also an input"),
             (["--out", f"{folder.name}/x", "--out", f"{folder.name}/x"], "the same --out")]
    for arguments, text in cases:
        code, out, err = run("view", *views, source, *arguments)
        assert (code, out) == (2, "") and text in err, (arguments, err)
    assert Path(source).read_text() == lines(ADA) and not Path(folder.name, "x").exists()
    code, _, err = run("view", views[1], "--view", views[1], source, "--out", folder.name + "/")
    assert code == 2 and "one name" in err, err
    code, _, err = run("view", views[1], source, "--out", f"{folder.name}/none/x.csv")
    assert code == 1 and "cannot open" in err and "No such file" in err, err


def a_view_of_a_mapping_set_needs_the_set(folder):
    hint = "only with --mappings FOLDER"
    for paths in (["code.memberOf('http://a')"], ["status", "%c0 = 'final'"]):
        columns = [{"name": f"c{i}", "path": path} for i, path in enumerate(paths)]
        view = {"name": "v", "resource": "Observation", "select": [{"column": columns}]}
        code, out, err = run("view", "--schema", folder.write("v.json", view))
        assert (code, out) == (1, "") and err.splitlines()[-1].endswith(hint), err
    code, _, err = run("view", "--schema", folder.write("v.json", {**view, "resource": "Nothing"}))
    assert code == 1 and "not an R4 resource type" in err and hint not in err, err


def a_full_disk_is_an_error(folder):
    source = folder.write("in.ndjson", lines(*[ADA] * 5000))
    for arguments in [["--out", "/dev/full"], ["--out", "/dev/full", "--threads", "3"]]:
        code, _, err = run("view", folder.write("v.json", KEYS), source, *arguments)
        assert code == 1 and err == ("fhirtrial view: cannot write to /dev/full: No space left on "
                                     "device\n"), err
    with open("/dev/full", "wb") as full:
        done = subprocess.run([PROGRAM, "view", folder.write("v.json", KEYS), source], stdout=full,
                              stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == 1 and b"cannot write to standard output: No space" in done.stderr


def a_reader_that_goes_away_ends_it_quietly(folder):
    source, view = folder.write("in.ndjson", lines(*[ADA] * 20000)), folder.write("v.json", KEYS)
    for ignore in [False, True]:
        process = subprocess.Popen([PROGRAM, "view", view, source], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, restore_signals=not ignore)
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        code = process.wait(timeout=60)
        assert err == b"" and code in ((1,) if ignore else (-signal.SIGPIPE,)), (ignore, code, err)


# --- files that change while they are read ---
def blocked(folder, count):
    """`view` over a file of so many lines, when its output is full and nobody takes it."""
    path = folder.write("in.ndjson", lines(*[patient(n) for n in range(count)]))
    process = subprocess.Popen([PROGRAM, "view", folder.write("v.json", KEYS), path],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.read(process.stdout.fileno(), 1)
    return path, process


def a_file_that_grows_is_read_to_its_new_end(folder):
    path, process = blocked(folder, 200000)
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(BOB))
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0 and out.endswith(ONE_KEY.encode()), err
    assert out.count(b"\n") == 200001


def a_file_that_becomes_shorter_is_told(folder):
    path, process = blocked(folder, 200000)
    os.truncate(path, 4096)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 3, (process.returncode, err)
    assert err.decode().startswith(f"{path}:") and " error: the file became shorter while it was read; run" in err.decode(), err


def a_file_that_loses_a_line_is_told(folder):
    """What is left is whole lines."""
    path, process = blocked(folder, 200000)
    os.truncate(path, os.path.getsize(path) - len(lines(patient(199999))))
    out, err = process.communicate(timeout=120)
    assert process.returncode == 3 and out.count(b"\n") == 199999, (process.returncode, err)
    assert err.decode().startswith(f"{path}:200000: error: the file became shorter while it was read; run"), err


def a_file_that_is_written_over_gives_findings(folder):
    """What was checked cannot change before it is used: there are rows and findings, and no crash."""
    view = folder.write("v.json", {"resource": "Patient", "select": [{"column": [
        {"name": "family", "path": "name.family.first().upper()"},
        {"name": "given", "path": "name.given.join('')"}]}]})
    person = json.dumps(patient(1) | {"name": [{"family": "\n" * 700, "given": ["\u00fc" * 200] * 5}]}) + "\n"
    texts = [person.encode() * ((4 << 20) // len(person)), (b"\\ " * 1000 + b"\n") * 2000]
    path, over = Path(folder.name, "in.ndjson"), threading.Event()
    path.write_bytes(texts[0])

    def write_over():
        with open(path, "r+b", buffering=0) as file:
            while not over.is_set():
                for text in texts:
                    file.seek(0)
                    file.write(text)

    writer = threading.Thread(target=write_over)
    writer.start()
    try:
        codes = {run("view", "--quiet", "--out", "/dev/null", view, str(path))[0] for _ in range(20)}
    finally:
        over.set()
        writer.join()
    assert codes <= {0, 3}, codes


def lines_longer_than_a_block(folder):
    """The rows are those of a pipe."""
    sizes = [1, 3 << 20, 1, 1, 600 << 10, (512 << 10) - 70, 5, 900 << 10]
    people = [patient(n) | {"name": [{"family": "x" * size}]} for n, size in enumerate(sizes)]
    rows = [json.dumps(person) for person in people]
    rows.insert(5, "[]")
    rows += [json.dumps(patient(n)) for n in range(len(sizes), 40000)]
    path, view = folder.write("in.ndjson", "\n".join(rows)), folder.write("v.json", KEYS)
    for options in [[], ["--threads", "2"]]:
        code, out, err = run("view", view, path, *options)
        assert code == 3 and keys(out) == [f"p{n}" for n in range(40000)], (options, err)
        assert err.startswith(f"{path}:6:1: error:"), err
        with open(path, "rb") as stdin:
            piped = subprocess.run([PROGRAM, "view", view, *options], stdin=stdin, capture_output=True, timeout=120,
                                   check=False)
        assert piped.returncode == 3 and piped.stdout.decode() == out


# --- threads ---
def mixed_input(count):
    """Lines of every kind, in blocks' worth of bytes."""
    rows = []
    for n in range(count):
        rows.append(json.dumps(patient(n) | {"name": [{"family": "x" * (n % 700)}]}) + "\n")
        if n % 97 == 0:
            rows.append('{"resourceType":"Patient",]\n')
        if n % 31 == 0:
            rows.append(json.dumps(bundle(SEEN, patient(n))) + "\r\n")
        if n % 53 == 0:
            rows.append("\n")
    return "".join(rows)


def any_number_of_threads_gives_the_same_bytes(folder):
    paths = [folder.write("a.ndjson", mixed_input(9000)), folder.write("b.ndjson", mixed_input(300)),
             folder.write("c.json", json.dumps(bundle(ADA, SEEN), indent=1)), f"{folder.name}/none",
             folder.write("d.xml", XML), folder.write("e.ndjson", mixed_input(4000))]
    views = ["--view", folder.write("k.json", KEYS), "--view", folder.write("s.json", STATES)]
    results = {}
    for threads in ["1", "2", "3", "8", "0"]:
        out = f"{folder.name}/out{threads}/"
        code, _, err = run("view", *views, *paths, "--out", out, "--threads", threads)
        assert code == 3, err
        results[threads] = [err] + [p.read_bytes() for p in sorted(Path(out).iterdir())]
    assert all(r == results["1"] for r in results.values())
    told = results["1"][0]
    assert told.count(f"{paths[0]}:") == 93 and f"{paths[0]}:2:27: error: " in told
    number = mixed_input(9000).split("\n").index('{"resourceType":"Patient",]', 5000) + 1
    assert f"{paths[0]}:{number}:27: error: " in told, number


def unordered_rows_are_the_same_rows(folder):
    path, view = folder.write("a.ndjson", mixed_input(9000)), folder.write("k.json", KEYS)
    want = run("view", view, path)
    got = run("view", view, path, "--threads", "4", "--unordered")
    assert sorted(got[1].splitlines()) == sorted(want[1].splitlines()) and got[2] == want[2]


# --- streams ---
def follow(process, count):
    """The first `count` lines of its output, while its input is open."""
    got, end = b"", time.monotonic() + 60
    while got.count(b"\n") < count and time.monotonic() < end:
        if select.select([process.stdout], [], [], 1)[0]:
            got += os.read(process.stdout.fileno(), 1 << 20)
    return got


def a_named_pipe_is_opened_once(folder):
    """It is no view and is not looked into to find that out: the writer would lose its reader."""
    view, pipe = folder.write("v.json", KEYS), f"{folder.name}/pipe"
    os.mkfifo(pipe)
    for arguments in [[view, pipe]] + [["--view", view, pipe]] * 8:
        with subprocess.Popen(["sh", "-c", 'exec printf "%s" "$0" > "$1"', lines(BOB), pipe]) as writer:
            time.sleep(0.05)  # it waits for a reader
            process = subprocess.Popen([PROGRAM, "view", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                out, err = process.communicate(timeout=20)
            finally:
                process.kill()
                writer.kill()
        assert (process.returncode, out.decode()) == (0, ONE_KEY), (arguments, err)


def rows_come_while_the_input_is_open(folder):
    for threads in ["1", "3"]:
        process = subprocess.Popen([PROGRAM, "view", folder.write("v.json", KEYS), "-", "--threads",
                                    threads], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        process.stdin.write(lines(ADA).encode())
        process.stdin.flush()
        first = follow(process, 1)
        out, _ = process.communicate(lines(BOB).encode(), timeout=60)
        assert first == b'{"key":"Patient/ada"}\n' and out == ONE_KEY.encode(), (first, out)


def memory_stays_flat(folder):
    """The most that was ever resident, asked while the process waits for more."""
    line = lines(ADA | {"text": {"status": "generated", "div": "<div>" + "x" * 900 + "</div>"}}).encode()
    peaks = []
    for megabytes in [10, 40]:
        process = subprocess.Popen([PROGRAM, "view", folder.write("v.json", KEYS), "-"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        count = (megabytes << 20) // len(line)
        if os.fork() == 0:
            process.stdin.write(line * count)
            process.stdin.flush()
            os._exit(0)
        got = follow(process, count)
        status = Path(f"/proc/{process.pid}/status").read_text()
        peaks.append(int(status.split("VmHWM:")[1].split()[0]))
        process.stdin.close()
        process.wait(timeout=60)
        os.wait()
        assert got.count(b"\n") == count
    assert SANITIZED or (peaks[1] <= 16 << 10 and peaks[1] < peaks[0] * 1.1 + 512), peaks


def progress_is_for_terminals(folder):
    source, view = folder.write("in.ndjson", lines(*[ADA] * 200)), folder.write("v.json", KEYS)
    assert "\r" not in run("view", view, source)[2]
    seen = []
    for more in [[], ["--quiet"]]:
        master, slave = pty.openpty()
        process = subprocess.Popen([PROGRAM, "view", view, *more, "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=slave)
        os.close(slave)
        for _ in range(3):
            process.stdin.write(lines(ADA).encode())
            process.stdin.flush()
            follow(process, 1)
            time.sleep(0.25)  # it is shown five times a second at most
        process.stdin.close()
        process.wait(timeout=60)
        text = b""
        try:
            while chunk := os.read(master, 4096):
                text += chunk
        except OSError:  # the other end is closed
            pass
        os.close(master)
        process.stdout.close()
        seen.append(text.decode())
    assert "MB/s, " in seen[0] and seen[0].endswith("3 messages with 3 resources, 3 rows\r\n"), seen
    assert seen[1] == "", seen


# --- what is said ---
def lenient_forgives_messages_not_files(folder):
    view, path = folder.write("v.json", KEYS), folder.write("p.ndjson", "{]\n" + lines(BOB))
    assert run("view", view, path)[0] == 3
    code, out, err = run("view", "--lenient", view, path)
    assert (code, out) == (0, ONE_KEY) and "1 row; 1 passed over" in err, err
    code, out, err = run("view", "--lenient", view, path, f"{folder.name}/none")
    assert code == 3 and "none: error: No such file or directory" in err, err
    code, out, err = run("view", "--quiet", view, folder.write("b.json", BOB))
    assert (code, out, err) == (0, ONE_KEY, ""), err


def the_schema_names_types(folder):
    definition = {"url": "http://v.example/s", "name": "s", "resource": "Observation", "select": [{
        "column": [{"name": "at", "path": "issued", "description": "when"},
                   {"name": "done", "path": "status = 'final'", "type": "boolean"},
                   {"name": "codes", "path": "code.coding.code", "collection": True},
                   {"name": "n", "path": "value.ofType(integer)"},
                   {"name": "d", "path": "value.ofType(Quantity).value", "type": "decimal",
                    "tag": [{"name": "ansi/type", "value": "NUMERIC(10,3)"}]}]}]}
    code, out, err = run("view", "--schema", folder.write("s.json", definition), f"{folder.name}/none")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        "view s on Observation".split(), "column type SQL type collection".split(),
        "at instant TIMESTAMP WITH TIME ZONE no".split(), "done boolean BOOLEAN no".split(),
        "codes code CHARACTER VARYING ARRAY yes".split(), "n integer INT no".split(),
        "d decimal NUMERIC(10,3) no".split()], out
    code, out, _ = run("view", "--schema", "--json", folder.write("s.json", definition),
                       "--view", folder.write("k.json", KEYS))
    views = json.loads(out)["views"]
    assert code == 0 and [v["name"] for v in views] == ["s", "keys"]
    assert views[0]["url"] == "http://v.example/s" and views[0]["resource"] == "Observation"
    assert views[0]["columns"][0] == {"name": "at", "type": "instant", "collection": False,
                                      "sql": "TIMESTAMP WITH TIME ZONE", "description": "when"}


def wrong_use_says_what_is_wrong(folder):
    view = folder.write("v.json", KEYS)
    for arguments, text in [(["--threads", "65"], "0 to 64"), (["--threads", "two"], "0 to 64"),
                            (["--format", "xml"], "csv, ndjson, json or table"),
                            (["--json"], "--schema"), (["--now", "today"], "--now wants")]:
        code, out, err = run("view", view, *arguments)
        assert (code, out) == (2, "") and text in err, (arguments, err)
    assert run("view", "--view")[0] == 2 and run("view", "--nothing", view)[0] == 2
    derived = {"name": "d", "resource": "Record", "select": [{"column": [
        {"name": "a", "path": "id", "type": "id"}]}]}
    code, _, err = run("view", "--mappings", "/nowhere", folder.write("d.json", derived))
    assert code == 1 and "/nowhere" in err, err


# --- samples ---
def python_rows(paths, kind, make):
    found = []
    for path in paths:
        text = path.read_text()
        documents = ([json.loads(text)] if path.suffix == ".json" else
                     [json.loads(line) for line in text.splitlines()])
        for document in documents:
            entries = [e["resource"] for e in document.get("entry", [])]
            found += [make(r) for r in [document, *entries] if r["resourceType"] == kind]
    return found


def real_samples_give_what_python_finds(folder):
    paths = [*sorted((SHARED / "samples/bulk-ndjson-10").glob("*.ndjson")),
             *sorted((SHARED / "samples/synthea-smart-r4").glob("*.json"))]
    view = {"resource": "Observation", "name": "o", "select": [{"column": [
        {"name": "id", "path": "id"}, {"name": "at", "path": "effective.ofType(dateTime)"},
        {"name": "value", "path": "value.ofType(Quantity).value"},
        {"name": "unit", "path": "value.ofType(Quantity).unit"}]}]}
    more = {"resource": "Condition", "name": "c", "select": [{"column": [
        {"name": "id", "path": "id"}, {"name": "code", "path": "code.coding.code.first()"}]}]}
    out = f"{folder.name}/out/"
    code, _, err = run("view", folder.write("o.json", view), "--view", folder.write("c.json", more),
                       *[str(p) for p in paths], "--out", out, "--threads", "2")
    assert code == 0, err
    got = {p.stem: [json.loads(x) for x in p.read_text().splitlines()] for p in Path(out).iterdir()}
    want = python_rows(paths, "Observation", lambda r: {
        "id": r["id"], "at": r.get("effectiveDateTime"), "value": r.get("valueQuantity", {}).get("value"),
        "unit": r.get("valueQuantity", {}).get("unit")})
    assert len(want) > 1000 and got["o"] == want
    assert got["c"] == python_rows(paths, "Condition", lambda r: {
        "id": r["id"], "code": r["code"]["coding"][0]["code"]})


TESTS = [a_folder_stands_for_its_files, a_folder_without_files_is_told,
         compressed_input_is_told_by_its_bytes, damaged_gzip_is_an_input_that_was_not_read,
         line_ends_marks_and_blanks, a_line_cut_off_spoils_one_message,
         a_message_over_the_limit_is_passed_over, bundles_in_lines_and_in_each_other,
         references_within_a_bundle_have_keys, what_is_below_a_level_is_kept,
         several_views_share_one_pass, a_bundle_that_gives_no_row_is_read_for_its_entries,
         each_view_has_its_own_output,
         outputs_that_cannot_be_are_refused_first, a_view_of_a_mapping_set_needs_the_set,
         a_full_disk_is_an_error, a_reader_that_goes_away_ends_it_quietly,
         a_file_that_grows_is_read_to_its_new_end, a_file_that_becomes_shorter_is_told,
         a_file_that_loses_a_line_is_told,
         a_file_that_is_written_over_gives_findings, lines_longer_than_a_block,
         any_number_of_threads_gives_the_same_bytes, unordered_rows_are_the_same_rows,
         a_named_pipe_is_opened_once, rows_come_while_the_input_is_open, memory_stays_flat,
         progress_is_for_terminals, lenient_forgives_messages_not_files, the_schema_names_types,
         wrong_use_says_what_is_wrong, real_samples_give_what_python_finds]


def main():
    tap = Tap()
    for test in TESTS:
        title, problems = test.__name__.replace("_", " "), []
        if test is real_samples_give_what_python_finds and not (SHARED / "samples").is_dir():
            tap.skip(title, f"{SHARED}/samples is not there")
            continue
        with tempfile.TemporaryDirectory() as name:
            try:
                test(Folder(name))
            except Exception as error:  # any failure belongs to this test alone
                problems.append(f"{type(error).__name__}: {error}")
        tap.result(title, problems)
    return tap.done()


if __name__ == "__main__":
    raise SystemExit(main())
