# SPDX-License-Identifier: Apache-2.0
"""What make bench-view runs: the engines with their commands, how their rows are checked, and the aims."""
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import rows

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[2]
NODE = TOP / "tests" / "servers" / ".node" / "node"
PAIN = HERE / "pain.view.json"
MOST_MIB = 16
MAPPING_VIEWS = "subject,pain_score,performance_observation,laboratory,procedure"
STUDIES = ("nct02773966", "nct04242589")
VERDICTS = {"ineligible", "not-screened", "eligible", "needs-review"}
NOW = "2025-06-30T12:00:00Z"

VIEWS = [PAIN] + [HERE / f"{name}.view.json" for name in ("ecog", "laboratory", "person", "therapy")]
OURS = "fhirtrial view"
OURS_TWO = "fhirtrial view, two threads"
TRUSTED = "fhirtrial view --trusted"
FIVE = "fhirtrial view, five views in one pass"
SCAN = "newline scan (memchr)"
CJSON = "cJSON, parsed and freed"
JQ = "jq"
FHIRPATH = "fhirpath.js, compiled, R4 model"
MEDPLUM = "@medplum/core, parsed"
DUCKDB = "DuckDB, new process, one thread"
DUCKDB_HOT = "DuckDB, running, one thread"
FIVE_CRITERIA = "five views of the mappings, criteria of two studies, in memory"
CRITERIA = "every view of the mappings, criteria of two studies, in memory"

JQ_VIEW = """select(.resourceType == "Observation" and
  any(.code.coding[]?; .system == "http://loinc.org" and .code == "72514-3"))
| [.id, .subject.reference, .code.coding[0].code, .effectiveDateTime, .valueQuantity.value, .valueQuantity.unit] | @tsv"""


@dataclass
class Case:
    name: str
    key: str  # of the file that takes its rows
    command: list
    check: Callable  # (output, expected rows) -> what is wrong, or None
    resources: int
    bytes: int
    share: float = 1  # of the whole input
    times_itself: bool = False  # its own figures, on standard error, count
    fresh: tuple = ()  # folders that are removed before
    before: tuple = ()  # commands that are run before, not counted


@dataclass
class Goal:
    """An aim of the ratio of `of` to `to`, times `factor`."""
    text: str
    of: str
    to: str
    asked: str  # ">= 2.5" or "<= 2.5"
    keys: tuple = ("wall", "processor")
    factor: float = 1
    absent: str = ""

    @staticmethod
    def value(of, to, key):
        return of[key + "Times"] / to[key + "Times"]

    def reached(self, got):
        relation, bound = self.asked.split()
        return got >= float(bound) if relation == ">=" else got <= float(bound)


GOALS = [
    Goal("DuckDB with FlatQuack's SQL, new process", DUCKDB, OURS, ">= 2.5"),
    Goal("DuckDB with FlatQuack's SQL, running", DUCKDB_HOT, OURS, ">= 1.5"),
    Goal("@medplum/core", MEDPLUM, OURS, ">= 15"),
    Goal("fhirpath.js, compiled", FHIRPATH, OURS, ">= 20"),
    Goal("jq", JQ, OURS, ">= 30"),
    Goal("sof-js", "sof-js", OURS, ">= 300", absent="absent: not in the npm registry"),
    Goal("cJSON, parsing alone", CJSON, OURS, ">= 6"),
    Goal("share of the newline scan", SCAN, OURS, ">= 0.10"),
    Goal("share of the newline scan, --trusted", SCAN, TRUSTED, ">= 0.35"),
    Goal("two threads, to one", OURS, OURS_TWO, ">= 1.7", keys=("wall",)),
    Goal("five views in one pass, to one", FIVE, OURS, "<= 2.5"),
    Goal("five views with two studies' criteria, to one view", FIVE_CRITERIA, OURS, "<= 2.5"),
]


def same_digits(output, expected):
    return rows.difference(rows.of_csv(output), expected)


def same_numbers(output, expected):
    return rows.difference(rows.as_numbers(rows.of_tsv(output)), rows.as_numbers(expected))


def as_if_alone(view, path, folder):
    """Each view of one pass gave what it gives alone, and pain scores digit for digit."""
    def check(_, expected):
        for name in VIEWS:
            together = folder / name.name.replace(".view.json", ".csv")
            alone = subprocess.run([*view, name, path], capture_output=True, check=True).stdout
            if together.read_bytes() != alone or alone.count(b"\n") < 2:
                return f"{name.name} gives other rows alone"
        return same_digits(folder / "pain.csv", expected)
    return check


def line_count(n):
    return lambda output, _: None if int(output.read_text()) == n else "another number of lines"


def no_rows(output, _):
    return "unexpected output" if output.stat().st_size else None


def some_rows(output, _):
    return None if output.stat().st_size else "no output"


def verdicts(path):
    """One verdict of each of the two studies for each patient of the input, in its order."""
    def check(output, _):
        with open(path, "rb") as lines:
            patients = [json.loads(line)["id"] for line in lines if line.startswith(b'{"resourceType":"Patient"')]
        found = [line.split("\t") for line in output.read_text().splitlines()]
        expected = [(patient, study) for patient in patients for study in STUDIES]
        words = {line[2] for line in found}
        if [tuple(line[:2]) for line in found] != expected or words - VERDICTS:
            return f"{len(found)} verdicts {sorted(words)}, expected {len(expected)}"
        return None
    return check


def of_this_program(options, path, whole):
    """Ours by itself comes first."""
    view, five = [options.build / "fhirtrial", "view", "--quiet", "--format", "csv"], options.build / "bench" / "five"
    all_views = [word for name in VIEWS for word in ("--view", name)]
    yield Case(OURS, "ours", [*view, PAIN, path], same_digits, **whole)
    yield Case(OURS_TWO, "ours-two", [*view, "--threads", "2", PAIN, path], same_digits, **whole)
    yield Case(TRUSTED, "trusted", [*view, "--trusted", PAIN, path], same_digits, **whole)
    yield Case(FIVE, "five", [*view, *all_views, "--out", f"{five}/", path], as_if_alone(view, path, five), fresh=(five,), **whole)
    for name, key, chosen in ((FIVE_CRITERIA, "criteria-five", MAPPING_VIEWS), (CRITERIA, "criteria", "all")):
        command = [options.build / "tests/bench/whole/trial_pass", TOP / "mappings", path, chosen, *STUDIES]
        yield Case(name, key, command, verdicts(path), **whole)


def into_store(options, make_input, whole, form, name, part):
    """`fhirtrial run` over the first resources, into a new store each time."""
    count = min(options.count, part)
    path = make_input(options.build, form, count, options.seed)
    site = options.build / "bench" / f"site-{form}"
    prepare = [TOP / "docs/example/prepare", site, TOP / "mappings", "demo"]
    command = [options.build / "fhirtrial", "run", "--config", site / "fhirtrial.json", "--now", NOW, "--no-progress", path]
    return Case(name, f"run-{form}", command, some_rows, count, path.stat().st_size, share=count / options.count,
                fresh=(site,), before=(prepare,))


def of_c_and_jq(options, path, whole):
    peer = options.build / "tests/bench/whole/peer"
    yield Case(SCAN, "scan", [peer, "lines", path], line_count(options.count), **whole)
    yield Case(CJSON, "cjson-parse", [peer, "parse", path], no_rows, **whole)
    yield Case("cJSON, view written by hand", "cjson", [peer, "view", path], same_numbers, **whole)
    yield Case(JQ, "jq", ["jq", "-r", JQ_VIEW, path], same_numbers, **whole)


def of_npm(path, whole):
    def case(name, key, *arguments, **more):
        return Case(name, key, [NODE, HERE / "peers.mjs", *arguments], same_numbers, **whole, **more)
    yield case(FHIRPATH, "fhirpath", "fhirpath", path)
    yield case(MEDPLUM, "medplum", "medplum", path)
    yield case(DUCKDB, "duckdb", "duckdb", path)
    yield case("DuckDB, new process, two threads", "duckdb2", "duckdb", path, "2")
    yield case(DUCKDB_HOT, "duckdb-hot", "duckdb-hot", path, times_itself=True)
    yield case("DuckDB, running, two threads", "duckdb-hot2", "duckdb-hot", path, "2", times_itself=True)


def make(options, path, make_input):
    """The cases, and a line for each engine that is not there."""
    whole = {"resources": options.count, "bytes": path.stat().st_size}
    found, absent = [*of_this_program(options, path, whole)], ["sof-js is absent: it is not in the npm registry."]
    found.append(into_store(options, make_input, whole, "bundles", "fhirtrial run, a Bundle a patient, into SQLite", 100_000))
    found.append(into_store(options, make_input, whole, "json", "fhirtrial run, a resource a message, into SQLite", 5_000))
    if not shutil.which("jq"):
        absent.append("jq is absent: ./bootstrap bench installs it.")
    found += [c for c in of_c_and_jq(options, path, whole) if c.name != JQ or shutil.which("jq")]
    if NODE.exists() and (HERE / "node_modules").exists():
        found += of_npm(path, whole)
    else:
        absent.append("The engines from npm are absent: ./bootstrap bench installs them.")
    if options.only:
        found = [c for c in found if c.name == OURS or any(word in c.name for word in options.only)]
    return found, absent
