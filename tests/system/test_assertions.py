# SPDX-License-Identifier: Apache-2.0
"""Decisions of people on criteria, through the whole library: counted, audited with who and when, reported, withdrawn."""

import json
import shutil
import unittest

import harness
from trial_site import Site

STUDY = "nct02773966"
CRITERION = {"system": "https://fhirtrial.example/fhir/CodeSystem/criterion", "code": f"{STUDY}/K3"}


def decision(performer="Practitioner/investigator", status="final", value=True):
    return {
        "resourceType": "Observation",
        "id": "decision",
        "status": status,
        "code": {"coding": [CRITERION]},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2025-06-20",
        "performer": [{"reference": performer}],
        "valueBoolean": value,
    }


class Assertions(unittest.TestCase):
    def setUp(self):
        mappings = harness.new_folder("mappings") / "mappings"
        shutil.copytree(harness.ROOT / "mappings", mappings)
        path = mappings / "sites" / "demo" / "site.json"
        site = json.loads(path.read_text())
        site["assertions"] = [{"source": "demo-ehr", "performer": "Practitioner/investigator"}]
        path.write_text(json.dumps(site))
        self.site = Site(studies=[STUDY], mappings=mappings)

    def feed(self, resource):
        path = self.site.folder / "message.json"
        path.write_text(json.dumps(resource))
        (result,) = self.site.feed(path)
        return result

    def k3(self):
        criteria = self.site.verdicts("p")[("p", STUDY)]["criteria"]
        return next(c for c in criteria if c["id"] == "K3")

    def notes(self):
        entries = json.loads(self.site.ask("audit", "--json"))
        texts = [e["entry"] if isinstance(e["entry"], dict) else json.loads(e["entry"]) for e in entries]
        return [e["detail"] for e in texts if e["action"] == "note"]

    def test_it_settles_and_is_audited_and_withdrawn(self):
        self.feed({"resourceType": "Patient", "id": "p"})
        self.assertEqual((self.k3()["result"], self.k3()["reason"]), ("unknown", "no-data"))
        self.feed(decision())
        asserted = {
            "by": "Practitioner/investigator",
            "at": "2025-06-20",
            "feed": "demo-ehr",
            "source": "Observation/decision",
        }
        self.assertEqual((self.k3()["result"], self.k3()["asserted"]), ("met", asserted))
        entry = {"action": "assertion", "study": STUDY, "criterion": "K3", "result": "met"}
        self.assertEqual(self.notes(), [entry | asserted])
        shown = self.site.ask("explain", "--study", STUDY, "p")
        self.assertIn("decided by", shown)
        self.assertIn("Practitioner/investigator", shown)
        self.feed(decision(status="entered-in-error"))
        self.assertEqual((self.k3()["result"], self.k3()["reason"]), ("unknown", "no-data"))

    def test_an_unlisted_author_is_reported_and_ignored(self):
        result = self.feed(decision("Practitioner/visitor"))
        issues = result["operationOutcome"]["issue"]
        texts = [i["details"]["text"] for i in issues if i["severity"] == "warning"]
        self.assertEqual(len(texts), 1, issues)
        self.assertIn("K3", texts[0])
        self.assertIn("not listed", texts[0])
        self.assertNotIn("visitor", json.dumps(issues))
        self.assertEqual(result["outcome"], "ok")
        self.assertEqual(self.k3()["result"], "unknown")
        self.assertEqual(self.notes(), [])


if __name__ == "__main__":
    unittest.main()
