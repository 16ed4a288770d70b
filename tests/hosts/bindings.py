# SPDX-License-Identifier: Apache-2.0
"""What each binding needs, and how its agent is started."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

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

    def agent(self):
        """(command, environment) of the agent."""
        raise NotImplementedError

    def more(self, library):
        """(test, problems) of what only this engine has."""
        return iter(())


def absent(what, package):
    return f"{what} is not there: apt-get install {package}"


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
        return None if shutil.which("tclsh8.6") else absent("tclsh8.6", "tcl8.6")

    def agent(self):
        shim = self.build / "hosts" / "fhirtrial_tcl.so"
        return ["tclsh8.6", str(HERE / "agent.tcl")], {"FHIRTRIAL_SHIM": str(shim)}


class Lua(Binding):
    def lacking(self):
        return None if shutil.which("lua5.4") else absent("lua5.4", "lua5.4")

    def agent(self):
        return ["lua5.4", str(HERE / "agent.lua")], {"LUA_CPATH_5_4": f"{self.build}/hosts/?.so"}


def run(*command, **environment):
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=300, env={**os.environ, **environment}
    )


def problems(*checks):
    """The texts of the (held, text) that did not hold."""
    return [text for held, text in checks if not held]


ALL = {"c": C, "python": Python, "tcl": Tcl, "lua": Lua}
