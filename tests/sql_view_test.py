#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What analysts find in the store: one SQL view for each mapping view, with a column for each type of
FHIR as TEXT, digit for digit, and beside a number its REAL. Read with sqlite3, as they would."""

import json
import os
import sqlite3
import subprocess
import tempfile
from pathlib import Path

from tap import Tap
from tools_test import MAPPINGS, PROGRAM, Folder

# FHIR type, its value in JSON, what the SQL view gives as TEXT
PRIMITIVES = [
    ("base64Binary", "aGVsbG8=", "aGVsbG8="), ("boolean", True, "true"),
    ("canonical", "http://a.example|1", "http://a.example|1"), ("code", "final", "final"),
    ("date", "1950-03", "1950-03"), ("dateTime", "2025-03-01T10:00:00+01:00", "2025-03-01T10:00:00+01:00"),
    ("decimal", "7.60", "7.60"), ("id", "a.b", "a.b"),
    ("instant", "2025-03-01T10:00:00.500Z", "2025-03-01T10:00:00.500Z"), ("integer", -3, "-3"),
    ("markdown", "*x*", "*x*"), ("oid", "urn:oid:1.2.3", "urn:oid:1.2.3"), ("positiveInt", 2, "2"),
    ("string", "a \"quoted\" text", "a \"quoted\" text"), ("time", "18:12:00", "18:12:00"),
    ("unsignedInt", 0, "0"), ("uri", "urn:x", "urn:x"), ("url", "http://u.example", "http://u.example"),
    ("uuid", "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7", "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"),
]
NUMBERS = {"decimal": 7.6, "integer": -3.0, "positiveInt": 2.0, "unsignedInt": 0.0}
COMPLEX = [("Coding", {"system": "urn:s", "code": "c"}), ("Period", {"start": "2024-02"}),
           ("Reference", {"reference": "Organization/o"}), ("CodeableConcept", {"text": "t"})]


def element(kind):
    return f"extension('urn:{kind}').value.ofType({kind}).first()"


def view():
    columns = [{"name": f"c_{kind}", "type": kind, "path": element(kind)} for kind, _, _ in PRIMITIVES]
    columns += [{"name": f"c_{kind}", "type": kind, "path": element(kind)} for kind, _ in COMPLEX]
    columns += [{"name": "c_Quantity", "type": "Quantity", "path": element("Quantity")},
                {"name": "given", "type": "string", "path": "name.given", "collection": True},
                {"name": "sizes", "type": "decimal", "path": "extension('urn:n').value.ofType(decimal)",
                 "collection": True},
                {"name": "absent", "type": "decimal", "path": element("absent").replace("ofType(absent)", "ofType(decimal)")}]
    return {"resourceType": "ViewDefinition", "url": "https://v.example/types", "name": "types", "status": "active",
            "fhirVersion": ["4.0.1"], "resource": "Patient", "select": [{"column": columns}]}


def patient():
    """As text: Python would write 7.60 as 7.6."""
    extensions = []
    for kind, value, _ in PRIMITIVES:
        text = value if kind == "decimal" else json.dumps(value)
        extensions.append(f'{{"url":"urn:{kind}","value{kind[0].upper()}{kind[1:]}":{text}}}')
    for kind, value in COMPLEX:
        extensions.append(json.dumps({"url": f"urn:{kind}", f"value{kind}": value}))
    extensions += ['{"url":"urn:Quantity","valueQuantity":{"value":0.10,"unit":"mg"}}',
                   '{"url":"urn:n","valueDecimal":1.0}', '{"url":"urn:n","valueDecimal":2.50}']
    return ('{"resourceType":"Patient","id":"p","name":[{"given":["x","y"]}],"extension":[' +
            ",".join(extensions) + "]}\n")


def fill(folder, changes):
    for name, content in {**MAPPINGS, **changes}.items():
        folder.write("mappings/" + name, content)
    key = Path(folder.name, "site.key")
    key.write_bytes(os.urandom(32))
    key.chmod(0o600)
    config = folder.write("c.json", {
        "schema": 1, "base": folder.name, "store": {"path": "store.db"},
        "mappings": {"path": "mappings", "studies": ["s1"], "site": "demo"}, "source": "ward", "siteKey": "site.key",
        "flag": {"identifierSystem": "https://h.example/f", "codeSystem": "https://h.example/c"},
        "endpoints": [{"name": "file", "type": "file", "path": "f.ndjson", "patient": "same-as-source: ward"}]})
    # AddressSanitizer follows thread-local storage into a library that the program has closed by then.
    environment = {"ASAN_OPTIONS": "intercept_tls_get_addr=0", **os.environ}
    done = subprocess.run([PROGRAM, "run", "--config", config, folder.write("p.ndjson", patient())],
                          capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    store = sqlite3.connect(Path(folder.name, "store.db"))
    store.row_factory = sqlite3.Row
    return store


def every_type_has_its_column(folder):
    store = fill(folder, {"core/views/types.json": view()})
    row = store.execute("SELECT * FROM view_types").fetchone()
    types = store.execute("SELECT " + ", ".join(
        f"typeof({name}) AS {name}" for name in row.keys()) + " FROM view_types").fetchone()
    for kind, _, text in PRIMITIVES:
        assert (row[f"c_{kind}"], types[f"c_{kind}"]) == (text, "text"), (kind, row[f"c_{kind}"])
    for kind, number in NUMBERS.items():
        assert (row[f"c_{kind}_num"], types[f"c_{kind}_num"]) == (number, "real"), kind
    for kind, value in COMPLEX:
        assert types[f"c_{kind}"] == "text" and json.loads(row[f"c_{kind}"]) == value, kind
    beside = {name for name in row.keys() if name.endswith("_num")}
    assert beside == {f"c_{kind}_num" for kind in NUMBERS} | {"absent_num"}, beside
    assert row["row_source"] == "ward" and row["row_patient"] == "p" and row["row_resource"] == "Patient/p"
    assert (row["absent"], row["absent_num"]) == (None, None)
    store.close()


def digits_stay_in_quantities_and_collections(folder):
    store = fill(folder, {"core/views/types.json": view()})
    row = store.execute("SELECT c_Quantity, given, sizes FROM view_types").fetchone()
    assert row["c_Quantity"] == '{"value":0.10,"unit":"mg"}', row["c_Quantity"]
    assert json.loads(row["given"]) == ["x", "y"] and json.loads(row["sizes"]) == ["1.0", "2.50"]
    assert store.execute("SELECT CAST(c_Quantity ->> '$.value' AS REAL) FROM view_types").fetchone()[0] == 0.1
    found = store.execute("SELECT count(*) FROM view_types WHERE c_decimal_num BETWEEN 7 AND 8").fetchone()[0]
    assert found == 1
    store.close()


def a_type_that_does_not_fit_is_refused(folder):
    wrong = view()
    wrong["select"][0]["column"][0] = {"name": "a", "type": "integer", "path": "birthDate"}
    for name, content in {**MAPPINGS, "core/views/types.json": wrong}.items():
        folder.write("mappings/" + name, content)
    done = subprocess.run([PROGRAM, "check", folder.name + "/mappings"], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 1 and "column 'a' is declared as integer but its path gives date" in done.stdout
    assert "[/select/0/column/0/path]" in done.stdout, done.stdout


TESTS = [every_type_has_its_column, digits_stay_in_quantities_and_collections, a_type_that_does_not_fit_is_refused]


def main():
    tap = Tap()
    for test in TESTS:
        problems = []
        with tempfile.TemporaryDirectory() as name:
            try:
                test(Folder(name))
            except Exception as error:  # any failure belongs to this test alone
                problems.append(f"{type(error).__name__}: {error}")
        tap.result("sql view: " + test.__name__.replace("_", " "), problems)
    return tap.done()


if __name__ == "__main__":
    raise SystemExit(main())
