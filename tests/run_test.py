#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`fhirtrial run` of this build over the cohort and the public samples, without any server (TAP).

The system tests say more about the same; this one belongs to `make check`, so that the sanitizer builds run the whole
library through the program, too.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).resolve().parents[1]).resolve()
BUILD = pathlib.Path(os.environ.get("builddir") or SOURCE / "build").resolve()
SHARED = pathlib.Path(os.environ.get("FHIRTRIAL_SHARED") or SOURCE.parent / "shared")
sys.path[:0] = [str(SOURCE / "tests"), str(SOURCE / "tests" / "system")]

import cohort  # noqa: E402
import tap  # noqa: E402

SAMPLES = ("synthea-smart-r4", "mcode-examples", "codex-rt-examples", "us-core-examples", "bulk-ndjson-10")
REPORTS = ("Sanitizer", "runtime error", "internal defect")


class Skip(Exception):
    pass


def make_site(folder, threads=0):
    key = folder / "site.key"
    key.write_bytes(os.urandom(32))
    key.chmod(0o600)
    config = {
        "schema": 1,
        "base": str(folder),
        "store": {"path": "store.db"},
        "mappings": {"path": str(SOURCE / "mappings"), "studies": list(cohort.STUDIES),
                     "guidelines": list(cohort.GUIDELINES), "site": "demo"},
        "source": "ward",
        "siteKey": "site.key",
        "threads": threads,
        "flag": {"identifierSystem": "https://hospital.example/f", "codeSystem": "https://hospital.example/c"},
        "endpoints": [{"name": "file", "type": "file", "path": "flags.ndjson", "patient": "same-as-source: ward"}],
    }
    path = folder / "fhirtrial.json"
    path.write_text(json.dumps(config))
    return path


def program(*arguments, allowed=(0,)):
    # AddressSanitizer follows thread-local storage into a library that the program has closed by then, and crashes.
    environment = {"ASAN_OPTIONS": "intercept_tls_get_addr=0", **os.environ}
    done = subprocess.run(
        [BUILD / "fhirtrial", *arguments], capture_output=True, text=True, timeout=500, env=environment,
        stdin=subprocess.DEVNULL, check=False,
    )
    assert done.returncode in allowed, f"status {done.returncode}: {done.stderr[-2000:]}"
    for word in REPORTS:
        assert word not in done.stderr, done.stderr[-3000:]
    return done.stdout


def feed(folder, *inputs, threads=0, allowed=(0,)):
    config = make_site(folder, threads)
    program("run", "--config", config, "--now", cohort.NOW, *inputs, allowed=allowed)
    return config


def verdicts_of(config):
    out = {}
    for line in program("explain", "--config", config, "--json").splitlines():
        for row in json.loads(line):
            out[row["patient"], row["study"]] = row["verdict"]["verdict"]
    return out


def check_cohort(folder, threads):
    config = feed(folder, *cohort.FILES, threads=threads)
    found, expected = verdicts_of(config), cohort.expected_verdicts()
    wrong = {key: (found.get(key), word) for key, word in expected.items() if found.get(key) != word}
    assert not wrong, wrong
    for command in (["record"], ["outbox"], ["audit", "verify"]):
        program(command[0], "--config", config, *command[1:])


def test_the_cohort(folder):
    check_cohort(folder, 0)


def test_the_cohort_with_worker_threads(folder):
    check_cohort(folder, 3)


def test_public_samples(folder):
    inputs = [SHARED / "samples" / name for name in SAMPLES]
    absent = [str(path) for path in inputs if not path.exists()]
    if absent:
        raise Skip(f"no {absent[0]}")
    # Status 1: some example is not R4 or names an unknown type, and is refused.
    config = feed(folder, *inputs, allowed=(0, 1))
    assert verdicts_of(config)


def main():
    results = tap.Tap()
    for name, test in [(name, test) for name, test in globals().items() if name.startswith("test_")]:
        title = "run: " + name.removeprefix("test_").replace("_", " ")
        try:
            with tempfile.TemporaryDirectory(prefix="fhirtrial-run-") as folder:
                test(pathlib.Path(folder))
            results.result(title)
        except Skip as reason:
            results.skip(title, reason)
        except Exception as fault:  # a fault is a failed test, not an aborted run
            results.result(title, [f"{type(fault).__name__}: {fault}"])
    return results.done()


if __name__ == "__main__":
    sys.exit(main())
