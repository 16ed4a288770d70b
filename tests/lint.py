#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""House rules that neither the compiler nor clang-format knows; `make lint` runs it.

Each rule is a function over the tracked source files that yields (file, line, what is wrong). With
--self-test every rule must find what is planted for it, and nothing in clean text.
"""

import re
import sys
from pathlib import Path

BANNED_CALLS = """strcpy strcat sprintf vsprintf gets strtok atoi atol atof strtod strtof strtold
sscanf localtime strerror rand srand alloca system popen""".split()
PURE = "base fhir path view trial export".split()
# Files made by a checked-in script from the official FHIR definitions.
GENERATED = re.compile(r"^plugin/fhir/model_(r4\.inc|ids\.h)$")
# The one table that may name code systems: %sct, %loinc and %ucum of FHIRPath on FHIR.
ENVIRONMENT_TABLE = re.compile(r"^plugin/path/environment\.\w+$")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\bnot implemented\b|\bplaceholder\b")
CLINICAL_WORD = re.compile(r"(?<![A-Za-z])(pain|ecog)(?![a-z])|karnofsky|vertebra", re.I)
CLINICAL_URL = re.compile(
    r"loinc\.org|snomed\.info|unitsofmeasure\.org|fhir/sid/|rxnorm|nci\.nih\.gov|"
    r"terminology\.hl7\.org/CodeSystem/(?!flag-category|v3-ActReason)", re.I)
LOINC_SHAPE = re.compile(r"(?<![\w.-])\d{3,5}-\d(?![\w.-])")
SNOMED_SHAPE = re.compile(r"(?<![\w.-])\d{6,18}(?![\w.-])")
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(text, keep):
    """`text` with every comment or literal that `keep` refuses blanked, line breaks kept."""
    def replace(match):
        token = match.group()
        return token if keep(token) else re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(replace, text)


def code_only(text):
    return blank(text, lambda token: False)


def literals_only(text):
    """Everything but string literals blanked."""
    kept = [(m.start(), m.group()) for m in TOKEN.finditer(text) if m.group().startswith('"')]
    out = list(re.sub(r"[^\n]", " ", text))
    for start, token in kept:
        out[start:start + len(token)] = token
    return "".join(out)


def hits(pattern, text):
    for match in pattern.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group()


VERHOEFF = ["0123456789", "1576283094", "5803796142", "8916043527",
            "9453126870", "4286573901", "2793806415", "7046913258"]
DIHEDRAL = ["0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
            "5987604321", "6598710432", "7659821043", "8765932104", "9876543210"]


def is_snomed(digits):
    """Whether the partition (concept, description or relationship) and the check digit fit."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(DIHEDRAL[check][int(VERHOEFF[place % 8][int(digit)])])
    return check == 0 and digits[0] != "0" and digits[-3] in "01" and digits[-2] in "012"


def is_loinc(code):
    """Whether the check digit (mod 10, every other digit doubled) fits."""
    digits, check = code.split("-")
    doubled = "".join(str(int(d) * 2) if i % 2 == 0 else d for i, d in enumerate(digits[::-1]))
    return (10 - sum(map(int, doubled)) % 10) % 10 == int(check)


def is_c(name):
    return name.endswith((".c", ".h"))


def of_library(name):
    """C of the shared object: the rooms, the edge and the shell, not tools and hosts."""
    return name.startswith("plugin/") and re.search(r"\.(c|h|def|inc)$", name) \
        and not name.startswith(("plugin/tools/", "plugin/hosts/"))


def first_line(name, text):
    if is_c(name) and not text.startswith("/* SPDX-License-Identifier: Apache-2.0 */\n"):
        yield 1, "the first line is not the SPDX line"


def banned_calls(name, text):
    pattern = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(BANNED_CALLS))
    if is_c(name) and name.startswith(("plugin/", "tests/")):
        for line, found in hits(pattern, code_only(text)):
            yield line, f"banned function {found.rstrip('( ')}"


def binary_floating_point(name, text):
    parts = name.split("/")
    if name.startswith("plugin/") and is_c(name) and parts[1] in PURE + ["store"]:
        for line, found in hits(re.compile(r"\b(float|double)\b"), code_only(text)):
            yield line, f"{found} in a room that holds clinical values"


def jumps(name, text):
    parts = name.split("/")
    if name.startswith("plugin/") and is_c(name) and len(parts) > 2 and parts[1] in PURE:
        for line, _ in hits(re.compile(r"\bgoto\b"), code_only(text)):
            yield line, "goto in a pure room"


def clinical_constants(name, text):
    if not of_library(name) or GENERATED.match(name):
        return
    for line, found in hits(CLINICAL_WORD, text):
        yield line, f"clinical word '{found}': it belongs in mappings/"
    if ENVIRONMENT_TABLE.match(name):
        return
    for line, found in hits(CLINICAL_URL, text):
        yield line, f"clinical code system '{found}': it belongs in mappings/"
    for pattern, fits, kind in ((LOINC_SHAPE, is_loinc, "LOINC"),
                                (SNOMED_SHAPE, is_snomed, "SNOMED")):
        for line, found in hits(pattern, literals_only(text)):
            if fits(found):
                yield line, f"'{found}' has the shape of a {kind} code: it belongs in mappings/"


def unfinished(name, text):
    if name != "tests/lint.py":
        for line, found in hits(UNFINISHED, text):
            yield line, f"unfinished mark '{found}'"


def white_space(name, text):
    if re.search(r"\.(c|h|py|sh|md|am|ac|json|mjs|js|def)$", name):
        for line, _ in hits(re.compile(r"[ \t]+$", re.M), text):
            yield line, "white space at the end of the line"
        if text and not text.endswith("\n"):
            yield text.count("\n") + 1, "no line end at the end of the file"


def lock_file(name, text):
    if name.endswith("package-lock.json"):
        for line, _ in hits(re.compile(r'"resolved": *"https?:'), text):
            yield line, "a lock file records download addresses"


def listed(name, text, makefile):
    """Every C file is in a source list, else it is neither built nor distributed."""
    if is_c(name) and name.startswith(("plugin/", "tests/unit/", "tests/fuzz/")):
        if not re.search(r"(?<![\w/.-])%s(?![\w/.-])" % re.escape(name), makefile):
            yield 1, "not named in Makefile.am"


RULES = [first_line, banned_calls, binary_floating_point, jumps, clinical_constants, unfinished,
         white_space, lock_file]

# (file, text, how many problems). The texts hold what the rule is about and what comes near it.
PLANTED = [
    ("plugin/base/x.c", "int a;\n", 1),
    ("tests/unit/x.c", "/* SPDX-License-Identifier: Apache-2.0 */\nint f(void) { return atoi(s); }\n", 1),
    ("plugin/deliver/x.c", "/* SPDX-License-Identifier: Apache-2.0 */\n"
     "/* strcpy(a) */ curl_easy_strerror(c); o->system(1); my_rand(); \"rand()\";\n", 0),
    ("plugin/trial/x.h", "/* SPDX-License-Identifier: Apache-2.0 */\ndouble d; /* double */\n", 1),
    ("plugin/deliver/x.h", "/* SPDX-License-Identifier: Apache-2.0 */\ndouble seconds;\n", 0),
    ("plugin/view/x.c", "/* SPDX-License-Identifier: Apache-2.0 */\ngoto end; // goto\n", 1),
    ("plugin/trial/x.c", "/* SPDX-License-Identifier: Apache-2.0 */\n"
     "s = \"72514-3\"; t = \"22298006\";\nu = \"http://snomed.info/sct|22298006\";\n", 4),
    ("plugin/trial/x.c", "/* SPDX-License-Identifier: Apache-2.0 */\n"
     "/* pain_score */ int ecog; \"Karnofsky\"; \"vertebrae\";\n", 4),
    ("plugin/trial/x.c", "/* SPDX-License-Identifier: Apache-2.0 */\n"
     "/* recognise, painted, spain, 22298006 */ \"2012-01-31\"; \"2147483647\"; \"1234-5\"; int n = 22298006;\n", 0),
    ("plugin/path/environment.c", "/* SPDX-License-Identifier: Apache-2.0 */\n\"http://loinc.org\";\n", 0),
    ("plugin/fhir/model_r4.inc", "\"72514-3\"\n", 0),
    ("plugin/tools/x.c", "/* SPDX-License-Identifier: Apache-2.0 */\n\"72514-3\";\n", 0),
    ("docs/x.md", "TO" + "DO: more \n", 2),
    ("docs/x.md", "todos hackney\nlast line", 1),
    ("tests/servers/package-lock.json", '"resolved": "https://x.example/y.tgz"\n', 1),
]


def self_test():
    bad = 0
    for name, text, expected in PLANTED:
        found = [problem for rule in RULES for problem in rule(name, text)]
        if len(found) != expected:
            print(f"lint self-test: {name}: {text!r}: expected {expected} problems, got {found}")
            bad = 1
    return bad


def main():
    if sys.argv[1:2] == ["--self-test"]:
        return self_test()
    top = Path(sys.argv[1])
    makefile = (top / "Makefile.am").read_text()
    bad = 0
    for name in sys.stdin.read().splitlines():
        try:
            text = (top / name).read_text()
        except (UnicodeDecodeError, IsADirectoryError, FileNotFoundError):
            continue
        found = [problem for rule in RULES for problem in rule(name, text)]
        for line, what in found + list(listed(name, text, makefile)):
            print(f"{name}:{line}: {what}")
            bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
