#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`fhirtrial check` on each malformed mapping of tests/malformed: file, line, JSON pointer, message and remedy, no crash.

That the same mistakes leave a running plugin as it was is tests/system/test_malformed.py."""

import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tap import Tap

sys.path.insert(0, str(Path(__file__).resolve().parent / "malformed"))
import malformed  # noqa: E402

PROGRAM = Path(os.environ.get("builddir", "build")).resolve() / "fhirtrial"
LEAST = 60


def check(mappings, *arguments):
    done = subprocess.run([PROGRAM, "check", "--site", "demo", *arguments, mappings], capture_output=True, timeout=120,
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def problems_of(case, mappings):
    """What is wrong with what `check` says of the case."""
    level = case.get("level", "error")
    with malformed.applied(case, mappings) as line:
        code, out, err = check(mappings, "--json")
        _, text, _ = check(mappings, "--quiet")
    if code != (1 if level == "error" else 0):
        yield f"exit status {code}: {err}"
        return
    file = case.get("in", case["file"])
    found = json.loads(out)["findings"]
    wanted = (level, file, line, case["place"], case["says"], case["remedy"])
    got = [(f["level"], f["file"], f["line"], f["place"], f["text"], f["remedy"]) for f in found]
    if wanted not in got:
        yield f"wanted {wanted}"
        yield from (f"got    {g}" for g in got)
    if not case.get("more") and sum(g[0] == "error" for g in got) > 1:
        yield "more errors than one:"
        yield from (str(g) for g in got)
    at = f"{mappings}/{file}:{line}:" if line else f"{mappings}/{file}: "
    if not any(x.startswith(at) and f"{level}: {case['says']}; {case['remedy']}" in x for x in text.splitlines()):
        yield f"no line begins with {at}: {text}"


def main():
    tap = Tap()
    cases = malformed.cases()
    tap.result(f"there are at least {LEAST}", [] if len(cases) >= LEAST else [f"{len(cases)}"])
    told = collections.Counter((c["says"], c["remedy"], c["place"], Path(c["file"]).name) for c in cases)
    tap.result("each has a message of its own", [key for key, n in told.items() if n > 1])
    with tempfile.TemporaryDirectory() as name:
        mappings = Path(name, "mappings")
        shutil.copytree(malformed.TOP / "mappings", mappings)
        subprocess.run(["chmod", "-R", "u+w", mappings], check=True)
        for case in cases:
            tap.result(case["name"].replace("#", " "), list(problems_of(case, mappings)))
        code, out, err = check(mappings)
        tap.result("the mappings are as they were", [] if code == 0 else [out + err])
    return tap.done()


if __name__ == "__main__":
    raise SystemExit(main())
