#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a call costs through each binding: bench.py [ROUNDS [CALLS]] (make bench-hosts)

Two calls, in turn through all bindings, ROUNDS times: the query `info` (a small answer, hardly any work below), and a
message of 4 KiB that is stored already. Prints the median of the rounds in microseconds, and what is added to C.
"""

import json
import os
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import bindings  # noqa: E402
import contract  # noqa: E402

MESSAGE_BYTES = 4096
WARM_CALLS = 2000


def message(site):
    """A Patient of about 4 KiB, as a file of the site."""
    patient = {"resourceType": "Patient", "id": "large", "gender": "female", "name": []}
    while len(json.dumps(patient)) < MESSAGE_BYTES - 60:
        patient["name"].append({"family": "Example", "given": [f"Given-{len(patient['name'])}"]})
    path = site.folder / "large.json"
    path.write_text(json.dumps(patient))
    return path


def measure(binding, library, calls):
    """(microseconds of a query, of a message) in one process of the agent."""
    with contract.site(binding.agent(), library) as run:
        large = message(run.site)
        for command in (("open", run.site.path("good")), ("process", large)):
            code, text = run.agent.tell(*command)
            if code != 0:
                raise SystemExit(f"bench.py: {command[0]}: {code} {text}")
        times = []
        for command, argument, n in (("query", "info", calls), ("process", large, calls // 10)):
            run.agent.tell("repeat", WARM_CALLS, command, argument)
            times.append(float(run.agent.tell("repeat", n, command, argument)[1]))
        return times


def main():
    rounds, calls = int(sys.argv[1]) if len(sys.argv) > 1 else 5, int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    build = Path(os.environ.get("FHIRTRIAL_BUILD", HERE.parents[1] / "build")).resolve()
    library = (build / ".libs" / "libfhirtrial.so").resolve()
    times = {}
    for _ in range(rounds):
        for name, kind in bindings.ALL.items():
            binding = kind(build)
            if binding.agent() and not binding.lacking():
                times.setdefault(name, []).append(measure(binding, library, calls))
    print(f"{'binding':<10} {'query info':>12} {'over C':>10} {'4 KiB message':>14} {'over C':>10}   us, median of {rounds}")
    base = None
    for name, list_of in times.items():
        query, process = (statistics.median(column) for column in zip(*list_of))
        base = base or (query, process)
        print(f"{name:<10} {query:12.2f} {query - base[0]:10.2f} {process:14.2f} {process - base[1]:10.2f}")


if __name__ == "__main__":
    main()
