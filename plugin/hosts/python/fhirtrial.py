# SPDX-License-Identifier: Apache-2.0
"""fhirtrial for Python 3.9 or later: one file over ctypes, nothing to compile or to install.

    import fhirtrial

    library = fhirtrial.Library("/usr/local/lib/libfhirtrial.so.0")
    with library.open(open("fhirtrial.json", "rb").read()) as engine:
        try:
            result = engine.process(message, messageId="m-17")
        except fhirtrial.RetryLater:
            ...  # nothing was stored: the same bytes again, later
        except fhirtrial.Rejected as refused:
            ...  # never again: dead letter; refused.outcome is an OperationOutcome

A call releases the interpreter lock, so one Engine may be used from many threads. An error code of the library is an
exception of the class that says what the caller can do about it.
"""

from __future__ import annotations

import _ctypes
import ctypes
import json
import threading
from types import TracebackType
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Type

ABI = 1 << 16

OK, PENDING, NOMATCH = 0, 1, 2
E_ARG, E_HANDLE, E_ABI, E_CONFIG, E_BUFFER, E_PARSE, E_REJECT = -1, -2, -3, -4, -5, -6, -7
E_RETRY, E_AUTH, E_FULL, E_CLOSED, E_NOMEM, E_FORK, E_INTERNAL = -8, -9, -10, -11, -12, -13, -99

DEBUG, INFO, WARNING, ERROR, HOST = range(5)

_LOG = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p)
_METRIC = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_double)
_CLOCK = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)


def _told(outcome: str) -> List[str]:
    """The texts of an outcome's issues, with their places: what a traceback should say."""
    try:
        document = json.loads(outcome)
    except ValueError:
        return []
    issues = document.get("operationOutcome", document).get("issue", [])
    places = [issue.get("diagnostics") for issue in issues]
    texts = [issue.get("details", {}).get("text", issue["code"]) for issue in issues]
    return [f"{place}: {text}" if place else text for place, text in zip(places, texts)]


class Error(Exception):
    """What the library refused; `code` is a number of fhirtrial.h, `outcome` an OperationOutcome's text or ""."""

    def __init__(self, code: int, text: str, outcome: str = "") -> None:
        told = "; ".join(_told(outcome))
        super().__init__(f"{text}: {told}" if told else text)
        self.code = code
        self.outcome = outcome


class Misuse(Error):
    """The call was wrong, or its handle is closed: mend the program."""


class ConfigurationError(Error):
    """Configuration, mappings or store: `outcome` has file, line and remedy."""


class Rejected(Error):
    """These bytes must never be sent again: dead letter."""


class RetryLater(Error):
    """Nothing was stored: send the same bytes again later, with a growing pause."""


class NotAuthorised(Error):
    """An endpoint or token server refuses this site; messages wait in the outbox."""


class Defect(Error):
    """The store is damaged, or the library is at fault: stop and alarm. Nothing was stored."""


_CLASSES: Dict[int, Type[Error]] = {
    E_CONFIG: ConfigurationError,
    E_PARSE: Rejected,
    E_REJECT: Rejected,
    E_RETRY: RetryLater,
    E_FULL: RetryLater,
    E_NOMEM: RetryLater,
    E_AUTH: NotAuthorised,
    E_INTERNAL: Defect,
}


class Result(NamedTuple):
    """`matched` is False where no view matched; `text` is the JSON document of docs/abi.md."""

    matched: bool
    text: str

    def document(self) -> Any:
        return json.loads(self.text)


_Fill = Callable[[Any, ctypes.c_int64, Any], Any]  # ctypes functions are untyped


class Library:
    """One loaded shared object. Several may be loaded side by side."""

    def __init__(self, path: str = "libfhirtrial.so.0", first_buffer: int = 1 << 16) -> None:
        self._dll: Optional[ctypes.CDLL] = ctypes.CDLL(path)
        self.first_buffer = first_buffer
        self._rooms = threading.local()
        dll = self.dll
        dll.fhirtrial_abi_version.restype = ctypes.c_uint32
        dll.fhirtrial_strerror.restype = ctypes.c_char_p
        if dll.fhirtrial_abi_version() >> 16 != ABI >> 16:
            raise Misuse(E_ABI, f"{path} offers another major version of the interface")

    @property
    def dll(self) -> ctypes.CDLL:
        if self._dll is None:
            raise Misuse(E_HANDLE, "the library was unloaded")
        return self._dll

    def unload(self) -> None:
        """Gives the file up, so that another one may be loaded; every Engine of it must be closed."""
        dll, self._dll = self._dll, None
        if dll is not None:
            getattr(_ctypes, "dlclose")(dll._handle)  # ctypes itself never closes

    def strerror(self, code: int) -> str:
        return str(self.dll.fhirtrial_strerror(ctypes.c_int32(code)).decode())

    def open(self, configuration: bytes) -> "Engine":
        """Opens a handle on a configuration's text. ConfigurationError, RetryLater, Defect."""
        handle = ctypes.c_int32()
        size = ctypes.c_int64(len(configuration))
        self.check(self.dll.fhirtrial_open(ctypes.c_uint32(ABI), configuration, size, ctypes.byref(handle)), 0)
        return Engine(self, handle.value)

    def query(self, what: str, handle: int = 0) -> str:
        """A question that needs no handle: info, libs, config-schema, last-error."""
        dll = self.dll
        code, text = self.filled(
            lambda out, room, size: dll.fhirtrial_query(ctypes.c_int32(handle), what.encode(), out, room, size)
        )
        if code != OK:
            raise self.error(code, "")
        return text

    def filled(self, fill: _Fill) -> "tuple[int, str]":
        """Calls with a buffer that grows until the answer fits."""
        size, room, out = ctypes.c_int64(), self.first_buffer, self.room()
        while True:
            code = int(fill(out, ctypes.c_int64(room), ctypes.byref(size)))
            if code != E_BUFFER:
                return code, ctypes.string_at(out, size.value).decode() if 0 <= size.value <= room else ""
            room = size.value
            out = ctypes.create_string_buffer(room)

    def room(self) -> "ctypes.Array[ctypes.c_char]":
        """The calling thread's buffer of first_buffer bytes."""
        room: Optional["ctypes.Array[ctypes.c_char]"] = getattr(self._rooms, "room", None)
        if room is None or len(room) < self.first_buffer:
            room = self._rooms.room = ctypes.create_string_buffer(max(self.first_buffer, 1))
        return room

    def error(self, code: int, outcome: str) -> Error:
        return _CLASSES.get(code, Misuse)(code, f"fhirtrial: {self.strerror(code)}", outcome)

    def check(self, code: int, handle: int) -> int:
        """The code, where it is no error; else raises, with what last-error says."""
        if code >= 0:
            return code
        try:
            outcome = self.query("last-error", handle)
        except Error:
            outcome = ""
        raise self.error(code, outcome)


class Engine:
    """One handle. Every method may be called from any thread, but not from a callback."""

    def __init__(self, library: Library, handle: int) -> None:
        self.library = library
        self.handle = ctypes.c_int32(handle)
        self._callbacks: List[Any] = []  # ctypes frees a callback that nobody holds

    def __enter__(self) -> "Engine":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        try:
            self.close()
        except Misuse:
            pass  # closed already

    def process(self, message: bytes, **meta: str) -> Result:
        """Takes in a message; returns when it is durable. Keywords are the keys of meta_json (docs/abi.md)."""
        dll, job, size = self.library.dll, ctypes.c_int64(), ctypes.c_int64()
        room, out = self.library.first_buffer, self.library.room()
        code = dll.fhirtrial_process(
            self.handle, message, ctypes.c_int64(len(message)), _meta(meta),
            out, ctypes.c_int64(room), ctypes.byref(size), ctypes.byref(job),
        )  # fmt: skip
        if code == E_BUFFER:  # it is stored: the result waits under its job
            return self.result(job.value)
        return self._result(code, ctypes.string_at(out, size.value).decode() if 0 <= size.value <= room else "")

    def submit(self, message: bytes, **meta: str) -> int:
        """Hands a message in; the job is for result()."""
        job = ctypes.c_int64()
        self._check(
            self.library.dll.fhirtrial_submit(
                self.handle, message, ctypes.c_int64(len(message)), _meta(meta), ctypes.byref(job)
            )
        )
        return job.value

    def wait(self, job: int = 0, timeout_ms: int = 1000) -> Optional[int]:
        """The job (0: any) once it has finished; None where none has in time, or none is left."""
        which = ctypes.c_int64(job)
        code = self._check(
            self.library.dll.fhirtrial_wait(self.handle, ctypes.byref(which), ctypes.c_int32(timeout_ms))
        )
        return which.value if code == OK else None

    def result(self, job: int) -> Result:
        """The result of a finished job; errors as for process()."""
        dll = self.library.dll
        code, text = self.library.filled(
            lambda out, room, size: dll.fhirtrial_result(self.handle, ctypes.c_int64(job), out, room, size)
        )
        return self._result(code, text)

    def step(self, budget_ms: int = 1000) -> bool:
        """Works for that long: outbox, due Flags, older rows. True where more is left. NotAuthorised."""
        return self._check(int(self.library.dll.fhirtrial_step(self.handle, ctypes.c_int32(budget_ms)))) == PENDING

    def query(self, what: str) -> Optional[str]:
        """The answer to a question of docs/abi.md; None where nothing is known."""
        dll = self.library.dll
        code, text = self.library.filled(
            lambda out, room, size: dll.fhirtrial_query(self.handle, what.encode(), out, room, size)
        )
        return text if self._check(code) == OK else None

    def configure(self, configuration: bytes) -> None:
        """Puts another configuration in force; after an error the old one stays."""
        size = ctypes.c_int64(len(configuration))
        self._check(self.library.dll.fhirtrial_configure(self.handle, configuration, size))

    def on_log(self, call: Callable[[int, str], None], least: int = INFO) -> None:
        """`call(level, json_line)` for each log line, on a thread that is inside a method of this Engine."""
        self._register("fhirtrial_on_log", _LOG(lambda user, level, line: call(level, line.decode())), least)

    def on_metric(self, call: Callable[[str, float], None]) -> None:
        self._register("fhirtrial_on_metric", _METRIC(lambda user, name, value: call(name.decode(), value)))

    def on_clock(self, call: Callable[[], int]) -> None:
        """`call()` gives the evaluation clock in nanoseconds since 1970: for tests and replay."""
        self._register("fhirtrial_on_clock", _CLOCK(lambda user: call()))

    def next_event(self) -> Optional[str]:
        """The oldest log line that waits, where no callback takes them."""
        dll = self.library.dll
        code, text = self.library.filled(
            lambda out, room, size: dll.fhirtrial_next_event(self.handle, out, room, size)
        )
        return text if self._check(code) == OK else None

    def close(self, drain_ms: int = 5000) -> None:
        """Ends the handle. What was acknowledged is in the store. A second close is a Misuse."""
        self._check(self.library.dll.fhirtrial_close(self.handle, ctypes.c_int32(drain_ms)))
        self._callbacks.clear()

    def _register(self, function: str, callback: Any, *arguments: int) -> None:
        call = getattr(self.library.dll, function)
        self._check(call(self.handle, *map(ctypes.c_int32, arguments), callback, None))
        self._callbacks.append(callback)

    def _check(self, code: int) -> int:
        return self.library.check(code, self.handle.value)

    def _result(self, code: int, text: str) -> Result:
        if code >= 0:
            return Result(code == OK, text)
        if text:
            raise self.library.error(code, text)
        self._check(code)
        raise AssertionError("unreachable")


def _meta(meta: Dict[str, str]) -> Optional[bytes]:
    return json.dumps(meta).encode() if meta else None
