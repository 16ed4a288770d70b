#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A wrong threshold, code or window in a mapping turns a conformance case of that criterion red, by name (TAP).

For each criterion that is computed, its expressions and the steps they use are changed in one place at a time: a
number by one, a comparison by its end, a code to another, a window by a day, a value parameter by one. Each criterion
gets steps of its own first, so that one run tries a change in every criterion of a study at once and no change reaches
another criterion. A change in a criterion's own expressions has to turn one of its cases red; a change in a step, one
of a criterion that rests on it. What no case sees is told. Changes that no record could show are listed with the
reason in tests/data/conformance-equivalent.tsv, and a listed one that is seen is an error too.

It proves the cases and not the library: a build with a sanitizer, which is slow, tries every eighth change."""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("srcdir") or pathlib.Path(__file__).resolve().parents[1]).resolve()
BUILD = pathlib.Path(os.environ.get("builddir") or SOURCE / "build").resolve()
MAPPINGS = SOURCE / "mappings"
CASES = SOURCE / "conformance" / "cases"
EQUIVALENT = SOURCE / "tests" / "data" / "conformance-equivalent.tsv"
EVERY = 8 if os.environ.get("FHIRTRIAL_SANITIZER", "no") != "no" else 1
COMPLETE = ["condition", "procedure", "radiotherapy", "imaging_study"]
sys.path.insert(0, str(SOURCE / "tests"))

import tap  # noqa: E402

TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|[%$]\w+|@[\w:.+-]+|\d+(?:\.\d+)?|[A-Za-z_]\w*|<=|>=|!=|!~|[-+<>=~*/|.,()\[\]{}&]|\s+")
OTHER_END = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


def tokens(text):
    found = TOKEN.findall(text)
    assert "".join(found) == text, f"a token is not known in: {text}"
    return found


def step(value, by):
    """A number by one, with its digits after the point."""
    places = len(value.partition(".")[2])
    return f"{float(value) + by:.{places}f}" if places else str(int(value) + by)


def literal(parameter, by):
    value = parameter["value"]
    if isinstance(value, dict):
        return f"({value['value'] + by} {value['unit']})"
    return f"({value + by})"


def changes(text, parameters):
    """All texts with one change, each with what it is: the place in its surroundings, then what becomes of it."""
    parts = tokens(text)
    for i, new, what in replacements(parts, parameters):
        around = "".join(parts[max(i - 5, 0):i]) + f"[{parts[i]}]" + "".join(parts[i + 1:i + 4])
        yield "".join(parts[:i]) + new + "".join(parts[i + 1:]), f"{around.strip()} {what}"


def only_asked_whether_known(parts, i):
    """(a <= b).empty(): whether two values can be compared does not depend on the end (FHIRPath, Comparison)."""
    depth = 0
    for k in range(i + 1, len(parts)):
        depth += (parts[k] == "(") - (parts[k] == ")")
        if depth < 0:
            return parts[k + 1:k + 3] == [".", "empty"]
    return False


def replacements(parts, parameters):
    """(index of a token, what stands there instead, in words)"""
    for i, part in enumerate(parts):
        before = next((p for p in reversed(parts[:i]) if not p.isspace()), "")
        if part in OTHER_END:
            if not only_asked_whether_known(parts, i):
                yield i, OTHER_END[part], f"to {OTHER_END[part]}"
        elif part[0].isdigit():
            for by in (1, -1):
                if float(part) + by >= 0:
                    yield i, step(part, by), f"to {step(part, by)}"
        elif part[0] == "'" and "://" not in part and parts[max(i - 2, 0)] != "defineVariable":
            yield i, part[:-1] + "-other'", "to another code"
        elif part[0] == "%" and part[1:] in parameters:
            parameter = parameters[part[1:]]
            if parameter["type"] == "boolean":
                yield i, part + ".not()", "turned"
            elif "value" in parameter and parameter["type"] in ("Quantity", "integer", "decimal"):
                for by in (1, -1):
                    yield i, literal(parameter, by), f"by {by}"
            elif parameter["type"] == "Quantity" and before in "+-":
                for sign in "+-":
                    yield i, f"{part} {sign} 1 day", f"{sign} 1 day"
            elif parameter["type"] in ("integer", "decimal"):
                for by in ("+ 1", "- 1"):
                    yield i, f"({part} {by})", by


class Study:
    """A protocol whose criteria share no step."""

    def __init__(self, kind, name):
        self.kind, self.name = kind, name
        self.protocol = json.loads((MAPPINGS / kind / name / "protocol.json").read_text())
        self.parameters = {p["name"]: p for p in self.protocol["parameters"]}
        self.defines = {d["name"]: d["expression"] for d in self.protocol["define"]}
        self.criteria = {c["id"]: c for c in self.protocol["criteria"] if not c.get("human")}
        self.places = {id: self.places_of(c) for id, c in self.criteria.items()}

    def used(self, text):
        """The steps that a text rests on."""
        found, todo = set(), [text]
        while todo:
            new = {t[1:] for t in tokens(todo.pop()) if t[0] == "%" and t[1:] in self.defines} - found
            found |= new
            todo += [self.defines[n] for n in new]
        return found

    @staticmethod
    def texts(criterion):
        """Where a criterion has expressions: (place, text)."""
        for key in ("applies", "evidence", "met", "notMet"):
            if key in criterion:
                yield key, criterion[key]
        for i, one in enumerate(criterion.get("unknown", ())):
            yield i, one["when"]

    def places_of(self, criterion):
        """Every change that can be made: (key of the expression, new text, where and what)."""
        texts, steps = [], set()
        for key, text in self.texts(criterion):
            steps |= self.used(text)
            place = key if isinstance(key, str) else f"unknown {key + 1}"
            texts.append((key, f"{criterion['id']} {place}", text))
        texts += [(f"%{name}", f"%{name}", self.defines[name]) for name in sorted(steps)]
        found, names = [], collections.Counter()
        for key, place, text in texts:
            for new, what in changes(text, self.parameters):
                name = f"{place}: {what}"
                names[name] += 1
                found.append((key, new, name if names[name] == 1 else f"{name} ({names[name]})"))
        return found

    def private(self, text, id):
        return "".join(f"%{t[1:]}__{id}" if t[0] == "%" and t[1:] in self.defines else t for t in tokens(text))

    def with_changes(self, chosen):
        """The protocol with one change in each chosen criterion: {id: index}."""
        protocol = json.loads(json.dumps(self.protocol))
        for criterion in protocol["criteria"]:
            id = criterion["id"]
            if id not in chosen:
                continue
            place, new, _ = self.places[id][chosen[id]]
            steps = set()
            for key, text in list(self.texts(criterion)):
                text = new if key == place else text
                steps |= self.used(text)
                if isinstance(key, str):
                    criterion[key] = self.private(text, id)
                else:
                    criterion["unknown"][key]["when"] = self.private(text, id)
            for define in self.protocol["define"]:
                if define["name"] in steps:
                    text = new if place == f"%{define['name']}" else define["expression"]
                    protocol["define"].append(
                        {**define, "name": f"{define['name']}__{id}", "expression": self.private(text, id)})
        return protocol


def stage(folder, study, protocol, criteria):
    """Mappings with one study, and the cases of these criteria."""
    mappings = folder / "mappings"
    shutil.copytree(MAPPINGS / "core", mappings / "core")
    home = mappings / study.kind / study.name
    home.mkdir(parents=True)
    (mappings / "studies").mkdir(exist_ok=True)
    views = MAPPINGS / study.kind / study.name / "views"
    if views.exists():
        shutil.copytree(views, home / "views")
    (home / "protocol.json").write_text(json.dumps(protocol))
    site = json.loads((MAPPINGS / "sites" / "demo" / "site.json").read_text())
    site["parameters"] = {study.name: site["parameters"].get(study.name, {})}
    for name, complete in (("demo", []), ("complete", COMPLETE)):
        shutil.copytree(MAPPINGS / "sites" / "demo" / "conceptmaps", mappings / "sites" / name / "conceptmaps")
        (mappings / "sites" / name / "site.json").write_text(json.dumps({**site, "id": name, "complete": complete}))
    cases = folder / "cases" / study.name
    cases.mkdir(parents=True)
    shutil.copy(CASES / "resources.json", cases.parent)
    for id in criteria:
        (cases / id).symlink_to(CASES / study.name / id)


def run(folder, study, site):
    """What failed: {criterion: [names of cases]}."""
    config = {
        "schema": 1, "base": str(folder), "store": {"path": "none.db"}, "source": "ward", "siteKey": "none",
        "mappings": {"path": "mappings", "site": site, "guidelines": [study.name] if study.kind == "guidelines" else []},
        "flag": {"identifierSystem": "https://hospital.example/f", "codeSystem": "https://hospital.example/c"},
    }
    path = folder / "fhirtrial.json"
    path.write_text(json.dumps(config))
    environment = {"ASAN_OPTIONS": "intercept_tls_get_addr=0", **os.environ}
    done = subprocess.run(
        [BUILD / "fhirtrial", "conformance", "--config", path, "--cases", folder / "cases", "--study", study.name,
         "--now", "2025-06-30T12:00:00Z", "--out", folder / "report"],
        capture_output=True, text=True, timeout=500, env=environment, stdin=subprocess.DEVNULL, check=False,
    )
    assert done.returncode in (0, 1), done.stderr[-3000:]
    failed = {}
    for id, name in re.findall(rf"^FAILED {re.escape(study.name)} (\S+): (.*): (?:expected|the evidence) ", done.stdout, re.M):
        failed.setdefault(id, []).append(name)
    return failed


def try_round(arguments):
    """One change in each chosen criterion; of each whether a case saw it."""
    study, chosen = arguments
    with tempfile.TemporaryDirectory(prefix="fhirtrial-mutants-") as folder:
        folder = pathlib.Path(folder)
        stage(folder, study, study.with_changes(chosen), chosen)
        failed = run(folder, study, "demo")
        if any(id not in failed for id in chosen):
            more = run(folder, study, "complete")
            failed = {**more, **failed}
    return {id: id in failed for id in chosen}


def studies():
    found = [Study("studies", p.parent.name) for p in sorted(MAPPINGS.glob("studies/*/protocol.json"))]
    return found + [Study("guidelines", p.parent.name) for p in sorted(MAPPINGS.glob("guidelines/*/protocol.json"))]


def equivalents():
    """{(study, change): reason}"""
    rows = [line.split("\t") for line in EQUIVALENT.read_text().splitlines() if line and not line.startswith("#")]
    return {(row[0], row[1]): row[2] for row in rows}


def seen_by(study, pool):
    """{change: the criteria whose cases see it}, and of each criterion its changes."""
    # Of every eighth, too, each is tried in all criteria that it reaches, and each criterion has one.
    changes = list(dict.fromkeys(place[2] for places in study.places.values() for place in places))
    tried = {*changes[::EVERY], *(places[0][2] for places in study.places.values() if places)}
    todo = {id: [i for i, place in enumerate(places) if place[2] in tried] for id, places in study.places.items()}
    rounds = [{id: one[k] for id, one in todo.items() if k < len(one)} for k in range(max(map(len, todo.values())))]
    found, of = {}, {}
    for chosen, seen in zip(rounds, pool.map(try_round, [(study, chosen) for chosen in rounds])):
        for id, red in seen.items():
            change = study.places[id][chosen[id]][2]
            of.setdefault(id, []).append(change)
            found.setdefault(change, set()).update([id] if red else [])
    return found, of


def main():
    out = tap.Tap()
    known = equivalents()
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for study in studies():
            found, of = seen_by(study, pool)
            problems = []
            for change, criteria in found.items():
                reason = known.pop((study.name, change), None)
                if not criteria and reason is None:
                    problems.append(f"no case sees\t{study.name}\t{change}")
                if criteria and reason is not None:
                    problems.append(f"{change}: listed as without effect, and cases of {sorted(criteria)} see it")
            out.result(f"{study.name}: cases see each of {len(found)} wrong values", problems)
            for id in study.criteria:
                red = [change for change in of.get(id, ()) if id in found[change]]
                out.result(f"{study.name} {id}: its cases see {len(red)} of {len(of.get(id, ()))} that reach it",
                           [] if red else ["none: is it computed?"])
    if EVERY == 1:
        out.result("what is listed as without effect exists", [f"{' '.join(k)} is no change" for k in known])
    return out.done()


if __name__ == "__main__":
    sys.exit(main())
