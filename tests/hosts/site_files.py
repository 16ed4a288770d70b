# SPDX-License-Identifier: Apache-2.0
"""A site for the contract: one view, one study, a file as endpoint, in a folder of its own."""

import json
import shutil
import sqlite3
from pathlib import Path

HERE = Path(__file__).resolve().parent
VIEW = {
    "resourceType": "ViewDefinition",
    "name": "subject",
    "status": "active",
    "resource": "Patient",
    "select": [{"column": [{"name": "gender", "path": "gender", "type": "code"}]}],
}


def study(gender):
    return {
        "schema": 1,
        "id": "s1",
        "identifier": {"system": "https://registry.example", "value": "T1"},
        "title": "A study of the contract",
        "status": "active",
        "screening": ["I1"],
        "flag": {"hold": "P7D", "text": "Research: screening review suggested, study T1"},
        "circumstances": {"dead": "false", "consentDenied": "false", "enrolled": "false"},
        "criteria": [
            {
                "id": "I1",
                "kind": "inclusion",
                "text": gender,
                "evidence": "subject",
                "met": f"subject.exists(gender = '{gender}')",
            }
        ],
    }


class Site:
    """Makes the folder; `path(name)` gives the file that a name in the contract stands for."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.lock = None
        self._write("site.key", "0123456789abcdef0123456789abcdef", 0o600)
        self._write("mappings/core/views/subject.json", json.dumps(VIEW))
        self.criterion("female")
        for name, changes in {"good": {}, "workers": {"threads": 2}, "misspelt": {"mapings": {}}}.items():
            self._write(f"{name}.config", json.dumps(self.configuration() | changes, indent=2))

    def _write(self, name, text, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def configuration(self):
        return {
            "schema": 1,
            "base": str(self.folder),
            "store": {"path": "store.db", "busyTimeout": "PT0.2S"},
            "mappings": {"path": "mappings"},
            "source": "ward",
            "siteKey": "site.key",
            "flag": {
                "identifierSystem": "https://hospital.example/trial-eligibility",
                "codeSystem": "https://hospital.example/screening",
            },
            "endpoints": [
                {"name": "file", "type": "file", "path": "flags.ndjson", "patient": "same-as-source: ward"}
            ],
        }

    def criterion(self, gender):
        self._write("mappings/studies/s1/protocol.json", json.dumps(study(gender)))

    def path(self, name):
        made = self.folder / f"{name}.config"
        return made if made.exists() else HERE / "messages" / f"{name}.json"

    def hold(self):
        """Another program writes to the store, until release()."""
        self.lock = sqlite3.connect(self.folder / "store.db", isolation_level=None)
        self.lock.execute("BEGIN IMMEDIATE")

    def release(self):
        self.lock.execute("ROLLBACK")
        self.lock.close()
        self.lock = None

    def library(self, built):
        """The library as this site's engine loads it: a copy that a test may replace."""
        copy = self.folder / "libfhirtrial.so"
        if not copy.exists():
            shutil.copyfile(built, copy)
        return copy

    def replace_library(self, built):
        """By rename, as an upgrade must: a library that is written over is one that crashes its users."""
        shutil.copyfile(built, self.folder / "new.so")
        (self.folder / "new.so").rename(self.folder / "libfhirtrial.so")
