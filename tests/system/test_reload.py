# SPDX-License-Identifier: Apache-2.0
"""Mappings loaded anew over a store that was filled under older ones: rows made by them are unknown(stale-mapping), Flags
are left alone, and step makes the rows again from the kept bytes."""

import json
import unittest

import engine
from small_site import MRN, bundle, mrn, observation, patient, small_view
from test_identity import Case


class Reload(Case):
    settings = {"complete": ["obs"]}

    def configure(self):
        self.site.write()
        self.engine.configure(self.site.config)

    def column(self, name):
        return next(c for c in self.site.views["obs"]["select"][0]["column"] if c["name"] == name)

    def findings(self):
        return {c["id"]: (c["result"], c["reason"]) for c in self.verdict()["criteria"]}

    def flag_status(self):
        return [flag["status"] for flag in self.flags().values()]

    def halve(self):
        """A score counts half from now on."""
        self.column("score")["path"] = "value.ofType(Quantity).value / 2"
        self.configure()

    def test_rows_of_another_mapping_are_stale_until_step(self):
        self.engine.feed(patient(), observation(score=5))
        self.assertEqual(self.flag_status(), ["active"])
        self.halve()
        self.engine.feed(patient(gender="other"))
        self.assertEqual(self.findings()["I1"], ("unknown", "stale-mapping"))
        self.assertEqual(len(self.site.sent_to_file()), 1)
        self.assertTrue(self.rows()[0]["sourceStale"])
        for _ in range(3):
            self.engine.next_sweep()
        self.assertEqual(self.findings()["I1"], ("not-met", None))
        self.assertEqual(self.scores(), [2.5])

    def test_a_flag_is_left_alone_meanwhile(self):
        """Also where what is stale would end it at once."""
        self.site.criterion("I1")["transient"] = False
        self.configure()
        self.engine.feed(patient(), observation(score=5))
        self.assertEqual(self.flag_status(), ["active"])
        self.halve()
        document = self.engine.feed(patient(gender="other"))
        self.assertEqual(self.verdict()["verdict"], "not-screened")
        self.assertEqual(document["flags"], [])
        for _ in range(3):
            self.engine.next_sweep()
        self.assertEqual(self.flag_status(), ["inactive"])

    def test_patients_who_cannot_be_decided_starve_nobody(self):
        """Eighty ids turn out to be one person, too many to decide; who comes after them is decided all the same."""
        self.site.config["patientIdentifiers"] = []
        self.configure()
        self.engine.feed(*[patient(f"m{i:02}", identifier=mrn("0000")) for i in range(80)])
        self.engine.feed(patient("z"), observation("oz", score=5, of="z"))
        self.site.config["patientIdentifiers"] = [MRN]
        self.column("score")["path"] = "value.ofType(Quantity).value / 2"
        self.configure()
        for _ in range(6):
            self.engine.next_sweep()
        self.assertEqual(self.verdict("z")["verdict"], "ineligible")
        self.assertGreater(self.engine.ask("health")["resourcesFailing"], 64)

    def test_death_ends_a_flag_all_the_same(self):
        self.engine.feed(patient(), observation(score=5))
        self.assertEqual(self.flag_status(), ["active"])
        self.halve()
        self.engine.feed(patient(deceasedBoolean=True))
        self.assertEqual(self.flag_status(), ["inactive"])

    def test_a_resource_that_had_no_row_is_stale_too(self):
        """The old view left the resource out; that says nothing about the new one."""
        where = self.site.views["obs"]["where"] = [{"path": "value.exists()"}]
        self.configure()
        self.site.views["all"] = small_view("all", "Observation", status="status")
        self.configure()
        self.engine.feed(patient(), observation(score=5), observation("c", tag="cord"))
        self.assertEqual(self.findings()["E1"], ("not-met", None))
        where.clear()
        del self.site.views["obs"]["where"]
        self.configure()
        self.engine.feed(patient(gender="other"))
        self.assertEqual(self.findings()["E1"], ("unknown", "stale-mapping"))
        for _ in range(3):
            self.engine.next_sweep()
        self.assertEqual(self.findings()["E1"], ("met", None))

    def test_a_renamed_view_is_no_absence(self):
        self.engine.feed(patient(), observation(score=5))
        self.assertEqual(self.flag_status(), ["active"])
        self.site.views["note"] = {**self.site.views.pop("obs"), "name": "note"}
        self.site.settings["complete"] = ["note"]
        self.site.study = json.loads(json.dumps(self.site.study).replace("obs", "note"))
        self.configure()
        self.engine.feed(patient(gender="other"))
        self.assertEqual(self.findings()["I1"], ("unknown", "stale-mapping"))
        self.assertEqual(self.flag_status(), ["active"])
        for _ in range(3):
            self.engine.next_sweep()
        self.assertEqual(self.findings()["I1"], ("met", None))

    def test_a_resource_known_by_its_full_url_is_made_again(self):
        url = "urn:uuid:0f1e2d3c-0000-4000-8000-000000000009"
        score = observation(score=5)
        del score["id"]
        self.engine.feed(patient(), bundle({"fullUrl": url, "resource": score}))
        self.halve()
        for _ in range(3):
            self.engine.next_sweep()
        self.assertEqual(self.scores(), [2.5])
        self.assertEqual(self.findings()["I1"], ("not-met", None))

    def test_configure_says_that_a_new_view_sees_later_messages_only(self):
        self.site.views["basic"] = small_view("basic", "Basic", created="created")
        self.configure()
        self.engine.step()
        lines = [line for line in self.engine.log if "basic" in line]
        self.assertEqual(len(lines), 1)
        self.assertIn("store.keep", lines[0])

    def test_with_everything_kept_a_new_view_sees_what_came_before(self):
        self.site.config["store"]["keep"] = "all"
        self.site.write()
        self.engine.close()
        self.engine = engine.Engine(self.site.config)
        self.addCleanup(self.engine.close)
        basic = {"resourceType": "Basic", "id": "b1", "code": {"text": "x"}, "subject": {"reference": "Patient/p1"},
                 "created": "2025-01-01"}  # fmt: skip
        self.engine.feed(patient(), basic)
        self.site.views["basic"] = small_view("basic", "Basic", created="created")
        self.configure()
        for _ in range(3):
            self.engine.next_sweep()
        self.assertEqual([row["created"] for row in self.rows(view="basic")], ["2025-01-01"])

    def test_a_faulty_configuration_changes_nothing(self):
        self.engine.feed(patient(), observation(score=5))
        self.column("score")["path"] = "valu.ofType(Quantity).value"
        with self.assertRaises(engine.Refused) as refused:
            self.configure()
        self.assertIn('did you mean "value"', str(refused.exception))
        self.engine.feed(observation("o2", score=6))
        self.assertEqual(sorted(self.scores()), [5, 6])


if __name__ == "__main__":
    unittest.main()
