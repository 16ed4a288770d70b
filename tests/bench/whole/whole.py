#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`fhirtrial view` as a whole process beside other engines that make the same rows of the same file: `make bench-view`.

    whole.py [--build DIR] [--scale N] [--seed N] [--rounds N] [--only WORD]...

The input is made by tests/bench/generate and kept in DIR/bench (380,000 resources, about 490 MB, times the scale). In each
round every engine has its turn, one process after the other; a ratio is the median over the rounds of an engine's time to
ours of the same round. Each engine must write the rows that Python's json finds in the file: ours digit for digit, the
others, which make numbers of decimals, as numbers; a difference ends the run with status 1. The table goes to standard
output, table and all figures to DIR/bench/whole.md and whole.json.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import cases
import rows

RESOURCES = 380_000


def make_input(build, form, count, seed):
    """The generated file, made where it is not there yet or the generator is newer."""
    path, generate = build / "bench" / f"{form}-{count}-{seed}.ndjson", build / "tests/bench/generate"
    if not path.exists() or path.stat().st_mtime < generate.stat().st_mtime:
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("wb") as to:
            subprocess.run([generate, form, str(count), str(seed)], stdout=to, check=True)
        part.rename(path)
    return path


def measure(build, case, output):
    """Runs a case once: wall and processor seconds, peak memory in MiB."""
    for folder in case.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    for command in case.before:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run([build / "tests/bench/whole/measure", output, *case.command], capture_output=True, text=True, check=False)
    fields = done.stdout.split()
    if done.returncode or len(fields) != 4 or fields[3] != "0":
        sys.exit(f"{case.name}: failed: {done.stdout} {done.stderr[-2000:]}")
    wall, processor = map(float, done.stderr.split() if case.times_itself else fields[:2])
    return {"wall": wall, "processor": processor, "mib": int(fields[2]) / 1024}


def run_rounds(build, todo, rounds, expected):
    samples = {case.name: [] for case in todo}
    for turn in range(rounds):
        for case in todo:
            output = build / "bench" / f"{case.key}.rows"
            samples[case.name].append(measure(build, case, output))
            problem = case.check(output, expected) if turn == 0 else None
            if problem:
                sys.exit(f"{case.name}: {problem}")
        print(f"round {turn + 1} of {rounds}, load {load()}", file=sys.stderr)
    return samples


def load():
    return " ".join(f"{x:.1f}" for x in os.getloadavg())


def ratio(samples, of, to, key):
    return statistics.median(a[key] / b[key] for a, b in zip(samples[of], samples[to]))


def summarise(todo, samples):
    """One line of figures for each case, in their order."""
    ours, out = cases.OURS, []
    for case in todo:
        own = samples[case.name]
        wall = statistics.median(s["wall"] for s in own)
        line = {"name": case.name, "wall": wall, "processor": statistics.median(s["processor"] for s in own),
                "mib": max(s["mib"] for s in own), "share": case.share, "rate": case.resources / wall,
                "mbPerSecond": case.bytes / wall / 1e6,
                "wallTimes": ratio(samples, case.name, ours, "wall") / case.share,
                "processorTimes": ratio(samples, case.name, ours, "processor") / case.share}
        out.append(line)
    return out


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    return f"{os.cpu_count()} x {model}"


def figures(lines):
    yield "| engine | resources/s | MB/s | peak MiB | processor s | times ours: wall | processor |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for x in lines:
        note = "" if x["share"] == 1 else f", {x['share']:.3g} of the input"
        yield (f"| {x['name']}{note} | {x['rate']:,.0f} | {x['mbPerSecond']:,.0f} | {x['mib']:.1f} | {x['processor']:.2f} | "
               f"{x['wallTimes']:.2f} | {x['processorTimes']:.2f} |")


def goals(lines):
    """The aims, each with what was measured; one that rests on two ratios is reached where both reach it."""
    by_name = {x["name"]: x for x in lines}
    yield "| aim | asked | wall | processor | |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for goal in cases.GOALS:
        x, base = by_name.get(goal.of), by_name.get(goal.to)
        if not x or not base:
            yield f"| {goal.text} | {goal.asked} | – | – | {goal.absent or 'not run'} |"
            continue
        got = {key: goal.value(x, base, key) for key in ("wall", "processor")}
        reached = all(goal.reached(got[key]) for key in goal.keys)
        shown = [f"{got[key]:.2f}" if key in goal.keys else "–" for key in ("wall", "processor")]
        yield f"| {goal.text} | {goal.asked} | {shown[0]} | {shown[1]} | {'reached' if reached else '**missed**'} |"


def flat_memory(options):
    """Peak memory for about 300 MB and for four times that, times the scale."""
    peaks = []
    for count in (options.count * 3 // 5, options.count * 12 // 5):
        path = make_input(options.build, "json", count, options.seed)
        case = next(iter(cases.of_this_program(options, path, {"resources": count, "bytes": path.stat().st_size})))
        peaks.append((path.stat().st_size / 1e6, measure(options.build, case, "/dev/null")["mib"]))
        path.unlink()
    (small, a), (large, b) = peaks
    good = b <= cases.MOST_MIB and b <= a * 1.1
    yield (f"Peak memory of {cases.OURS}: {a:.1f} MiB for {small:,.0f} MB, {b:.1f} MiB for {large:,.0f} MB ({(b / a - 1) * 100:+.1f} %); asked: "
           f"less than 10 % more, and <= {cases.MOST_MIB} MiB: {'reached' if good else '**missed**'}.")


def arguments():
    top = Path(__file__).resolve().parents[3]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=top / "build")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", default=[], help="cases whose name holds this word; ours is always run")
    options = parser.parse_args()
    options.build = options.build.resolve()
    options.count = max(100, round(RESOURCES * options.scale))
    return options


def main():
    options = arguments()
    path = make_input(options.build, "json", options.count, options.seed)
    todo, absent = cases.make(options, path, make_input)
    expected = rows.of_input(path)
    head = [f"{options.count:,} resources, {path.stat().st_size / 1e6:,.1f} MB, seed {options.seed}, {len(expected):,} rows; "
            f"{options.rounds} rounds", f"{machine()}; load at the start {load()}"]
    samples = run_rounds(options.build, todo, options.rounds, expected)
    lines = summarise(todo, samples)
    head[1] += f", at the end {load()}"
    text = [*head, "", *figures(lines), "", *goals(lines), "", *flat_memory(options), *absent]
    print("\n".join(text))
    folder = options.build / "bench"
    (folder / "whole.md").write_text("\n".join(text) + "\n")
    (folder / "whole.json").write_text(json.dumps({"head": head, "absent": absent, "cases": lines, "samples": samples}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
