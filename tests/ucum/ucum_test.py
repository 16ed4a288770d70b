#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Converts between clinical units with plugin/fhir/unit.c and with @lhncbc/ucum-lhc, which shares no code with it.

The units are those of FHIR R4's ucum-common and of tests/ucum/units.txt that both know. Each is converted to its next
neighbours among the units that either side takes for commensurable, and to one of another dimension. The values must
agree within a relative 1e-9; what does not is in differences.tsv with its reason and the number of its
pairs, so a difference that is gone fails as one that is new does. by_hand.tsv holds what no second implementation can tell: arbitrary and special units."""
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from tap import Tap  # noqa: E402

NODE = HERE.parent / "servers/.node/node"
PACKAGE = HERE.parent / "servers/node_modules/@lhncbc/ucum-lhc/package.json"
ORACLE = Path(os.environ.get("builddir", "build")) / "tests/oracle/oracle"
TOLERANCE = Decimal("1e-9")
STRIDES = (1, 2, 5)
VALUES = ("1", "7.6", "120", "0.35", "-3", "37", "98.6", "0.000125", "4500")


def ask(command, questions):
    reply = subprocess.run(command, input="".join("\t".join(q) + "\n" for q in questions), capture_output=True,
                           text=True, timeout=300, check=True)
    answers = reply.stdout.splitlines()
    if len(answers) != len(questions):
        raise RuntimeError(f"{len(questions)} questions to {command[0]}, {len(answers)} answers")
    return answers


def ours(questions):
    return ask([str(ORACLE)], questions)


def theirs(questions):
    return ask([str(NODE), str(HERE / "reference.mjs")], questions)


def lines(path):
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def by_dimension(codes, answers):
    groups = {}
    for code, answer in zip(codes, answers):
        groups.setdefault(answer, []).append(code)
    return [groups[key] for key in sorted(groups)]


def neighbours(groups):
    """Pairs within a group: each unit with some that follow it, around the ring."""
    for group in groups:
        for at, code in enumerate(group):
            for stride in STRIDES:
                other = group[(at + stride) % len(group)]
                if other != code:
                    yield code, other


def strangers(groups):
    """Pairs of different dimensions: each third unit with one of the next group."""
    for at, group in enumerate(groups):
        other = groups[(at + 1) % len(groups)]
        for place, code in enumerate(group[::3]):
            yield code, other[place % len(other)]


def agree(our, their):
    if "none" in (our, their):
        return our == their
    a, b = Decimal(our), Decimal(their)
    return abs(a - b) <= TOLERANCE * max(abs(a), abs(b))


def kind_of(our, their):
    if our == "none":
        return "only-they-convert"
    return "only-we-convert" if their == "none" else "value"


class Differences:
    """The list of what is known to differ: kind, regular expressions for the two codes, how many pairs, reason."""

    def __init__(self, path):
        self.rows = [line.split("\t") for line in lines(path)]
        self.met = [0] * len(self.rows)

    def take(self, code, other, kind):
        """Whether the list has this difference."""
        for at, (listed, left, right, _, _) in enumerate(self.rows):
            if kind == listed and re.fullmatch(left, code) and re.fullmatch(right, other):
                self.met[at] += 1
                return True
        return False

    def changed(self):
        """A listed difference that is gone, or has grown, shows in the number of its pairs."""
        return [f"{' '.join(row[:3])}: {met} pairs, listed {row[3]}"
                for row, met in zip(self.rows, self.met) if str(met) != row[3]]


def compare(tap, pairs, listed):
    questions = [["convert", VALUES[at % len(VALUES)], *pair] for at, pair in enumerate(pairs)]
    answers = list(zip(questions, ours(questions), theirs(questions)))
    converted = sum(our != "none" and their != "none" for _, our, their in answers)
    refused = sum(our == their == "none" for _, our, their in answers)
    wrong = []
    for question, our, their in answers:
        if not agree(our, their) and not listed.take(question[2], question[3], kind_of(our, their)):
            wrong.append(f"{' '.join(question[1:])}: {our} here, {their} there")
    one = len(answers) - converted - refused
    tap.result(f"{len(answers)} pairs: {converted} converted by both, {refused} by none, {one} by one; "
               "every difference is listed", wrong[:40])
    tap.result("at least 2,000 pairs are converted by both, at least 300 by none",
               [f"{converted} by both, {refused} by none"] if converted < 2000 or refused < 300 else [])


def main():
    tap = Tap()
    hand = [line.split("\t") for line in lines(HERE / "by_hand.tsv")]
    got = ours([["convert", *row[:3]] for row in hand])
    for (value, code, other, expected, why), answer in zip(hand, got):
        right = answer == expected if "none" in (answer, expected) else Decimal(answer) == Decimal(expected)
        tap.result(f"{value} {code} to {other}, by hand: {why}", [] if right else [f"{answer}, expected {expected}"])
    if not NODE.exists() or not PACKAGE.exists():
        tap.skip("comparison with @lhncbc/ucum-lhc", "run tests/servers/install first")
        return tap.done()
    codes = sorted({line.split("\t")[0] for line in lines(HERE.parent / "data/ucum-common.tsv")}
                   | set(lines(HERE / "units.txt")))
    asked = [["unit", code] for code in codes]
    known = [row for row in zip(codes, ours(asked), theirs(asked)) if "none" not in row[1:]]
    codes = [row[0] for row in known]
    our_groups = by_dimension(codes, [row[1] for row in known])
    their_groups = by_dimension(codes, [row[2] for row in known])
    pairs = dict.fromkeys([*neighbours(our_groups), *neighbours(their_groups), *strangers(our_groups)])
    listed = Differences(HERE / "differences.tsv")
    compare(tap, list(pairs), listed)
    tap.result("every listed difference still differs, in as many pairs", listed.changed())
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
