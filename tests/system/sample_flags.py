# SPDX-License-Identifier: Apache-2.0
"""Flags for the tests of the servers."""

import urllib.parse

SYSTEM = "https://sponsor.example.org/flags"


def make_flag(patient="p1", value="00000000-0000-8000-8000-000000000001", **members):
    return {
        "resourceType": "Flag",
        "identifier": [{"system": SYSTEM, "value": value}],
        "status": "active",
        "code": {"text": "Research: screening review suggested"},
        "subject": {"reference": f"Patient/{patient}"},
    } | members


def if_none_exist(value):
    return {"If-None-Exist": f"identifier={urllib.parse.quote(f'{SYSTEM}|{value}', safe='')}"}
