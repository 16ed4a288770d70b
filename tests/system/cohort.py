# SPDX-License-Identifier: Apache-2.0
"""The synthetic cohort and what is expected of it, for the system tests and the demo.

demo/cohort/README.md describes the patients; tests/cohort/README.md the expectations, which were written by hand.
"""

import json
import pathlib
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "demo" / "cohort"
EXPECTED = ROOT / "tests" / "cohort"
FILES = [FOLDER / name for name in ("cohort.ndjson", "bundle-transaction.json", "bundle.xml")]
NOW = "2025-06-30T12:00:00Z"
STUDIES = ("nct04242589", "nct02773966", "nct02847754", "shanghai-rfa-pva-sbrt")
GUIDELINES = ("spinal-metastases",)

_FHIR = "{http://hl7.org/fhir}"
# Elements of a Patient that FHIR repeats, as far as the cohort has them.
_REPEATED = {"identifier", "name", "given", "tag", "link", "address", "telecom", "line"}


def table(name):
    """The lines of an expected-*.tsv as dicts."""
    lines = (EXPECTED / f"expected-{name}.tsv").read_text(encoding="utf-8").splitlines()
    heads = lines[0].split("\t")
    return [dict(zip(heads, line.split("\t"))) for line in lines[1:]]


def _from_xml(element):
    """A Patient of FHIR XML as the JSON object that FHIR defines for it; primitives of the cohort are text or Boolean."""
    if "value" in element.attrib:
        value = element.get("value")
        return {"true": True, "false": False}.get(value, value)
    out = {}
    for child in element:
        name = child.tag.removeprefix(_FHIR)
        value = _from_xml(child)
        if name in _REPEATED:
            out.setdefault(name, []).append(value)
        else:
            out[name] = value
    return out


def _sent_patients():
    """Every Patient resource in the order it is fed, with the id under which it is known."""
    for line in FILES[0].read_text(encoding="utf-8").splitlines():
        resource = json.loads(line)
        if resource["resourceType"] == "Patient":
            yield resource
    for entry in json.loads(FILES[1].read_text(encoding="utf-8"))["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            yield {**entry["resource"], "id": entry["resource"].get("id") or entry["fullUrl"].rpartition(":")[2]}
    for element in ElementTree.parse(FILES[2]).getroot().iter(_FHIR + "Patient"):
        yield {"resourceType": "Patient"} | _from_xml(element)


def patients():
    """The Patients as the hospital has them at the end: the last version of each, those that link to another one last."""
    latest = {patient["id"]: patient for patient in _sent_patients()}
    return sorted(latest.values(), key=lambda patient: "link" in patient)


def load_patients(client):
    """Puts the Patients into a FHIR server with an authorised FhirClient; returns how many."""
    everyone = patients()
    for patient in everyone:
        client.put(patient)
    return len(everyone)


def expected_flags():
    """{(patient, study): "none" | "inactive" | "active:<code>"} at the end of the feed."""
    return {(row["patient"], row["study"]): row["flag"] for row in table("verdicts")}


def expected_verdicts():
    """{(patient, study): verdict} at the end of the feed, without the record that was merged into another one."""
    return {
        (row["patient"], row["study"]): row["verdict"] for row in table("verdicts") if row["verdict"] != "merged"
    }


def expected_criteria():
    """{(patient, study, criterion): (result, reason, rule)}; the reason is empty but for an unknown."""
    return {
        (row["patient"], row["study"], row["criterion"]): (row["result"], row["reason"], row["rule"])
        for row in table("criteria")
    }
