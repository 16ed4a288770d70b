#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The library in every host: run.py [BINDING ...] (make check-hosts)

Plays tests/hosts/contract.txt through each binding, and then what is particular to an engine. Prints TAP; a binding
whose language is not installed is skipped with what installs it. FHIRTRIAL_BUILD names the build folder.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
sys.dont_write_bytecode = True

import bindings  # noqa: E402
import contract  # noqa: E402
from tap import Tap  # noqa: E402


def main():
    build = Path(os.environ.get("FHIRTRIAL_BUILD", HERE.parents[1] / "build")).resolve()
    library = (build / ".libs" / "libfhirtrial.so").resolve()
    drill = (build / "tests" / "hosts" / ".libs" / "libdrill.so").resolve()
    chosen = sys.argv[1:] or list(bindings.ALL)
    unknown = set(chosen) - set(bindings.ALL)
    if unknown:
        print(f"run.py: no binding {', '.join(sorted(unknown))}: there are {', '.join(bindings.ALL)}", file=sys.stderr)
        return 2
    tap = Tap()
    for name in chosen:
        binding = bindings.ALL[name](build)
        lacking = binding.lacking()
        if lacking:
            tap.skip(name, lacking)
            continue
        if binding.agent():
            contract.play(tap, name, binding.agent(), library)
            contract.play(tap, f"{name}, crash drill", binding.agent(), drill, HERE / "drill.txt")
        for test, problems in binding.more(library):
            tap.result(f"{name}: {test}", problems)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
