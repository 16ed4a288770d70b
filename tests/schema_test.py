#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas for editors (mappings/schema): they allow the members that the C readers allow, they accept every
shipped file, and they refuse what the list of malformed mappings marks with `schema`.

`--update` writes fhirtrial.schema.json, which is what the library answers to the query config-schema.
"""

import ctypes
import json
import os
import re
import sys
from pathlib import Path

from tap import Tap

sys.path.insert(0, str(Path(__file__).resolve().parent / "malformed"))
import malformed  # noqa: E402

try:
    import jsonschema
except ImportError:
    sys.path.append("/usr/lib/python3/dist-packages")  # where Debian's python3-jsonschema lies
    import jsonschema

TOP = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("builddir", "build")).resolve()
SCHEMAS = TOP / "mappings" / "schema"
CONFIGURATION = SCHEMAS / "fhirtrial.schema.json"

# Reader function of the C sources -> where its object is in the schema.
READERS = {
    ("protocol.c", "read_parameter"): "protocol#/definitions/parameter",
    ("protocol.c", "read_flag"): "protocol#/properties/flag",
    ("protocol.c", "read_identifier"): "protocol#/properties/identifier",
    ("protocol.c", "read_head"): "protocol#",
    ("protocol.c", "compile_circumstances"): "protocol#/properties/circumstances",
    ("protocol.c", "compile_defines"): "protocol#/definitions/define",
    ("criterion.c", "criteria_unknown"): "protocol#/definitions/unknown",
    ("criterion.c", "read_criterion"): "protocol#/definitions/criterion",
    ("criterion.c", "read_contradictions"): "protocol#/definitions/contradiction",
    ("schedule.c", "read_scheme"): "protocol#/definitions/scheme",
    ("schedule.c", "read_arm"): "protocol#/definitions/arm",
    ("schedule.c", "read_anchor"): "protocol#/definitions/anchor",
    ("schedule.c", "read_visit"): "protocol#/definitions/visit",
    ("schedule.c", "read_endpoint"): "protocol#/definitions/endpoint",
    ("site.c", None): "site#",
    ("assertion.c", None): "site#/definitions/author",
}
# Words that a reader allows -> the enumeration in the schema.
WORDS = {
    ("protocol.c", "parameter_type", "types"): "protocol#/definitions/parameter/properties/type",
    ("protocol.c", "read_head", "statuses"): "protocol#/properties/status",
    ("criterion.c", "read_criterion", "kinds"): "protocol#/definitions/criterion/properties/kind",
    ("criterion.c", "read_absent", "words"): "protocol#/definitions/criterion/properties/absent",
    ("schedule.c", "read_role", "roles"): "protocol#/definitions/endpoint/properties/role",
}


def schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text())


def place(where):
    name, pointer = where.split("#")
    at = schema(name)
    for step in filter(None, pointer.split("/")):
        at = at[step]
    return at


def body(file, function):
    """The text of a C function, or of the whole file."""
    text = (TOP / "plugin" / "trial" / file).read_text()
    if function is None:
        return text
    start = re.search(rf"^[\w *]*\b{function}\([^;{{]*\{{", text, re.MULTILINE)
    assert start, f"{file} has no function {function}: adapt the table"
    return text[start.end() : text.index("\n}", start.end())]


def array_of(text, name):
    found = re.search(rf"\b{name}\[\]\s*=\s*\{{(.*?)\}};", text, re.DOTALL)
    assert found, f"no array {name}"
    return re.findall(r'"([^"]+)"', found[1])


def library_schema():
    library = ctypes.CDLL(str(BUILD / ".libs" / "libfhirtrial.so"))
    out, n = ctypes.create_string_buffer(1 << 20), ctypes.c_int64()
    code = library.fhirtrial_query(ctypes.c_int32(0), b"config-schema", out, ctypes.c_int64(len(out)), ctypes.byref(n))
    assert code == 0, code
    return json.dumps(json.loads(out.raw[: n.value]), indent=2, ensure_ascii=False) + "\n"


def mistakes(name, document):
    kind = schema(name)
    validator = jsonschema.validators.validator_for(kind)
    validator.check_schema(kind)
    return [f"/{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in validator(kind).iter_errors(document)]


def kind_of(path):
    return {"protocol.json": "protocol", "site.json": "site"}.get(Path(path).name)


def check_tables(tap):
    for (file, function), where in READERS.items():
        allowed, told = set(array_of(body(file, function), "members")), set(place(where)["properties"])
        tap.result(f"{where.replace('#', ' ')} has the members of {file} {function or ''}",
                   [f"only in C: {sorted(allowed - told)}, only in the schema: {sorted(told - allowed)}"]
                   if allowed != told else [])
        tap.result(f"{where.replace('#', ' ')} allows no other", [] if place(where)["additionalProperties"] is False else ["it does"])
    for (file, function, name), where in WORDS.items():
        allowed, told = array_of(body(file, function), name), place(where)["enum"]
        tap.result(f"{where.replace('#', ' ')} has the words of {function}", [] if allowed == told else [f"{allowed} {told}"])
    reasons = re.search(r"reason_name\(.*?\{(.*?)\};", (TOP / "plugin/trial/verdict.c").read_text(), re.DOTALL)[1]
    told = place("protocol#/definitions/unknown/properties/reason")["enum"]
    tap.result("the reasons are those of verdict.c", [] if [r for r in re.findall(r'"([^"]*)"', reasons) if r] == told else [reasons])


def check_files(tap):
    files = [*(TOP / "mappings").rglob("*.json"), *(TOP / "docs" / "example").rglob("*.json")]
    files = sorted(f for f in files if kind_of(f))
    tap.result("there are files to validate", [] if len(files) > 8 else [str(files)])
    for path in files:
        document = json.loads(path.read_text())
        named = dict(document, **{"$schema": f"../../schema/{kind_of(path)}.schema.json"})
        tap.result(f"{path.relative_to(TOP)} is valid", mistakes(kind_of(path), document) + mistakes(kind_of(path), named))


def check_malformed(tap):
    for case in malformed.cases():
        if "schema" not in case:
            continue
        before = (TOP / "mappings" / case["file"]).read_bytes()
        found = mistakes(kind_of(case["file"]), json.loads(malformed.changed(case, before)))
        tap.result(f"refused: {case['name']}", [] if found else ["the schema takes it"])
    marked = sum("schema" in case for case in malformed.cases())
    tap.result("mistakes of form are marked", [] if marked >= 30 else [f"only {marked}"])


def check_configuration(tap):
    name = "fhirtrial.schema.json is what the library says"
    if os.environ.get("FHIRTRIAL_SANITIZER", "no") != "no":
        tap.skip(name, "Python, which has no sanitizer, cannot load this build's library")
    else:
        same = CONFIGURATION.read_text() == library_schema()
        tap.result(name, [] if same else ["run tests/schema_test.py --update"])
    whole = json.loads((TOP / "tests" / "malformed" / "base.json").read_text())
    tap.result("a configuration is valid", mistakes("fhirtrial", dict(whole, **{"$schema": "x"})))
    for case in malformed.cases("configuration.json"):
        if "schema" not in case:
            continue
        after = malformed.changed(case, (TOP / "tests" / "malformed" / "base.json").read_bytes())
        tap.result(f"refused in fhirtrial.json: {case['name']}",
                   [] if mistakes("fhirtrial", json.loads(after)) else ["the schema takes it"])


def main():
    if sys.argv[1:] == ["--update"]:
        CONFIGURATION.write_text(library_schema())
        return 0
    tap = Tap()
    check_tables(tap)
    check_files(tap)
    check_malformed(tap)
    check_configuration(tap)
    return tap.done()


if __name__ == "__main__":
    raise SystemExit(main())
