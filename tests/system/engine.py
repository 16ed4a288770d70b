# SPDX-License-Identifier: Apache-2.0
"""The library in this process, loaded as a Python host would, with a clock that tests turn by hand."""

import ctypes
import datetime
import json
import time

import harness

OK, PENDING, NOMATCH = 0, 1, 2
E_ARG, E_CONFIG, E_BUFFER, E_PARSE, E_REJECT, E_RETRY = -1, -4, -5, -6, -7, -8
ABI = 1 << 16

CLOCK = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)
LOG = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p)
METRIC = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_double)

_library = None


def library():
    """The shared object of this build."""
    global _library
    if _library is None:
        _library = ctypes.CDLL(str(harness.build_folder() / ".libs" / "libfhirtrial.so"))
    return _library


class Refused(Exception):
    """The library refused to open or to configure; the OperationOutcome says why."""

    def __init__(self, code, outcome):
        super().__init__(f"{code}: {outcome}")
        self.code, self.outcome = code, outcome


class Engine:
    """One handle on a site's configuration (a dict). Answers are parsed JSON."""

    def __init__(self, config, now="2025-06-30T12:00:00+00:00"):
        self.set_clock(now)
        self.log, self.metrics = [], []
        self.library = library()
        self.handle = ctypes.c_int32()
        text = json.dumps(config).encode()
        code = self.library.fhirtrial_open(ABI, text, ctypes.c_int64(len(text)), ctypes.byref(self.handle))
        if code != OK:
            raise Refused(code, self._query(0, "last-error")[1])
        self._callbacks = (
            CLOCK(lambda user: self.now),
            LOG(lambda user, level, line: self.log.append(line.decode())),
            METRIC(lambda user, name, value: self.metrics.append((name.decode(), value))),
        )
        self.library.fhirtrial_on_clock(self.handle, self._callbacks[0], None)
        self.library.fhirtrial_on_log(self.handle, 0, self._callbacks[1], None)
        self.library.fhirtrial_on_metric(self.handle, self._callbacks[2], None)

    def set_clock(self, instant):
        self.now = int(datetime.datetime.fromisoformat(instant).timestamp()) * 10**9

    def advance(self, **duration):
        self.now += int(datetime.timedelta(**duration).total_seconds()) * 10**9

    def _buffered(self, call):
        size = ctypes.c_int64()
        room = 1 << 16
        while True:
            out = ctypes.create_string_buffer(room)
            code = call(out, ctypes.c_int64(room), ctypes.byref(size))
            if code != -5:
                return code, out.raw[: size.value]
            room = size.value

    def process(self, message, **meta):
        """(code, result document) of a message: bytes, or anything that JSON can hold."""
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        keys = json.dumps(meta).encode() if meta else None
        size, job = ctypes.c_int64(), ctypes.c_int64()
        out = ctypes.create_string_buffer(1 << 20)
        code = self.library.fhirtrial_process(
            self.handle, data, ctypes.c_int64(len(data)), keys,
            out, ctypes.c_int64(len(out)), ctypes.byref(size), ctypes.byref(job),
        )  # fmt: skip
        text = out.raw[: size.value]
        if code == E_BUFFER:  # stored; the result waits under its job
            code, text = self._buffered(
                lambda out, room, size: self.library.fhirtrial_result(self.handle, job, out, room, size)
            )
        return code, json.loads(text) if text else None

    def submit(self, message, **meta):
        """The job of a message that was handed in."""
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        keys = json.dumps(meta).encode() if meta else None
        job = ctypes.c_int64()
        code = self.library.fhirtrial_submit(
            self.handle, data, ctypes.c_int64(len(data)), keys, ctypes.byref(job)
        )
        if code != OK:
            raise AssertionError(f"submit: code {code}")
        return job.value

    def result(self, job):
        """(code, result document) of a job, once it has finished."""
        which = ctypes.c_int64(job)
        while (code := self.library.fhirtrial_wait(self.handle, ctypes.byref(which), 1000)) == PENDING:
            pass
        if code != OK:
            raise AssertionError(f"wait: code {code}")
        code, text = self._buffered(
            lambda out, room, size: self.library.fhirtrial_result(self.handle, which, out, room, size)
        )
        return code, json.loads(text) if text else None

    def together(self, *messages):
        """Results of messages that are all handed in before the first is asked for."""
        return [self.result(job) for job in [self.submit(message) for message in messages]]

    def feed(self, *messages, **meta):
        """The result document of the last message; each must be taken."""
        document = None
        for message in messages:
            code, document = self.process(message, **meta)
            if code not in (OK, NOMATCH):
                raise AssertionError(f"code {code}: {document}")
        return document

    def step(self, times=1, budget=50):
        """fhirtrial_step again and again; the last code."""
        code = OK
        for _ in range(times):
            code = self.library.fhirtrial_step(self.handle, budget)
        return code

    def next_sweep(self):
        """Waits until step looks again for persons who are due (once a second), and lets it."""
        time.sleep(1.05)
        self.step(3)

    def configure(self, config):
        text = json.dumps(config).encode()
        code = self.library.fhirtrial_configure(self.handle, text, ctypes.c_int64(len(text)))
        if code != OK:
            raise Refused(code, self.ask("last-error"))

    def _query(self, handle, what):
        code, text = self._buffered(
            lambda out, room, size: library().fhirtrial_query(handle, what.encode(), out, room, size)
        )
        return code, json.loads(text) if text and what != "prometheus" else text.decode()

    def query(self, what):
        """(code, answer)."""
        return self._query(self.handle, what)

    def ask(self, what):
        code, answer = self.query(what)
        if code != OK:
            raise AssertionError(f"query {what}: {code}")
        return answer

    def record(self, patient, source=None):
        """The patient record, or None."""
        code, answer = self.query(f"record?patient={patient}" + (f"&source={source}" if source else ""))
        return answer if code == OK else None

    def close(self, drain=0):
        if self.handle.value:
            self.library.fhirtrial_close(self.handle, drain)
        self.handle = ctypes.c_int32()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
