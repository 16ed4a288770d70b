# SPDX-License-Identifier: Apache-2.0
"""A site with two views and one study, small enough that a test can say by hand what must come out.

Study `s1`: I1 (screening, transient) a score of 4 or more; I2 the Patient is known and 18 or older today; E1 a resource
tagged `cord`, which counts as absent only where the site declares `obs` complete. A resource tagged `denied` or `enrolled`
tells that circumstance. A person of full age with a score of 4 is needs-review, with `complete=["obs"]` eligible.
"""

import json

import trial_site

SYSTEM = "urn:test"
MRN = "https://hospital.example/mrn"

OBS = {
    "resourceType": "ViewDefinition",
    "name": "obs",
    "status": "active",
    "resource": "Observation",
    "select": [
        {
            "column": [
                {"name": "score", "type": "decimal", "path": "value.ofType(Quantity).value"},
                {"name": "tag", "type": "code", "collection": True, "path": "code.coding.code"},
            ]
        }
    ],
}
PERSON = {
    "resourceType": "ViewDefinition",
    "name": "person",
    "status": "active",
    "resource": "Patient",
    "select": [
        {
            "column": [
                {"name": "born", "type": "date", "path": "birthDate"},
                {"name": "dead", "type": "boolean", "path": "deceased.ofType(boolean)"},
                {"name": "test", "type": "boolean", "path": "meta.tag.where(code = 'HTEST').exists()"},
            ]
        }
    ],
}
STUDY = {
    "schema": 1,
    "id": "s1",
    "identifier": {"system": "https://registry.example", "value": "T1"},
    "title": "A study",
    "status": "active",
    "screening": ["I1"],
    "flag": {"hold": "P7D", "text": "Research: screening review suggested, study T1"},
    "circumstances": {
        "dead": "person.where(dead = true).exists()",
        "testPatient": "person.where(test = true).exists()",
        "consentDenied": "obs.where(tag contains 'denied').exists()",
        "enrolled": "obs.where(tag contains 'enrolled').exists()",
    },
    "criteria": [
        {
            "id": "I1",
            "kind": "inclusion",
            "text": "Score 4 or more",
            "transient": True,
            "evidence": "obs.where(score.exists())",
            "met": "obs.where(score >= 4).exists()",
        },
        {
            "id": "I2",
            "kind": "inclusion",
            "text": "18 or older",
            "evidence": "person",
            "met": "person.select(born <= today() - 18 years).first()",
            "unknown": [{"when": "person.exists()", "reason": "imprecise"}],
        },
        {
            "id": "E1",
            "kind": "exclusion",
            "text": "Compression of the cord",
            "evidence": "obs.where(tag contains 'cord')",
            "met": "obs.where(tag contains 'cord').exists()",
            "absent": "not-met",
            "view": "obs",
        },
    ],
}


class SmallSite(trial_site.Site):
    """`settings` are members of site.json; mapping files are written by write() and may be changed before."""

    def __init__(self, **settings):
        super().__init__(site="here")
        self.mappings = self.folder / "mappings"
        self.config["mappings"]["path"] = str(self.mappings)
        self.config["patientIdentifiers"] = [MRN]
        self.views = {"obs": json.loads(json.dumps(OBS)), "person": json.loads(json.dumps(PERSON))}
        self.study = json.loads(json.dumps(STUDY))
        self.settings = {"schema": 1, "id": "here", "timezone": "UTC", "complete": [], **settings}
        self.add_file()

    def criterion(self, name):
        return next(c for c in self.study["criteria"] if c["id"] == name)

    def write(self):
        for old in self.mappings.glob("core/views/*.json"):
            old.unlink()
        files = {f"core/views/{name}.json": view for name, view in self.views.items()}
        files |= {"studies/s1/protocol.json": self.study, "sites/here/site.json": self.settings}
        for name, document in files.items():
            path = self.mappings / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document))
        return super().write()


def patient(name="p1", **members):
    return {"resourceType": "Patient", "id": name, "birthDate": "1960-01-01", **members}


def reference(name):
    return {"reference": f"Patient/{name}"}


def observation(name="o1", score=None, tag="score", of="p1", version=None, updated=None, **members):
    meta = {k: v for k, v in {"versionId": version, "lastUpdated": updated}.items() if v}
    out = {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": {"coding": [{"system": SYSTEM, "code": tag}]},
        **({"meta": meta} if meta else {}),
        **({"subject": reference(of)} if of else {}),
        **({"valueQuantity": {"value": score}} if score is not None else {}),
        **members,
    }
    return out


def bundle(*entries, kind="transaction"):
    """A Bundle of entries, or of resources that get an entry without request."""
    entries = [e if "resourceType" not in e else {"resource": e} for e in entries]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def delete(url):
    return {"request": {"method": "DELETE", "url": url}}


def link(other, kind):
    return {"other": reference(other), "type": kind}


def mrn(value):
    return [{"system": MRN, "value": value}]


def small_view(name, resource, **columns):
    """A ViewDefinition with columns of type string."""
    listed = [{"name": column, "type": "string", "path": f"{path}.toString()"} for column, path in columns.items()]
    return {
        "resourceType": "ViewDefinition",
        "name": name,
        "status": "active",
        "resource": resource,
        "select": [{"column": listed}],
    }
