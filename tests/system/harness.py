# SPDX-License-Identifier: Apache-2.0
"""Starts and stops the test servers and the programs under test.

Whatever is started here ends with the test run, also where that is killed: servers see their standard input close,
programs get SIGKILL from the kernel when their parent dies. Nothing listens on anything but the loopback interface, and
every port is chosen by the system.
"""

import atexit
import ctypes
import functools
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from fhir_client import FhirClient, TokenSource, http_request, tls_context

ROOT = pathlib.Path(__file__).resolve().parents[2]
SERVERS = ROOT / "tests" / "servers"
START_LIMIT = 30
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def build_folder():
    """Where the product was built: $FHIRTRIAL_BUILD, else what `make check` says, else build/ in the source tree."""
    named = os.environ.get("FHIRTRIAL_BUILD") or os.environ.get("builddir")
    return pathlib.Path(named or ROOT / "build").resolve()


def program():
    """The path of the `fhirtrial` program; its absence fails a test, it does not skip it."""
    path = build_folder() / "fhirtrial"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: build first (./bootstrap), or set FHIRTRIAL_BUILD")
    return path


def shared(*parts):
    """A file or folder of the sample data beside the project; its absence skips the test, with the path as reason."""
    path = pathlib.Path(os.environ.get("FHIRTRIAL_SHARED", ROOT.parent / "shared")).joinpath(*parts)
    if not path.exists():
        raise unittest.SkipTest(f"{path} is not there (FHIRTRIAL_SHARED names the folder)")
    return path


_kept_folder = None


def use_folder(folder):
    """Lets the files of this run lie in a folder that stays; to be called before anything else here."""
    global _kept_folder
    _kept_folder = pathlib.Path(folder)


@functools.cache
def run_folder():
    """A folder for this whole test run, removed at its end unless FHIRTRIAL_KEEP is set."""
    if _kept_folder:
        return _kept_folder
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fhirtrial-test-"))
    if os.environ.get("FHIRTRIAL_KEEP"):
        print(f"test files are kept in {folder}")
    else:
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def new_folder(name="work"):
    """A fresh, empty folder of mode 0700 within this run's."""
    return pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=run_folder()))


@functools.cache
def pki():
    """The folder of throw-away keys and certificates, made once a run; tests/servers/make-pki lists its files."""
    folder = run_folder() / "pki"
    subprocess.run([SERVERS / "make-pki", folder], check=True, timeout=60, stdin=subprocess.DEVNULL)
    return folder


@functools.cache
def context():
    """A TLS context that trusts the test authority."""
    return tls_context(pki() / "ca.crt")


def node():
    """The Node that tests/servers/install brought."""
    path = SERVERS / ".node" / "node"
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: run tests/servers/install")
    return path


class Server:
    """One running server process. `ready` is the object it printed when it began to listen.

    Use as a context manager, or call stop(). `errors` is the file with what it wrote to standard error.
    """

    script = None
    running = set()

    def __init__(self, **options):
        arguments = [str(node()), str(SERVERS / self.script), "--pki", str(pki())]
        for name, value in options.items():
            if value is True:
                arguments.append(f"--{name.replace('_', '-')}")
            elif value is not None:
                arguments += [f"--{name.replace('_', '-')}", str(value)]
        self.folder = new_folder(self.script.split(".")[0])
        self.errors = self.folder / "stderr"
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )
        Server.running.add(self)
        self.ready = self._wait_until_ready()

    def _wait_until_ready(self):
        lines = queue.Queue()
        threading.Thread(target=lambda: lines.put(self.process.stdout.readline()), daemon=True).start()
        try:
            line = lines.get(timeout=START_LIMIT)
        except queue.Empty:
            line = b""
        if not line:
            self.stop()
            raise RuntimeError(
                f"{self.script} did not start within {START_LIMIT} s: {self.errors.read_text()[-2000:]}"
            )
        return json.loads(line)

    def control(self, **changes):
        """Reads the server's state; with arguments, applies them first."""
        body = json.dumps(changes) if changes else None
        reply = http_request(self.ready["control"], "POST" if changes else "GET", body)
        if reply.status != 200:
            raise ValueError(reply.json()["error"])
        return reply.json()

    def suspend(self):
        """The process hangs: connections are accepted by the kernel and never answered."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def stop(self):
        """Ends the process; returns its exit status. May be called again."""
        Server.running.discard(self)
        if self.process.poll() is None:
            self.resume()
            self.process.terminate()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()


@atexit.register
def stop_all():
    """Ends every server that is still running."""
    for server in list(Server.running):
        server.stop()


class LoggedServer(Server):
    """A server that writes a log of NDJSON lines, one a request."""

    def __init__(self, **options):
        self.log = new_folder("log") / f"{self.script}.ndjson"
        super().__init__(log=self.log, **options)

    def entries(self, after=0):
        """The log's entries, without the first `after`."""
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text().splitlines()[after:]]


class FhirServer(LoggedServer):
    """Options: auth (none, bearer, basic, mtls), port, cert, basic ("user:password"), issuer, jwks_uri, audience."""

    script = "fhir-server.mjs"

    @property
    def base(self):
        return self.ready["base"]

    def writes(self, after=0):
        """How many resource versions the server wrote for the requests in its log, without the first `after`."""
        return sum(entry["wrote"] for entry in self.entries(after))


class OAuthServer(LoggedServer):
    """Settings for control(): audience, lifetime (s), delay (ms), deny, reply. Counts: tokenRequests granted refused."""

    script = "oauth-server.mjs"

    @property
    def issuer(self):
        return self.ready["issuer"]

    @property
    def token_url(self):
        return self.ready["tokenUrl"]


class FaultProxy(Server):
    """Options: upstream (an origin), port, cert, plain=True for HTTP."""

    script = "fault-proxy.mjs"

    @property
    def origin(self):
        return self.ready["origin"]

    def faults(self, *rules, random=None):
        """Replaces the queued faults; each rule is a dict `{"fault": NAME, "times": 1, "method": …, "path": …}`."""
        return self.control(rules=list(rules), random=random)

    def met(self):
        """How many requests met each fault so far."""
        return self.control()["met"]

    def canary(self):
        """Hits on the listeners that redirects point to."""
        return self.control()["canary"]


class WeakServer(Server):
    """The server without conditional requests; needs `tests/servers/install --weak`."""

    script = "weak-server.mjs"

    @property
    def base(self):
        return self.ready["base"]


class Ehr:
    """A FHIR server that wants bearer tokens, its authorization server and, where asked for, a fault proxy before it.

    `base` is the URL that a client under test is given: the proxy's where there is one. `client` reads and writes with
    the loader's rights and never passes the proxy.
    """

    def __init__(self, proxy=False, port=0):
        self.proxy = None
        self.oauth = OAuthServer()
        try:
            self.fhir = FhirServer(
                auth="bearer", port=port, issuer=self.oauth.issuer, jwks_uri=self.oauth.ready["jwksUri"]
            )
            self.oauth.control(audience=self.fhir.base)
            self.base = self.fhir.base
            self._origin = self.fhir.base.removesuffix("/fhir/r4")
            if proxy:
                self.proxy = FaultProxy(upstream=self._origin)
                self.base = f"{self.proxy.origin}/fhir/r4"
        except BaseException:
            self.stop()
            raise
        secret = (pki() / "loader.secret").read_text().strip()
        self.client = FhirClient(
            self.fhir.base, context(), TokenSource(self.oauth.token_url, secret, context())
        )

    def down(self):
        """Connections to the proxy are refused from now on; what the server holds stays."""
        self.proxy.stop()

    def up(self):
        """The proxy is back on its port, without faults."""
        self.proxy = FaultProxy(upstream=self._origin, port=self.proxy.ready["port"])

    def stop(self):
        for name in ("proxy", "fhir", "oauth"):
            server = getattr(self, name, None)
            if server:
                server.stop()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def run(arguments, timeout=60, folder=None, environment=None, stdin=b""):
    """Runs a program to its end; returns a CompletedProcess with bytes. After `timeout` seconds it and its children are
    killed and TimeoutError is raised. `environment` adds to the present one."""
    # AddressSanitizer follows thread-local storage into a library that the program has closed by then, and crashes.
    settings = {"ASAN_OPTIONS": "intercept_tls_get_addr=0", **os.environ, **(environment or {})}
    process = subprocess.Popen(
        [str(argument) for argument in arguments],
        cwd=folder,
        env=settings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )
    try:
        output, errors = process.communicate(stdin, timeout=timeout)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        output, errors = process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            tail = errors[-2000:].decode(errors="replace")
            raise TimeoutError(
                f"{arguments[0]} did not end within {timeout} s; its errors end: {tail}"
            ) from None
        raise
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


def fhirtrial(*arguments, **options):
    """Runs the built program with these arguments; `options` as for run()."""
    return run([program(), *arguments], **options)


def wait_for(condition, limit=20, what="the condition"):
    """Calls `condition` until it returns something true, and returns that; raises TimeoutError after `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not hold within {limit} s")
        time.sleep(0.05)
