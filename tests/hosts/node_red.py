# SPDX-License-Identifier: Apache-2.0
"""The nodes in a real Node-RED: its palette, its admin API, its credential store, its log, and a browser."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from site_files import Site

HERE = Path(__file__).resolve().parent / "node-red"
PACKAGE = HERE.parents[2] / "plugin" / "hosts" / "node-red"
MODULES = HERE / "node_modules"
NODE = HERE.parents[1] / "servers" / ".node" / "node"
VERSIONS = {"4.1": "node-red-4", "5.0": "node-red-5"}
CHROMIUM = os.environ.get("FHIRTRIAL_CHROMIUM", "/usr/bin/chromium")
START_SECONDS = 120
WAIT_SECONDS = 30
SITE_KEY = "fedcba9876543210fedcba9876543210"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, look, seconds=WAIT_SECONDS):
    """What `look` gives as soon as it gives anything; AssertionError when it never does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def lacking():
    """Why the nodes cannot be tested here, or None."""
    if not NODE.exists() or not (MODULES / ".fhirtrial-stamp").exists():
        return "Node-RED is not there: tests/servers/install --node-red"
    return None


class NodeRed:
    """A running Node-RED with the package in its user folder, and a site."""

    def __init__(self, folder, version, library):
        self.user = Path(folder) / "node-red"
        self.site = Site(Path(folder) / "site")
        self.library = self.site.library(library)
        self.temporary = Path(folder) / "tmp"
        self.temporary.mkdir()
        self._install()
        self.version = version
        self.process = None
        self.start()

    def _install(self):
        modules = self.user / "node_modules"
        modules.mkdir(parents=True)
        shutil.copytree(PACKAGE, modules / "node-red-contrib-fhirtrial")
        for name in ("koffi", "@koromix"):
            (modules / name).symlink_to(MODULES / name)
        dependencies = {"node-red-contrib-fhirtrial": "0.1.0"}
        (self.user / "package.json").write_text(json.dumps({"name": "user", "dependencies": dependencies}))

    def start(self):
        self.port = free_port()
        self.log = open(self.user / "log", "ab")
        self.process = subprocess.Popen(
            [NODE, MODULES / VERSIONS[self.version] / "red.js", "--userDir", self.user, "-s", HERE / "settings.cjs"],
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "FHIRTRIAL_PORT": str(self.port), "TMPDIR": str(self.temporary)},
            start_new_session=True,
        )
        until("Node-RED answers", lambda: self.get("/nodes"), START_SECONDS)
        until("its flows are started", lambda: "Started flows" in self.said(), START_SECONDS)

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None
        self.log.close()

    def said(self):
        return (self.user / "log").read_text(errors="replace")

    def ask(self, path, body=None, **headers):
        """(status, headers, text) of a request."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def get(self, path):
        try:
            return json.loads(self.ask(path, Accept="application/json")[2])
        except OSError:
            return None

    def deploy(self, nodes, credentials=None):
        """A full deployment of these nodes; returns when their flows are started."""
        if credentials:
            nodes = [n | {"credentials": credentials} if n["type"] == "fhirtrial-config" else n for n in nodes]
        before = self.said().count("Started flows")
        body = json.dumps({"flows": nodes}).encode()
        status, _, text = self.ask(
            "/flows", body, **{"Content-Type": "application/json", "Node-RED-API-Version": "v2"}
        )
        assert status == 200, f"POST /flows: {status} {text}"
        until("the flows are started", lambda: self.said().count("Started flows") > before)

    def post(self, name):
        """(status, parsed answer) of a message of the contract, posted to the example's /fhir."""
        data = Path(self.site.path(name)).read_bytes()
        status, headers, text = self.ask("/fhir", data, **{"Content-Type": "application/fhir+json"})
        self.answered = headers
        return status, json.loads(text) if text else None

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self.site.folder}/store.db?mode=ro", uri=True)) as store:
            return store.execute(sql).fetchall()

    def example(self, name, file="good", **settings):
        """The nodes of an example of the package, with its configuration node set up for the site."""
        nodes = json.loads((PACKAGE / "examples" / f"{name}.json").read_text())
        for node in nodes:
            if node["type"] == "fhirtrial-config":
                node.update(library=str(self.library), configFile=str(self.site.path(file)), **settings)
        return nodes


OUTBOX_OVER_HTTP = [
    {"id": "o-in", "type": "http in", "z": "fhirtrial-http", "url": "/outbox", "method": "post", "wires": [["o-set"]]},
    {
        "id": "o-set",
        "type": "change",
        "z": "fhirtrial-http",
        "rules": [
            {"t": "set", "p": "topic", "pt": "msg", "to": "payload.command", "tot": "msg"},
            {"t": "set", "p": "payload", "pt": "msg", "to": "payload.about", "tot": "msg"},
        ],
        "wires": [["o-do"]],
    },
    {"id": "o-do", "type": "fhirtrial-outbox", "z": "fhirtrial-http", "configuration": "fhirtrial-cfg", "every": 0,
     "wires": [["o-out"]]},
    {"id": "o-out", "type": "http response", "z": "fhirtrial-http", "statusCode": "200", "wires": []},
    {"id": "o-catch", "type": "catch", "z": "fhirtrial-http", "scope": ["o-do"], "wires": [["o-error"]]},
    {"id": "o-error", "type": "http response", "z": "fhirtrial-http", "statusCode": "500", "wires": []},
]  # fmt: skip


def the_palette(red):
    for node_set in red.get("/nodes"):
        if node_set["module"] == "node-red-contrib-fhirtrial":
            assert node_set["enabled"] and not node_set.get("err"), node_set
    types = {t for n in red.get("/nodes") if n["module"] == "node-red-contrib-fhirtrial" for t in n["types"]}
    assert types == {"fhirtrial-config", "fhirtrial", "fhirtrial-outbox"}, types
    examples = json.dumps(red.get("/library/examples/flows/node-red-contrib-fhirtrial"))
    assert "fhir-over-http" in examples and "fhir-from-files" in examples, examples


def messages_over_http(red):
    red.deploy(red.example("fhir-over-http"))
    status, verdicts = red.post("woman")
    assert status == 200 and verdicts[0]["verdict"]["verdict"] == "eligible", (status, verdicts)
    status, outcome = red.post("broken")
    assert status == 422 and outcome["resourceType"] == "OperationOutcome", (status, outcome)
    assert outcome["issue"][0]["code"] == "structure", outcome
    status, verdicts = red.post("unmatched")
    assert (status, verdicts) == (200, []), (status, verdicts)
    status, _ = red.post("bundle")
    assert status == 200, status


def the_bytes_are_taken_as_they_came(red):
    """The example's HTTP node must not parse: what was 0.50 would be given on as 0.5."""
    red.deploy(red.example("fhir-over-http"))
    woman = Path(red.site.path("woman")).read_bytes() + b"  "
    status, _, _ = red.ask("/fhir", woman, **{"Content-Type": "application/json", "X-Message-Id": "m-1"})
    assert status == 200
    assert red.rows("SELECT sha256 FROM inbox") == [(hashlib.sha256(woman).digest(),)]


def a_message_id_of_the_sender(red):
    red.deploy(red.example("fhir-over-http"))
    headers = {"Content-Type": "application/fhir+json", "X-Message-Id": "m-7"}
    woman, man = (Path(red.site.path(name)).read_bytes() for name in ("woman", "man"))
    assert red.ask("/fhir", woman, **headers)[0] == 200
    assert red.ask("/fhir", woman, **headers)[0] == 200
    status, _, text = red.ask("/fhir", man, **headers)
    assert status == 422 and '"duplicate"' in text, (status, text)


def secrets_stay_in_the_credential_store(red):
    configuration = red.site.configuration() | {"threads": 1}
    del configuration["siteKey"]
    nodes = red.example("fhir-over-http", configFrom="here", config=json.dumps(configuration))
    red.deploy(nodes, {"siteKey": SITE_KEY})
    assert red.post("woman")[0] == 200
    for file in ("flows.json", "flows_cred.json"):
        assert SITE_KEY not in (red.user / file).read_text(), file
    assert SITE_KEY not in red.said() and SITE_KEY not in json.dumps(red.get("/flows"))
    folders = list(red.temporary.glob("fhirtrial-*"))
    assert [f.stat().st_mode & 0o777 for f in folders] == [0o700], folders
    assert [f.stat().st_mode & 0o777 for f in folders[0].iterdir()] == [0o600]
    red.deploy([])
    assert not list(red.temporary.glob("fhirtrial-*")), "the key's file is still there"


def a_wrong_configuration(red):
    red.deploy(red.example("fhir-over-http", "misspelt"))
    until("the log names the mistake", lambda: 'did you mean "mappings"' in red.said())
    status, outcome = red.post("woman")
    assert status == 500 and "not open" in outcome["issue"][0]["details"]["text"], (status, outcome)
    red.deploy(red.example("fhir-over-http"))
    assert red.post("woman")[0] == 200


def no_such_library(red):
    nodes = red.example("fhir-over-http")
    nodes[-1]["library"] = "/nowhere/libfhirtrial.so"
    red.deploy(nodes)
    assert red.post("woman")[0] == 500
    assert red.process.poll() is None


def a_node_without_a_configuration(red):
    """No message is answered as if it had been taken in."""
    nodes = red.example("fhir-over-http") + OUTBOX_OVER_HTTP
    red.deploy([node | {"configuration": ""} if "configuration" in node else node for node in nodes])
    status, outcome = red.post("woman")
    assert status == 500 and outcome["resourceType"] == "OperationOutcome", (status, outcome)
    assert "no fhirtrial configuration is chosen" in outcome["issue"][0]["details"]["text"], outcome
    assert red.ask("/outbox", b"{}", **{"Content-Type": "application/json"})[0] == 500


def a_message_without_a_body(red):
    red.deploy(red.example("fhir-over-http"))
    status, _, text = red.ask("/fhir", b"", **{"Content-Type": "application/fhir+json"})
    assert status == 400 and "OperationOutcome" in text, (status, text)


def a_busy_store_is_waited_for(red):
    red.deploy(red.example("fhir-over-http"))
    assert red.post("man")[0] == 200
    red.site.hold()
    waiting = subprocess.Popen(
        ["python3", "-c", "import sys, urllib.request as u; print(u.urlopen(u.Request(sys.argv[1], open(sys.argv[2], 'rb').read()),"
         " timeout=60).status)", f"http://127.0.0.1:{red.port}/fhir", str(red.site.path("woman"))],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    time.sleep(1.5)
    assert waiting.poll() is None, "the message was answered while the store was locked"
    red.site.release()
    assert waiting.communicate(timeout=60)[0].strip() == b"200"


def too_much_at_once(red):
    red.deploy(red.example("fhir-over-http", waitingMost=1, retryFor=1))
    assert red.post("man")[0] == 200
    red.site.hold()
    try:
        ask = ("import sys, urllib.request as u, urllib.error as e\n"
               "try: print(u.urlopen(u.Request(sys.argv[1], open(sys.argv[2], 'rb').read()), timeout=60).status)\n"
               "except e.HTTPError as x: print(x.code, x.headers['retry-after'])")  # fmt: skip
        command = ["python3", "-c", ask, f"http://127.0.0.1:{red.port}/fhir", str(red.site.path("woman"))]
        several = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
        answers = [p.communicate(timeout=60)[0].split() for p in several]
    finally:
        red.site.release()
    assert all(a == [b"503", b"30"] for a in answers), answers
    assert red.post("woman")[0] == 200


def the_outbox(red):
    red.deploy(red.example("fhir-over-http") + OUTBOX_OVER_HTTP)
    assert red.post("woman")[0] == 200

    def outbox(command, about=None):
        body = json.dumps({"command": command, "about": about}).encode()
        status, _, text = red.ask("/outbox", body, **{"Content-Type": "application/json"})
        return status, json.loads(text)

    until("the Flag is delivered", lambda: outbox("status")[1]["outbox"].get("done") == 1)
    status, entries = outbox("list", {"state": "done"})
    assert status == 200 and [e["state"] for e in entries] == ["done"], entries
    assert outbox("retry", {})[0] == 500
    assert outbox("nonsense")[0] == 500
    red.site.criterion("male")
    assert outbox("reload") == (200, {"reloaded": True})
    assert red.post("man")[1][0]["verdict"]["verdict"] == "eligible"


def a_file_of_resources(red):
    file = red.site.folder / "feed.ndjson"
    lines = [Path(red.site.path(name)).read_text().replace("\n", " ") for name in ("woman", "man")]
    file.write_text("\n".join([lines[0], '{"resourceType":"Patient"', lines[1]]) + "\n")
    nodes = red.example("fhir-from-files")
    for node in nodes:
        if node["type"] == "inject":
            node["props"][0]["v"] = str(file)
    red.deploy(nodes)
    assert red.ask("/inject/f-start", b"{}", **{"Content-Type": "application/json"})[0] == 200
    problems = Path(f"{file}.problems.ndjson")
    until("the problem stands in its file", lambda: problems.exists() and problems.read_text().endswith("\n"))
    told = [json.loads(line) for line in problems.read_text().splitlines()]
    assert [p["line"] for p in told] == [2], told
    until("both resources are stored", lambda: red.rows("SELECT count(*) FROM resource") == [(2,)])


def the_library_is_replaced_by_a_deploy(red):
    nodes = red.example("fhir-over-http")
    red.deploy(nodes)
    assert red.post("woman")[0] == 200
    red.site.replace_library(red.built)
    red.deploy(nodes)
    assert red.post("woman")[0] == 200
    maps = Path(f"/proc/{red.process.pid}/maps").read_text()
    inodes = {m.group(1) for m in re.finditer(rf" (\d+) +{re.escape(str(red.library))}", maps)}
    assert inodes == {str(Path(red.library).stat().st_ino)}, inodes


def many_deploys_leave_nothing_behind(red):
    nodes = red.example("fhir-over-http", "workers")
    red.deploy(nodes)
    assert red.post("woman")[0] == 200
    tasks = Path(f"/proc/{red.process.pid}/task")
    files = Path(f"/proc/{red.process.pid}/fd")
    before = len(list(tasks.iterdir())), len(list(files.iterdir()))
    for _ in range(15):
        red.deploy(nodes)
    assert red.post("woman")[0] == 200
    after = len(list(tasks.iterdir())), len(list(files.iterdir()))
    assert after[0] <= before[0] and after[1] <= before[1] + 2, f"threads and files {before} became {after}"


def a_restart_goes_on_with_the_same_store(red):
    red.deploy(red.example("fhir-over-http"))
    assert red.post("woman")[0] == 200
    red.stop()
    red.start()
    assert red.post("woman")[0] == 200
    assert red.rows("SELECT count(*) FROM resource") == [(1,)]


BROWSER_FLOW = [
    {"id": "tab", "type": "tab", "label": "Screening"},
    {"id": "in", "type": "http in", "z": "tab", "name": "", "url": "/fhir", "method": "post", "skipBodyParsing": True,
     "x": 140, "y": 140, "wires": [[]]},
    {"id": "out", "type": "http response", "z": "tab", "name": "", "x": 590, "y": 100, "wires": []},
    {"id": "seen", "type": "debug", "z": "tab", "name": "verdicts", "active": True, "tosidebar": True,
     "complete": "payload", "targetType": "msg", "x": 600, "y": 160, "wires": []},
    {"id": "refused", "type": "http response", "z": "tab", "name": "refused", "x": 600, "y": 220, "wires": []},
]  # fmt: skip


def a_newcomer_in_a_browser(red):
    """browser.mjs; its pictures stay where FHIRTRIAL_PICTURES says."""
    assert Path(CHROMIUM).exists(), f"{CHROMIUM} is not there: apt-get install chromium"
    configuration = red.site.configuration() | {"threads": 1}
    del configuration["siteKey"]
    file = red.site.folder / "here.json"
    file.write_text(json.dumps(configuration, indent=2))
    red.deploy(BROWSER_FLOW)
    pictures = Path(os.environ.get("FHIRTRIAL_PICTURES", red.temporary))
    run = subprocess.run(
        [NODE, HERE / "browser.mjs", f"http://127.0.0.1:{red.port}", red.library, file, SITE_KEY,
         red.site.path("bundle"), pictures],
        capture_output=True, text=True, timeout=180, env={**os.environ, "FHIRTRIAL_CHROMIUM": CHROMIUM},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    assert SITE_KEY not in (red.user / "flows.json").read_text()


TESTS = (
    the_palette,
    messages_over_http,
    the_bytes_are_taken_as_they_came,
    a_message_id_of_the_sender,
    secrets_stay_in_the_credential_store,
    a_wrong_configuration,
    no_such_library,
    a_node_without_a_configuration,
    a_message_without_a_body,
    a_busy_store_is_waited_for,
    too_much_at_once,
    the_outbox,
    a_file_of_resources,
    the_library_is_replaced_by_a_deploy,
    many_deploys_leave_nothing_behind,
    a_restart_goes_on_with_the_same_store,
    a_newcomer_in_a_browser,
)


@contextlib.contextmanager
def running(version, library):
    with tempfile.TemporaryDirectory(prefix="fhirtrial-node-red-") as folder:
        red = NodeRed(folder, version, library)
        red.built = library
        try:
            yield red
        finally:
            red.stop()


def tests(library):
    """(name, problems) of each test with each version of Node-RED."""
    for version in VERSIONS:
        for test in TESTS:
            name = f"{test.__name__.replace('_', ' ')} (Node-RED {version})"
            problems = []
            try:
                with running(version, library) as red:
                    test(red)
            except (AssertionError, OSError, KeyError, IndexError, TypeError) as error:
                problems = [repr(error)]
            yield name, problems
