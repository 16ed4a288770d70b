#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds tests/proof.tsv: which test proves which sentence of the design.

Each row names a page of ../shared/design, the beginning of a sentence there, a file of this project
and a test in it. The test must be in its file. Where the pages are at hand, each sentence must
stand there, and every row of domain.md section 7, every trap of 2.8 and every item of contracts.md
must have a test.
"""

import json
import os
import re
import sys
import tempfile
from pathlib import Path

from tap import Tap

PAGES = {"domain.md": "rows of section 7 and traps of 2.8", "contracts.md": "items"}
NOT_OURS = "Observation search refused without `category`"  # nothing here searches for Observations


def table(path):
    lines = path.read_text().splitlines()[1:]
    return [tuple(line.split("\t")) for line in lines]


def has_test(path, name):
    """Whether a file has a test of this name, by the kind of the file."""
    if not path.exists():
        return False
    text = path.read_text()
    if path.suffix == ".json":
        return any(case["name"] == name for case in json.loads(text)["cases"])
    if path.suffix == ".txt":
        return name in text.splitlines()
    if path.suffix == ".c":
        return f"UNIT_TEST({name})" in text
    if path.suffix == ".py" and path.parent.name == "system":
        return re.search(rf"^ +def {name}\(self\)", text, re.M) is not None
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def missing_tests(source, rows):
    return [f"{file}: no test {name!r} ({page}: {sentence})"
            for page, sentence, file, name in rows if not has_test(source / file, name)]


def sentences(page, text):
    """What of a page must be proven, one text each."""
    if page == "contracts.md":
        return re.findall(r"^- .*$", text, re.M)
    traps = text[text.index("### 2.8"):text.index("## 3.")]
    section = text[text.index("## 7. Tests that follow"):text.index("## 8.")]
    return [line for line in re.findall(r"^\| .*$", traps + section, re.M)
            if not line.startswith(("| Test |", "| Trap |")) and NOT_OURS not in line]


def unproven(page, text, rows):
    mine = [sentence for of, sentence, _, _ in rows if of == page]
    problems = [f"{page} does not say: {sentence}" for sentence in sorted(set(mine)) if sentence not in text]
    return problems + [f"nothing proves: {item[:100]}" for item in sentences(page, text)
                       if not any(sentence in item for sentence in mine)]


def no_source_knows_a_test(source):
    """contracts.md, Code: no code of the product looks at a test's name."""
    names = {case["name"] for path in source.glob("tests/mappings/*.json")
             for case in json.loads(path.read_text()).get("cases", [])}
    names |= {line.split("\t")[0] for path in source.glob("tests/cohort/expected-*.tsv")
              for line in path.read_text().splitlines()[1:]}
    names |= {word for line in (source / "conformance/fhirpath-expected.tsv").read_text().splitlines()
              if not line.startswith("#") for word in line.split("\t")[:2]}
    names = {name for name in names if re.search(r"[\d -]", name) and len(name) > 5}
    problems = []
    for path in source.glob("plugin/**/*.[ch]"):
        literals = set(re.findall(r'"((?:[^"\\\n]|\\.)*)"', path.read_text()))
        problems += [f"{path.name}: knows the test {name!r}" for name in sorted(literals & names)]
    return problems


PLANTED = [("contracts.md", "- **Reasons** are closed", "t_test.c", "there"),
           ("contracts.md", "is not said", "t_test.c", "gone")]


def planted():
    """What is wrong with two rows, of which one is good."""
    with tempfile.TemporaryDirectory() as top:
        Path(top, "t_test.c").write_text("UNIT_TEST(there)\n")
        return (missing_tests(Path(top), PLANTED)
                + unproven("contracts.md", "- **Reasons** are closed\n- Two clocks\n", PLANTED))


def main():
    source = Path(os.environ.get("srcdir", "."))
    rows = table(source / "tests/proof.tsv")
    tap = Tap()
    tap.result("every test named in proof.tsv is there", missing_tests(source, rows))
    tap.result("no source of the product knows a test", no_source_knows_a_test(source))
    expected = ["t_test.c: no test 'gone' (contracts.md: is not said)",
                "contracts.md does not say: is not said", "nothing proves: - Two clocks"]
    tap.result("planted: a test, a sentence and a proof that are missing",
               [] if planted() == expected else planted())
    design = Path(os.environ.get("FHIRTRIAL_SHARED", source / "../shared"), "design")
    for page, what in PAGES.items():
        if (design / page).exists():
            tap.result(f"{page}: all {what} have a test", unproven(page, (design / page).read_text(), rows))
        else:
            tap.skip(f"{page}: all {what} have a test", f"no {design / page}")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
