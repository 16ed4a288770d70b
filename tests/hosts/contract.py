# SPDX-License-Identifier: Apache-2.0
"""Plays contract.txt against an agent: what a step says is sent, what comes back is compared."""

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import tempfile
from pathlib import Path

from site_files import Site

HERE = Path(__file__).resolve().parent
NAMES = {
    0: "OK", 1: "PENDING", 2: "NOMATCH", -1: "E_ARG", -2: "E_HANDLE", -3: "E_ABI", -4: "E_CONFIG", -5: "E_BUFFER",
    -6: "E_PARSE", -7: "E_REJECT", -8: "E_RETRY", -9: "E_AUTH", -10: "E_FULL", -11: "E_CLOSED", -12: "E_NOMEM",
    -13: "E_FORK", -99: "E_INTERNAL",
}  # fmt: skip
FILES = {"open", "configure", "process", "together", "busy", "redeploy"}  # commands whose arguments are names of files
ANSWER_SECONDS = 120


class Broken(Exception):
    """A step had another outcome than the contract says."""


def step_of(line):
    """(command, arguments, code, words)."""
    told, _, expected = line.partition("=>")
    command, *arguments = told.split()
    code, *words = expected.split() or [None]
    return command, arguments, code, words


def cases(path):
    """[(name, [step])]; a step is (place, command, arguments, code, words)."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].rstrip() if line.startswith("#") else line.rstrip()
        if line.startswith("case "):
            found.append((line.removeprefix("case "), []))
        elif line:
            found[-1][1].append((f"{path.name}:{number}", *step_of(line)))
    return found


class Agent:
    """The process of one binding's agent."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        os.set_blocking(self.process.stdout.fileno(), False)
        self.rest = b""

    def tell(self, command, *arguments):
        """(code, text) of the agent's answer; EOFError where it ended instead."""
        try:
            self.process.stdin.write("\t".join([command, *map(str, arguments)]).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        while b"\n" not in self.rest:
            if not select.select([self.process.stdout], [], [], ANSWER_SECONDS)[0]:
                raise Broken(f"{command}: no answer within {ANSWER_SECONDS} s")
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                raise EOFError
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        code, _, text = line.decode(errors="replace").partition("\t")
        return int(code), text

    def end(self):
        """Ends the process; what it said on standard error."""
        try:
            said = self.process.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            said = self.process.communicate()[1]
        return said.decode(errors="replace")[-2000:]


class Play:
    """One case against one binding."""

    def __init__(self, binding, library, folder):
        self.binding, self.built = binding, library
        self.site = Site(folder)
        self.begin()

    def begin(self):
        self.agent = Agent(*self.binding)
        self.do_load()

    def do_load(self):
        code, text = self.agent.tell("load", self.site.library(self.built))
        if code != 0:
            raise Broken(f"load: {code} {text}")

    def do_again(self):
        self.agent.end()
        self.begin()

    def do_lock(self):
        self.site.hold()

    def do_unlock(self):
        self.site.release()

    def do_mappings(self, which):
        self.site.criterion({"men": "male", "women": "female"}[which])

    def do_release(self):
        listed = json.loads(self.agent.tell("query", "quarantine")[1])
        code, text = self.agent.tell("query", f"quarantine.release?sha256={listed[0]['sha256']}")
        if code != 0:
            raise Broken(f"{code} {text}")

    def do_replace(self):
        self.site.replace_library(self.built)

    def do_loaded_anew(self):
        path = self.site.folder / "libfhirtrial.so"
        maps = Path(f"/proc/{self.agent.process.pid}/maps").read_text()
        inodes = {m.group(1) for m in re.finditer(rf" (\d+) +{re.escape(str(path))}", maps)}
        if inodes != {str(path.stat().st_ino)}:
            raise Broken(f"of {path} the inodes {inodes} are mapped, not {path.stat().st_ino}")

    def step(self, command, arguments, code, words):
        own = getattr(self, "do_" + command.replace("-", "_"), None)
        if own:
            return own(*arguments)
        if command in FILES:
            arguments = [a if a.startswith("{") or a.isdigit() else self.site.path(a) for a in arguments]
        try:
            got, text = self.agent.tell(command, *arguments)
        except EOFError:
            got, text = None, ""
        name = NAMES.get(got, got) if got is not None else "dies"
        if code is not None and name != code:
            raise Broken(f"the outcome is {name}: {text[:600]}" + (self.agent.end() if got is None else ""))
        if words[:1] == ["only"]:
            words, others = [], set(text.split()) - set(words[1:])
            if others or not text:
                raise Broken(f"the answer has {others}: {text[:600]}")
        lost = [word for word in words if word not in text]
        if lost:
            raise Broken(f"the answer lacks {lost}: {text[:600]}")

    def end(self):
        if self.site.lock:
            self.site.release()
        return self.agent.end()


def play_steps(run, steps):
    """The problems of the first step that goes wrong; steps as of cases()."""
    for place, command, *more in steps:
        try:
            run.step(command, *more)
        except (Broken, EOFError, OSError) as error:
            return [f"{place}: {' '.join([command, *more[0]])}: {error!r}"]
    return []


def problems_of(run, lines):
    """The same for lines that are written as in the contract."""
    return play_steps(run, [("step", *step_of(line)) for line in lines])


@contextlib.contextmanager
def site(binding, library):
    """A Play with a fresh site."""
    with tempfile.TemporaryDirectory(prefix="fhirtrial-hosts-") as folder:
        run = Play(binding, library, folder)
        try:
            yield run
        finally:
            run.said = run.end()


def play(tap, label, binding, library, path=HERE / "contract.txt"):
    """Every case as one test. `binding`: (command of the agent, its environment)."""
    for name, steps in cases(path):
        try:
            with site(binding, library) as run:
                problems = play_steps(run, steps)
            if problems and run.said:
                problems.append(run.said)
        except (Broken, EOFError, OSError) as error:
            problems = [repr(error)]
        tap.result(f"{label}: {name}", problems)
