# SPDX-License-Identifier: Apache-2.0
"""The rows of the view of pain scores: what Python's json finds in the input, and what the engines wrote."""
import csv
import json
from decimal import Decimal


class Digits(str):
    """A number by its digits."""


def is_pain(resource):
    return resource["resourceType"] == "Observation" and any(
        coding.get("system") == "http://loinc.org" and coding.get("code") == "72514-3" for coding in resource["code"]["coding"])


def row_of(resource):
    quantity = resource.get("valueQuantity", {})
    return (resource["id"], resource["subject"]["reference"], resource["code"]["coding"][0]["code"],
            resource["effectiveDateTime"], str(quantity.get("value", "")), quantity.get("unit", ""))


def of_input(path):
    """The rows with the digits of the input. A line without the code's letters, plain or escaped, holds no pain score."""
    found = []
    with open(path, "rb") as lines:
        for line in lines:
            if b"72514-3" in line or b"\\u00" in line:
                resource = json.loads(line, parse_float=Digits, parse_int=Digits)
                if is_pain(resource):
                    found.append(row_of(resource))
    return found


def of_csv(path):
    """Rows of `fhirtrial view --format csv`, without the line of names."""
    with open(path, encoding="utf-8", newline="") as text:
        return [tuple(row) for row in csv.reader(text)][1:]


def of_tsv(path):
    """Rows as the other engines write them; a NULL of DuckDB is an empty cell like the others'."""
    with open(path, encoding="utf-8", newline="") as text:
        return [tuple(line.rstrip("\n").split("\t")) for line in text]


def as_numbers(table):
    return [(*row[:4], row[4] and Decimal(row[4]).normalize(), *row[5:]) for row in table]


def difference(got, expected):
    """What is wrong, or None."""
    if got == expected:
        return None
    for i, (a, b) in enumerate(zip(got, expected)):
        if a != b:
            return f"row {i + 1} is {a}, expected {b}"
    return f"{len(got)} rows, expected {len(expected)}"
