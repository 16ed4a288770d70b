# SPDX-License-Identifier: Apache-2.0
"""What each binding needs, and how its agent is started."""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import contract
import node_red
from site_files import Site

HERE = Path(__file__).resolve().parent
HOSTS = HERE.parents[1] / "plugin" / "hosts"


class Binding:
    """`build` is the folder that the shims were built in."""

    def __init__(self, build):
        self.build = build

    def lacking(self):
        """Why it cannot run here, or None."""
        return None

    def program_or_shim(self, program, package, shim, headers):
        """What is absent of a program and the module that was built for it."""
        if not shutil.which(program):
            return absent(program, package)
        return None if (self.build / "hosts" / shim).exists() else absent(f"hosts/{shim}", f"{headers} and build again")

    def agent(self):
        """(command, environment) of the agent; None where an engine has no binding that one could be written in."""
        return None

    def more(self, library):
        """(test, problems) of what only this engine has."""
        return iter(())


def absent(what, package):
    return f"{what} is not there: apt-get install {package}"


class Program(Binding):
    """The command fhirtrial, which is a host like any other."""

    def more(self, library):
        drill = self.build / "tests" / "hosts" / ".libs" / "libdrill.so"
        yield "crash drill, and the command that releases", self.drill(drill)

    def drill(self, drill):
        with tempfile.TemporaryDirectory(prefix="fhirtrial-hosts-") as folder:
            site = Site(folder)

            def command(name, *arguments):
                config = ["--config", site.path("good"), "--library", drill]
                return run(self.build / "fhirtrial", name, *config, *arguments)

            dead = [command("run", site.path("fatal")).returncode for _ in range(2)]
            third = command("run", site.path("fatal"), site.path("woman"))
            listed = json.loads(command("quarantine", "--json").stdout)
            digest = hashlib.sha256(site.path("fatal").read_bytes()).hexdigest()
            unknown = command("quarantine", "release", "00").returncode
            released = command("quarantine", "release", digest).returncode
            again = command("run", site.path("fatal")).returncode
        return problems(
            (all(code < 0 for code in dead), f"the planted defect did not end the program: {dead}"),
            (third.returncode == 1 and "quarantined" in third.stderr, f"the third time: {third}"),
            ("2 messages: 1 taken" in third.stdout + third.stderr, f"the other message: {third}"),
            ([one["sha256"] for one in listed] == [digest], f"listed: {listed}, not {digest}"),
            (unknown == 4, f"releasing what is not there: status {unknown}"),
            (released == 0 and again < 0, f"releasing: status {released}; the message then: {again}"),
        )


class C(Binding):
    def agent(self):
        return [str(self.build / "tests" / "hosts" / "agent")], {}

    def more(self, library):
        yield "examples/host.c with pkg-config, against an installed library", self.example()

    def example(self):
        """Installs, compiles the example as its first lines say, runs it."""
        with tempfile.TemporaryDirectory(prefix="fhirtrial-hosts-") as folder:
            site, stage = Site(Path(folder, "site")), Path(folder, "stage")
            made = run("make", "-s", "-C", self.build, "install", f"DESTDIR={stage}")
            if made.returncode:
                return [made.stderr]
            pc = next(stage.rglob("fhirtrial.pc"))
            environment = {"PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(stage)}
            flags = run("pkg-config", "--cflags", "--libs", "fhirtrial", **environment).stdout.split()
            compiler = shlex.split(os.environ.get("CC", "cc"))
            host = Path(folder, "host")
            source = HERE.parents[1] / "examples" / "host.c"
            made = run(*compiler, "-Wall", "-Wextra", "-Werror", "-o", host, source, *flags)
            if made.returncode:
                return [made.stderr]
            environment = {"LD_LIBRARY_PATH": str(pc.parents[1])}
            done = run(host, site.path("good"), site.path("woman"), site.path("broken"), **environment)
            flags = site.folder / "flags.ndjson"
            return problems(
                (done.returncode == 1, f"status {done.returncode}, for one message of two was refused: {done.stderr}"),
                ('"verdict":"eligible"' in done.stdout, f"no verdict: {done.stdout}"),
                ('"code":"structure"' in done.stdout, f"no reason of the refusal: {done.stdout}"),
                (flags.exists() and flags.read_text().count("\n") == 1, "the Flag did not leave"),
            )


class Python(Binding):
    def agent(self):
        return [sys.executable, "-B", str(HERE / "agent.py")], {"PYTHONPATH": str(HOSTS / "python")}

    def more(self, library):
        if not shutil.which("mypy"):
            return
        done = run("mypy", "--strict", HOSTS / "python" / "fhirtrial.py", "--cache-dir", os.devnull)
        yield "mypy --strict", [done.stdout] if done.returncode else []


class Tcl(Binding):
    def lacking(self):
        return self.program_or_shim("tclsh8.6", "tcl8.6", "fhirtrial_tcl.so", "tcl-dev")

    def agent(self):
        shim = self.build / "hosts" / "fhirtrial_tcl.so"
        return ["tclsh8.6", str(HERE / "agent.tcl")], {"FHIRTRIAL_SHIM": str(shim)}


class Lua(Binding):
    def lacking(self):
        return self.program_or_shim("lua5.4", "lua5.4", "fhirtrial.so", "liblua5.4-dev")

    def agent(self):
        return ["lua5.4", str(HERE / "agent.lua")], {"LUA_CPATH_5_4": f"{self.build}/hosts/?.so"}


JARS = Path("/usr/share/java")


class Java(Binding):
    """The class of plugin/hosts/java under JNA; `build` was filled by plugin/hosts/java/build."""

    def lacking(self):
        if not shutil.which("javac"):
            return absent("javac", "default-jdk-headless")
        for jar, package in (("jna.jar", "libjna-java"), ("js.jar", "librhino-java")):
            if not (JARS / jar).exists():
                return absent(jar, package)
        return None

    def java(self, *arguments):
        """A JVM's command line; a crash leaves no report behind."""
        folder = self.build / "hosts" / "java"
        jars = [folder / "fhirtrial.jar", folder / "tests", JARS / "jna.jar", JARS / "js.jar"]
        options = ["-XX:+SuppressFatalErrorMessage", "-XX:-CreateCoredumpOnCrash", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
        return ["java", *options, "-cp", ":".join(map(str, jars)), *map(str, arguments)]

    def agent(self):
        return self.java("Agent"), {}

    def more(self, library):
        with contract.site(self.agent(), library) as play:
            yield "a forgotten handle is closed", contract.problems_of(
                play, ["open good => OK", "process woman => OK", "forget => OK left 0", "open good => OK", "close 0 => OK"]
            )
            yield "300 deployments leave no handle, thread or file", contract.problems_of(
                play, ["redeploy 20 workers => OK", "redeploy 300 workers => OK handles 0, more threads 0, more files 0"]
            )
        names = zipfile.ZipFile(self.build / "hosts" / "java" / "fhirtrial.zip").namelist()
        wanted = {"fhirtrial/plugin.xml", "fhirtrial/fhirtrial.jar"}
        yield "the extension holds what its plugin.xml names", problems((wanted <= set(names), f"it holds {names}"))


class Rhino(Java):
    """The same class from scripts of Rhino, and the channel of Open Integration Engine."""

    def script(self, name, *arguments):
        return self.java("org.mozilla.javascript.tools.shell.Main", HERE / "java" / name, *arguments)

    def agent(self):
        return self.script("agent.js"), {}

    def more(self, library):
        yield "the channel's scripts", self.channel(library)

    def channel(self, library):
        """Good, sent again, wrong, while the store is locked, and again afterwards."""
        with tempfile.TemporaryDirectory(prefix="fhirtrial-hosts-") as folder:
            site = Site(folder)
            command = self.script("channel.js", HOSTS / "java" / "channel.xml", library, site.path("good"))
            host = Talk(command)
            deployed = host.read()
            woman, again, broken = (host.ask(word) for word in (site.path("woman"), f"{site.path('woman')}\t1", site.path("broken")))
            site.hold()
            queued = host.ask(site.path("man"))
            site.release()
            sent = host.ask(f"{site.path('man')}\t3")
            ended = host.end()
        return problems(
            (deployed == "deployed\t1", f"after deploying: {deployed}"),
            (woman.startswith("SENT\ts1: eligible\t{"), f"a good message: {woman}"),
            (again == woman, f"the same message again: {again}"),
            (broken.startswith("ERROR\tnull\t") and "OperationOutcome" in broken, f"a bad message: {broken}"),
            (queued.startswith("QUEUED\tnull\t"), f"while the store is locked: {queued}"),
            (sent.startswith("SENT\ts1: ineligible\t{"), f"from the queue: {sent}"),
            (ended == ["undeployed\t0"], f"after undeploying: {ended}"),
            (any('"event":"message-refused"' in line for line in host.log), f"the engine's log: {host.log}"),
        )


class Orthanc(Binding):
    """A server that loads the plugin, in a network namespace: it listens on every address."""

    def lacking(self):
        lacking = self.program_or_shim("Orthanc", "orthanc", "fhirtrial_orthanc.so", "orthanc-dev")
        if lacking:
            return lacking
        alone = run(*self.namespace(), "true")
        return f"no network namespace can be made here: {alone.stderr.strip()}" if alone.returncode else None

    def namespace(self):
        mapped = [] if os.geteuid() == 0 else ["--map-root-user"]
        return ["unshare", "--net", *mapped, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]

    def more(self, library):
        plugin, drill = self.build / "hosts" / "fhirtrial_orthanc.so", self.build / "tests" / "hosts" / ".libs" / "libdrill.so"
        done = run(*self.namespace(), sys.executable, "-B", HERE / "orthanc.py", plugin, library, drill)
        lines = done.stdout.splitlines()
        ended = [] if lines[-1:] == ["done"] else [f"it ended early, status {done.returncode}: {done.stderr}"]
        yield "loaded, messages, refusals, no password, crash drill", [l for l in lines if l != "done"] + ended


class NodeRed(Binding):
    """The nodes' own class under the Node of the test servers, then the nodes in Node-RED itself."""

    def lacking(self):
        return node_red.lacking()

    def agent(self):
        return [str(node_red.NODE), str(node_red.HERE / "agent.js")], {"NODE_PATH": str(node_red.MODULES)}

    def more(self, library):
        return node_red.tests(library)


class Talk:
    """A program that is told file names and answers each with a line; lines of its log are kept apart."""

    def __init__(self, command):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self.process = subprocess.Popen(command, text=True, **pipes)
        self.log = []

    def read(self):
        while (line := self.process.stdout.readline().rstrip("\n")).startswith("log\t"):
            self.log.append(line)
        return line

    def ask(self, text):
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()
        return self.read()

    def end(self):
        """What it still says, without the log."""
        rest = self.process.communicate(timeout=60)[0].splitlines()
        return [line for line in rest if not line.startswith("log\t")]


def run(*command, **environment):
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=300, env={**os.environ, **environment}
    )


def problems(*checks):
    """The texts of the (held, text) that did not hold."""
    return [text for held, text in checks if not held]


ALL = {"program": Program, "c": C, "python": Python, "tcl": Tcl, "lua": Lua, "java": Java, "rhino": Rhino, "node-red": NodeRed, "orthanc": Orthanc}
