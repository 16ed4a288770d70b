# SPDX-License-Identifier: Apache-2.0
"""Who a resource is, whose it is, and which of its states is in force: the rules of identity and order, through the whole
library."""

import json
import unittest

import engine
from small_site import MRN, SmallSite, bundle, delete, link, mrn, observation, patient, reference


class Case(unittest.TestCase):
    settings = {}

    def setUp(self):
        self.site = SmallSite(**self.settings)
        self.prepare()
        self.site.write()
        self.engine = engine.Engine(self.site.config)
        self.addCleanup(self.engine.close)

    def prepare(self):
        """Changes of self.site before it is opened."""

    def rows(self, name="p1", view="obs", source=None):
        """The rows of a view in a patient's record; [] where nothing is known."""
        record = self.engine.record(name, source)
        return (record or {}).get(view, [])

    def scores(self, name="p1", source=None):
        return [row.get("score") for row in self.rows(name, source=source)]

    def verdict(self, name="p1", source=None):
        """The verdict document that is in force for a patient, or None."""
        code, answer = self.engine.query(
            f"explain?patient={name}&study=s1" + (f"&source={source}" if source else "")
        )
        if code != engine.OK:
            return None
        return (answer[0] if isinstance(answer, list) else answer)["verdict"]

    def flags(self):
        """{identifier: last Flag} as sent to the file."""
        self.engine.step(5)
        out = {}
        for flag in self.site.sent_to_file():
            out[flag["identifier"][0]["value"]] = flag
        return out

    def statuses(self):
        """{subject: status} of the last Flag of each identifier; a subject with two Flags fails."""
        out = {}
        for flag in self.flags().values():
            subject = flag["subject"].get("reference") or flag["subject"]["identifier"]["value"]
            self.assertNotIn(subject, out)
            out[subject] = flag["status"]
        return out


class Order(Case):
    """lastUpdated, else numeric versionId, where both have it and they differ, else arrival."""

    def give(self, *states):
        self.engine.feed(patient())
        for state in states:
            document = self.engine.feed(state)
        return document

    def test_later_last_updated_wins_over_version(self):
        self.give(
            observation(score=5, version="9", updated="2025-06-01T10:00:00Z"),
            observation(score=6, version="1", updated="2025-06-01T11:00:00Z"),
        )
        self.assertEqual(self.scores(), [6])

    def test_older_is_ignored_and_said(self):
        document = self.give(
            observation(score=5, version="2", updated="2025-06-01T10:00:00Z"),
            observation(score=6, version="3", updated="2025-06-01T09:00:00Z"),
        )
        self.assertEqual(self.scores(), [5])
        self.assertEqual(document["ignored"], [{"reference": "Observation/o1", "why": "older"}])

    def test_versions_are_numbers(self):
        self.give(observation(score=5, version="9"), observation(score=6, version="10"))
        self.assertEqual(self.scores(), [6])
        self.give(observation(score=7, version="8"))
        self.assertEqual(self.scores(), [6])

    def test_one_side_undated_is_arrival(self):
        self.give(observation(score=5, updated="2025-06-01T10:00:00Z"), observation(score=6))
        self.assertEqual(self.scores(), [6])

    def test_undated_a_b_a_ends_at_a(self):
        a, b = observation(score=5), observation(score=6)
        self.give(a, b, a)
        self.assertEqual(self.scores(), [5])

    def test_an_equal_state_writes_nothing(self):
        self.give(observation(score=5))
        before = self.engine.ask("stats")["store"]
        document = self.engine.feed(observation(score=5))
        self.assertEqual(document["ignored"], [{"reference": "Observation/o1", "why": "same"}])
        after = self.engine.ask("stats")["store"]
        self.assertEqual(before, after)

    def test_two_states_in_one_message(self):
        self.give(bundle(observation(score=5, version="2"), observation(score=6, version="1")))
        self.assertEqual(self.scores(), [5])


class Removal(Case):
    """A removal keeps the order of what it removed; that version or an older one restores nothing."""

    def setUp(self):
        super().setUp()
        self.engine.feed(patient())

    def remove(self):
        self.engine.feed(bundle(delete("Observation/o1")))
        self.assertEqual(self.scores(), [])

    def test_delete_of_a_dated_resource(self):
        state = observation(score=5, version="2", updated="2025-06-01T10:00:00Z")
        self.engine.feed(state)
        self.remove()
        document = self.engine.feed(state)
        self.assertEqual(self.scores(), [])
        self.assertEqual(document["ignored"][0]["why"], "older")
        self.engine.feed(observation(score=4, version="1", updated="2025-05-01T10:00:00Z"))
        self.assertEqual(self.scores(), [])
        self.engine.feed(observation(score=7, version="3", updated="2025-06-02T10:00:00Z"))
        self.assertEqual(self.scores(), [7])

    def test_delete_of_an_undated_resource(self):
        self.engine.feed(observation(score=5))
        self.remove()
        self.engine.feed(observation(score=5))
        self.assertEqual(self.scores(), [])
        self.engine.feed(observation(score=6))
        self.assertEqual(self.scores(), [6])

    def test_entered_in_error_without_a_version(self):
        state = observation(score=5)
        self.engine.feed(state)
        self.engine.feed({**state, "status": "entered-in-error"})
        self.assertEqual(self.scores(), [])
        self.engine.feed(state)
        self.assertEqual(self.scores(), [])

    def test_entered_in_error_with_a_version_only(self):
        self.engine.feed(observation(score=5, version="1", updated="2025-06-01T10:00:00Z"))
        self.engine.feed({**observation(score=5, version="2"), "status": "entered-in-error"})
        self.assertEqual(self.scores(), [])
        self.engine.feed(observation(score=5, version="1", updated="2025-06-01T10:00:00Z"))
        self.assertEqual(self.scores(), [])

    def test_an_old_entered_in_error_is_ignored(self):
        self.engine.feed(observation(score=5, version="2", updated="2025-06-01T10:00:00Z"))
        old = observation(score=5, version="1", updated="2025-05-01T10:00:00Z", status="entered-in-error")
        self.engine.feed(old)
        self.assertEqual(self.scores(), [5])

    def test_delete_of_what_never_came(self):
        self.engine.feed(bundle(delete("Observation/o9")))
        self.engine.feed(observation("o9", score=5))
        self.assertEqual(self.scores(), [5])

    def test_a_removed_patient_has_no_ties(self):
        self.engine.feed(patient("p2", link=[link("p1", "seealso")], identifier=mrn("1")))
        self.engine.feed(observation("o2", score=5, of="p2"))
        self.assertEqual(self.scores("p1"), [5])
        self.engine.feed(bundle(delete("Patient/p2")))
        self.assertEqual(self.rows("p2", "person"), [])
        self.assertEqual(self.scores("p1"), [])
        self.engine.feed(observation("o3", score=6, of="p1"))
        self.assertEqual(self.scores("p1"), [6])
        self.engine.feed(patient("p3", identifier=mrn("1")))
        self.assertEqual(self.scores("p3"), [])


class Whose(Case):
    """The patient of a resource, and resources that move or come before their Patient."""

    def test_a_moved_subject(self):
        self.engine.feed(patient("p1"), patient("p2"), observation(score=5, of="p1"))
        self.assertEqual(self.verdict("p1")["verdict"], "needs-review")
        self.engine.feed(observation(score=5, of="p2"))
        self.assertEqual((self.scores("p1"), self.scores("p2")), ([], [5]))
        self.assertEqual(self.verdict("p1")["verdict"], "not-screened")
        self.assertEqual(self.verdict("p2")["verdict"], "needs-review")

    def test_a_subject_that_is_taken_away(self):
        self.engine.feed(patient("p1"), observation(score=5, of="p1"), observation(score=5, of=None))
        self.assertEqual(self.scores("p1"), [])
        self.assertEqual(self.verdict("p1")["verdict"], "not-screened")

    def test_the_patient_may_come_later(self):
        self.engine.feed(observation(score=5))
        findings = {c["id"]: c for c in self.verdict()["criteria"]}
        self.assertEqual(findings["I2"]["result"], "unknown")
        self.assertEqual(findings["I2"]["reason"], "no-data")
        self.engine.feed(patient())
        findings = {c["id"]: c["result"] for c in self.verdict()["criteria"]}
        self.assertEqual(findings, {"I1": "met", "I2": "met", "E1": "unknown"})

    def test_performer_makes_nobody_a_patient(self):
        self.engine.feed(observation(score=5, of=None, performer=[reference("p1")]))
        self.assertIsNone(self.engine.record("p1"))

    def test_a_reference_with_base_and_version(self):
        self.engine.feed(observation(score=5, of=None, subject={"reference": "https://e.example/fhir/Patient/p1/_history/3"}))
        self.assertEqual(self.scores(), [5])

    def test_full_url_is_the_id_of_a_resource_without_one(self):
        url = "urn:uuid:0f1e2d3c-0000-4000-8000-000000000001"
        person = patient()
        del person["id"]
        score = observation(score=5, subject={"reference": url})
        self.engine.feed(bundle({"fullUrl": url, "resource": person}, score))
        self.assertEqual(self.scores("0f1e2d3c-0000-4000-8000-000000000001"), [5])


class Persons(Case):
    """Two ids are one person only through Patient.link or a listed identifier system."""

    def test_same_name_and_birth_date_are_two(self):
        name = {"name": [{"family": "Doe", "given": ["Jo"]}]}
        self.engine.feed({**patient("p1"), **name}, {**patient("p2"), **name}, observation(score=5))
        self.assertEqual(self.scores("p2"), [])

    def test_another_identifier_system_joins_nobody(self):
        same = [{"system": "urn:other", "value": "1"}]
        self.engine.feed(patient("p1", identifier=same), patient("p2", identifier=same), observation(score=5))
        self.assertEqual(self.scores("p2"), [])

    def test_a_listed_identifier_joins_two_sources(self):
        self.engine.feed(patient("p1", identifier=mrn("7")), observation(score=5))
        self.engine.feed(patient("x", identifier=mrn("7")), source="lab")
        self.engine.feed(observation("o1", score=3, of="x"), source="lab")
        self.assertEqual(sorted(self.scores("p1")), [3, 5])
        sources = sorted(row["source"] for row in self.rows("p1"))
        self.assertEqual(sources, ["Observation/o1", "lab|Observation/o1"])
        self.engine.feed(patient("x", identifier=mrn("8")), source="lab")
        self.assertEqual(self.scores("p1"), [5])
        self.assertEqual(self.scores("x", "lab"), [3])

    def test_the_same_id_in_two_sources_is_two(self):
        self.engine.feed(patient("p1"), observation(score=5))
        self.engine.feed(patient("p1"), source="lab")
        self.assertEqual(self.scores("p1", "lab"), [])

    def test_a_merge_and_an_unlink(self):
        self.engine.feed(patient("a"), patient("b"))
        self.engine.feed(observation("oa", score=5, of="a"), observation("ob", score=6, of="b"))
        self.assertEqual(self.statuses(), {"Patient/a": "active", "Patient/b": "active"})
        before = {f["subject"]["reference"]: i for i, f in self.flags().items()}
        self.engine.feed(patient("a", link=[link("b", "replaced-by")]))
        self.assertEqual(self.statuses(), {"Patient/a": "inactive", "Patient/b": "active"})
        self.assertEqual(sorted(self.scores("b")), [5, 6])
        retired = next(f for f in self.flags().values() if f["subject"]["reference"] == "Patient/a")
        self.assertEqual(retired["period"]["end"], "2025-06-30T12:00:00.000Z")
        self.engine.advance(days=1)
        self.engine.feed(patient("a"))
        self.assertEqual(self.statuses(), {"Patient/a": "active", "Patient/b": "active"})
        self.assertEqual((self.scores("a"), self.scores("b")), ([5], [6]))
        after = {f["subject"]["reference"]: i for i, f in self.flags().items()}
        self.assertEqual(before, after)
        again = next(f for f in self.flags().values() if f["subject"]["reference"] == "Patient/a")
        self.assertEqual(again["period"], {"start": "2025-07-01T12:00:00.000Z"})

    def test_who_is_left_behind_is_decided_again(self):
        self.engine.feed(patient("b"), patient("a", link=[link("b", "replaced-by")]))
        self.engine.feed(observation("oa", score=5, of="a"))
        self.assertEqual(self.verdict("b")["verdict"], "needs-review")
        self.engine.feed(patient("a"))
        self.assertEqual(self.verdict("a")["verdict"], "needs-review")
        self.assertEqual(self.verdict("b")["verdict"], "not-screened")

    def test_the_least_id_is_the_key_where_none_is_replaced(self):
        self.engine.feed(patient("b", link=[link("a", "seealso")]), observation("ob", score=6, of="b"))
        self.engine.feed(patient("a"))
        self.assertEqual(self.statuses().get("Patient/a"), "active")

    def test_a_link_may_come_before_the_other_patient(self):
        self.engine.feed(patient("a", link=[link("b", "replaced-by")]), observation("oa", score=5, of="a"))
        self.engine.feed(patient("b"))
        self.assertEqual(self.scores("b"), [5])

    def test_too_many_in_one_person_is_an_error_that_names_the_limit(self):
        people = [patient(f"m{i}", identifier=mrn("0000")) for i in range(80)]
        code, document = self.engine.process(bundle(*people))
        self.assertEqual(code, engine.E_REJECT)
        text = json.dumps(document["operationOutcome"])
        self.assertIn("64", text)
        self.assertIn("patientIdentifiers", text)


class ByIdentifier(Case):
    """An endpoint that knows persons by an identifier."""

    def prepare(self):
        self.site.config["endpoints"][0]["patient"] = f"identifier: {MRN}"
        self.site.config["patientIdentifiers"] = []

    def test_subject_is_the_identifier(self):
        self.engine.feed(patient("p1", identifier=mrn("7")), observation(score=5))
        flag = next(iter(self.flags().values()))
        self.assertEqual(flag["subject"], {"identifier": {"system": MRN, "value": "7"}})

    def test_without_the_identifier_no_flag(self):
        self.engine.feed(patient("p1"), observation(score=5))
        self.assertEqual(self.flags(), {})

    def test_a_very_long_identifier_stops_nobody(self):
        document = self.engine.feed(patient("p1", identifier=mrn("7" * 5000) + mrn("7")))
        self.assertIn("1024", document["operationOutcome"]["issue"][0]["details"]["text"])
        self.engine.feed(observation(score=5))
        self.assertEqual(self.statuses(), {"7": "active"})

    def test_a_corrected_identifier_retires_the_flag_under_the_old_one(self):
        self.engine.feed(patient("p1", identifier=mrn("7")), observation(score=5))
        self.assertEqual(self.statuses(), {"7": "active"})
        self.engine.feed(patient("p1", identifier=mrn("8")))
        self.assertEqual(self.statuses(), {"7": "inactive", "8": "active"})
        self.engine.feed(patient("p1"))
        self.assertEqual(self.statuses(), {"7": "inactive", "8": "inactive"})

    def test_an_identifier_that_went_to_somebody_else_keeps_its_flag(self):
        self.engine.feed(patient("p1", identifier=mrn("7")), observation(score=5))
        self.engine.feed(patient("p2", identifier=mrn("7")), observation("o2", score=5, of="p2"))
        self.engine.feed(patient("p1", identifier=mrn("8")))
        self.assertEqual(self.statuses(), {"7": "active", "8": "active"})


if __name__ == "__main__":
    unittest.main()
