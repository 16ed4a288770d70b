#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the synthetic cohort: cohort.ndjson, bundle-transaction.json and bundle.xml.

The same run always writes the same bytes: no clock, no random number. Usage:
    make-cohort.py [FOLDER]     (default: this file's folder)
"""

import json
import pathlib
import sys
import uuid
from xml.sax.saxutils import quoteattr

from cohort_fhir import HOSPITAL, research_study
from cohort_patients import STUDIES, ndjson_patients, transaction_patients, xml_patients

POSTED = "st-065-hysterectomy"


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def ndjson():
    people = list(ndjson_patients())
    people.sort(key=lambda person: person.name)
    resources = [research_study(*study) for study in STUDIES]
    resources += [resource for person in people for resource in person.feed]
    resources += [resource for person in people for resource in person.late]
    return "".join(compact(resource) + "\n" for resource in resources)


def local_name(resource):
    return f"{resource['resourceType']}/{resource['id']}"


def relinked(value, names):
    """A copy of `value` in which each relative reference of `names` became its urn:uuid."""
    if isinstance(value, dict):
        return {key: names.get(child, child) if key == "reference" else relinked(child, names)
                for key, child in value.items()}
    if isinstance(value, list):
        return [relinked(child, names) for child in value]
    return value


def transaction():
    """Two patients are PUT under their ids; one is POSTed without ids, as a new record is."""
    entries = []
    for person in transaction_patients():
        names = {local_name(each): f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, HOSPITAL + local_name(each))}"
                 for each in person.feed}
        for resource in person.feed:
            name, kind = local_name(resource), resource["resourceType"]
            linked = relinked(resource, names)
            request = {"method": "PUT", "url": name}
            if person.name == POSTED:
                del linked["id"]
                request = {"method": "POST", "url": kind}
            entries.append({"fullUrl": names[name], "resource": linked, "request": request})
    bundle = {"resourceType": "Bundle", "id": "st-bundle-transaction", "type": "transaction",
              "timestamp": "2025-06-30T06:00:00Z", "entry": entries}
    return json.dumps(bundle, ensure_ascii=False, indent=1) + "\n"


def xml_text(value):
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def xml_element(name, value, depth):
    pad = "  " * depth
    if isinstance(value, list):
        return "".join(xml_element(name, each, depth) for each in value)
    if not isinstance(value, dict):
        return f"{pad}<{name} value={quoteattr(xml_text(value))}/>\n"
    if "resourceType" in value:
        return f"{pad}<{name}>\n{xml_resource(value, depth + 1)}{pad}</{name}>\n"
    url = f" url={quoteattr(value['url'])}" if name == "extension" else ""
    children = "".join(xml_element(key, child, depth + 1) for key, child in value.items()
                       if not (url and key == "url"))
    return f"{pad}<{name}{url}>\n{children}{pad}</{name}>\n"


def xml_resource(resource, depth=0, namespace=""):
    pad, kind = "  " * depth, resource["resourceType"]
    children = "".join(xml_element(key, value, depth + 1) for key, value in resource.items()
                       if key != "resourceType")
    return f"{pad}<{kind}{namespace}>\n{children}{pad}</{kind}>\n"


def xml_bundle():
    resources = [resource for person in xml_patients() for resource in person.feed]
    bundle = {"resourceType": "Bundle", "id": "st-bundle-collection", "type": "collection",
              "timestamp": "2025-06-30T06:00:00Z",
              "entry": [{"fullUrl": f"{HOSPITAL}fhir/{local_name(resource)}", "resource": resource}
                        for resource in resources]}
    body = xml_resource(bundle, namespace=' xmlns="http://hl7.org/fhir"')
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + body


def main():
    here = pathlib.Path(__file__).resolve().parent
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("cohort.ndjson", ndjson()), ("bundle-transaction.json", transaction()),
                       ("bundle.xml", xml_bundle())):
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
