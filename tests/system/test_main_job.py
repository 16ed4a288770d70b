# SPDX-License-Identifier: Apache-2.0
"""The main job from end to end: the whole cohort in, verdicts and rows out, Flags at a real server, and nothing twice."""

import collections
import json
import re
import sqlite3
import unittest

import cohort
import harness
from trial_site import Site


def flat(value):
    """The texts of a cell: codings by code, quantities by value, collections one by one."""
    if value is None:
        return []
    if isinstance(value, list):
        return [text for item in value for text in flat(item)]
    if isinstance(value, dict):
        return [str(value.get("code") or value.get("value") or value.get("reference") or value)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [str(value)]


def same(found, expected):
    """Whether two texts are equal, as numbers where both are."""
    try:
        return float(found) == float(expected)
    except ValueError:
        return found == expected


def same_cell(found, expected):
    found = flat(found)
    wanted = expected.split(",") if expected else []
    if len(found) == 1 and not same(found[0], expected) and len(wanted) > 1:
        return False
    return len(found) == len(wanted) and all(
        any(same(one, other) for other in wanted) for one in found
    ) and all(any(same(one, other) for one in found) for other in wanted)


class MainJob(unittest.TestCase):
    """Set up once: servers, the Patients there, both studies, the three files fed."""

    time_limit = 120

    @classmethod
    def setUpClass(cls):
        cls.ehr = harness.Ehr()
        cls.addClassCleanup(cls.ehr.stop)
        cohort.load_patients(cls.ehr.client)
        cls.site = Site(studies=cohort.STUDIES, guidelines=cohort.GUIDELINES)
        cls.site.add_ehr(cls.ehr)
        granted = cls.ehr.oauth.control()["granted"]
        cls.done = cls.site.run(*cohort.FILES)
        cls.granted = cls.ehr.oauth.control()["granted"] - granted
        if cls.done.returncode not in (0, 1, 3):
            raise AssertionError(f"status {cls.done.returncode}: {cls.done.stderr[-3000:].decode()}")
        cls.verdicts = cls.site.verdicts()
        cls.records = cls.site.records()
        cls.flags = cls.ehr.client.flags()

    def study_of(self, flag):
        return flag["code"]["text"].split()[-1].lower()

    def test_the_run_ends_well(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr[-3000:].decode())
        self.assertIn(b" 0 refused, 0 failed", self.done.stdout)
        self.assertIn(b" 0 waiting, 0 parked", self.done.stdout)

    def test_every_criterion_is_as_expected(self):
        wrong = []
        for (patient, study, name), (result, reason, rule) in cohort.expected_criteria().items():
            verdict = self.verdicts.get((patient, study), {"criteria": []})
            found = [
                (criterion["result"], criterion["reason"] or "")
                for criterion in verdict["criteria"]
                if criterion["id"] == name
            ]
            if found != [(result, reason)]:
                wrong.append(f"{patient} {study} {name}: found {found}, expected {result} {reason}: {rule}")
        self.assertEqual(wrong, [], f"{len(wrong)} of {len(cohort.expected_criteria())} criteria")

    def test_every_verdict_is_as_expected(self):
        wrong = [
            f"{patient} {study}: {self.verdicts.get((patient, study), {}).get('verdict')}, expected {expected}"
            for (patient, study), expected in cohort.expected_verdicts().items()
            if self.verdicts.get((patient, study), {}).get("verdict") != expected
        ]
        self.assertEqual(wrong, [])

    def test_the_merged_record_has_no_verdict_of_its_own(self):
        merged = {row["patient"] for row in cohort.table("verdicts") if row["verdict"] == "merged"}
        self.assertTrue(merged)
        for patient in merged:
            flags = [flag for flag in self.flags if flag["subject"]["reference"] == f"Patient/{patient}"]
            self.assertEqual([flag for flag in flags if flag["status"] == "active"], [])

    def test_counts_add_up(self):
        for key, verdict in self.verdicts.items():
            counted = collections.Counter(criterion["result"] for criterion in verdict["criteria"])
            self.assertEqual(verdict["met"], counted["met"], key)
            self.assertEqual(verdict["notMet"], counted["not-met"], key)
            self.assertEqual(verdict["unknown"], counted["unknown"], key)
            self.assertEqual(verdict["notApplicable"], counted["not-applicable"], key)
            for criterion in verdict["criteria"]:
                self.assertEqual(criterion["result"] == "unknown", criterion["reason"] is not None, (key, criterion))

    def test_a_decision_names_its_evidence(self):
        """What was met or not met rests on rows, but where the study lets absence decide."""
        for (patient, study), verdict in self.verdicts.items():
            for criterion in verdict["criteria"]:
                for reference in criterion["evidence"]:
                    self.assertRegex(reference, r"^([^|]+\|)?[A-Z][A-Za-z]+/[A-Za-z0-9.-]+(/_history/.+)?$")
                if criterion["result"] == "met":
                    self.assertTrue(criterion["evidence"], (patient, study, criterion))

    def test_contradictions_are_reported(self):
        found = {
            (patient, contradiction["id"])
            for (patient, _), verdict in self.verdicts.items()
            for contradiction in verdict["contradictions"]
            if contradiction["id"] in ("C1", "C2")
        }
        self.assertEqual(found, {("st-008-ecog-2-kps-50", "C1"), ("st-016-life-6-months", "C2")})

    def test_every_row_is_as_expected(self):
        wrong = []
        for row in cohort.table("rows"):
            rows = self.records.get(row["patient"], {}).get(row["view"]) or []
            where = f"{row['patient']} {row['view']}"
            if len(rows) != int(row["count"]):
                wrong.append(f"{where}: {len(rows)} rows, expected {row['count']}: {row['rule']}")
                continue
            if not row["source"]:
                continue
            mine = [one for one in rows if sorted(flat(one["source"])) == sorted(row["source"].split(" "))]
            if not mine:
                mine = [one for one in rows if row["source"] in flat(one["source"])]
            if not mine:
                wrong.append(f"{where}: no row of {row['source']} among {[flat(one['source']) for one in rows]}")
                continue
            for column in row["columns"].split("; "):
                name, _, expected = column.partition("=")
                if not any(same_cell(one.get(name), expected) for one in mine):
                    wrong.append(
                        f"{where} {row['source']}: {name}={[one.get(name) for one in mine]}, expected {expected!r}: {row['rule']}"
                    )
        self.assertEqual(wrong, [])

    def test_the_server_holds_the_expected_flags(self):
        held = collections.defaultdict(list)
        for flag in self.flags:
            patient = flag["subject"]["reference"].removeprefix("Patient/")
            held[patient, self.study_of(flag)].append(f"{flag['status']}:{flag['code']['coding'][0]['code']}")
        wrong = []
        for key, expected in cohort.expected_flags().items():
            found = held.pop(key, [])
            fits = {
                # Never created is as good, where it was decided and withdrawn before it could be sent.
                "inactive": found == [] or (len(found) == 1 and found[0].startswith("inactive:")),
                "none": found == [],
            }.get(expected, found == [expected])
            if not fits:
                wrong.append(f"{key}: {found}, expected {expected}")
        self.assertEqual(wrong, [])
        self.assertEqual(dict(held), {}, "Flags of nobody")
        self.assertTrue(any(flag["status"] == "active" for flag in self.flags))

    def test_explain_names_the_flag_as_the_server_holds_it(self):
        patient, study = "st-001-everything-met", "nct02773966"
        mine = [f for f in self.flags if f["subject"]["reference"] == f"Patient/{patient}" and self.study_of(f) == study]
        told = json.loads(self.site.ask("explain", "--json", "--study", study, patient))[0]["flags"]
        self.assertEqual(len(told), 1)
        flag, held = told[0], mine[0]
        self.assertEqual(flag["identifier"], held["identifier"][0]["value"])
        self.assertEqual((flag["endpoint"], flag["status"], flag["why"]), ("ehr", held["status"], "created"))
        self.assertEqual(flag["code"], held["code"]["coding"][0]["code"])
        self.assertEqual(flag["remote"]["id"], held["id"])
        self.assertEqual(flag["remote"]["version"], held["meta"]["versionId"])
        self.assertEqual((flag["message"]["state"], flag["message"]["class"], flag["message"]["http"]), ("done", "ok", 201))
        self.assertRegex(
            self.site.ask("explain", "--study", study, patient),
            f"(?m)^Flag {flag['identifier']} at ehr: active, needs-review since .*, "
            f"Flag/{held['id']}/_history/{held['meta']['versionId']}; message [0-9]+ done, last outcome ok \\(HTTP 201\\)$",
        )

    def test_explain_says_why_there_is_no_flag(self):
        text = self.site.ask("explain", "--study", "nct02773966", "st-071-consent-denied")
        self.assertIn("\nno Flag is shown while this holds: consent-denied\nno Flag\n", text)

    def test_flags_are_valid_and_say_nothing_clinical(self):
        texts = {
            f"Research: screening review suggested, study {study.upper()}" for study in cohort.STUDIES
        } | {f"Care: review suggested, guideline {guideline}" for guideline in cohort.GUIDELINES}
        for flag in self.flags:
            self.assertIn(flag["code"]["text"], texts)
            self.assertNotIn("text", flag)
            self.assertNotIn("flag-detail", json.dumps(flag).replace("flag-detail\",\"valueReference", ""))
            self.assertLessEqual(
                set(flag),
                {"resourceType", "id", "meta", "extension", "identifier", "status", "category", "code", "subject",
                 "period", "author"},
            )
            self.assertEqual("end" in flag["period"], flag["status"] == "inactive", flag["id"])
        ndjson = "".join(json.dumps(flag) + "\n" for flag in self.flags).encode()
        checked = harness.run([harness.node(), harness.SERVERS / "validate-flags.mjs"], stdin=ndjson)
        self.assertEqual(checked.returncode, 0, checked.stdout.decode() + checked.stderr.decode())

    def test_identifiers_are_version_8_uuids_and_differ(self):
        values = [flag["identifier"][0]["value"] for flag in self.flags]
        self.assertEqual(len(values), len(set(values)))
        for value in values:
            self.assertRegex(value, r"^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")

    def test_few_tokens_are_asked_for(self):
        """Cached and single-flight: one token for the whole feed."""
        self.assertEqual(self.granted, 1)

    def test_the_audit_chain_is_intact(self):
        self.assertIn("intact", self.site.ask("audit", "verify"))

    def test_sql_views_keep_digits(self):
        store = sqlite3.connect(f"file:{self.site.store}?mode=ro", uri=True)
        self.addCleanup(store.close)
        names = {name for name, in store.execute("select name from sqlite_schema where type = 'view'")}
        view = next((name for name in names if name.endswith("pain_score")), None)
        self.assertIsNotNone(view, names)
        rows = store.execute(f'select score, score_num from "{view}" where score is not null').fetchall()
        self.assertGreater(len(rows), 60)
        for text, number in rows:
            self.assertIsInstance(text, str)
            self.assertAlmostEqual(float(text), number)
        self.assertIn("2.6193550580780443", {text for text, _ in rows})

    def test_z_the_same_files_again_write_nothing(self):
        """Last of this class: what a fresh run left is fed a second time."""
        versions = self.ehr.client.flag_versions()
        after = len(self.ehr.fhir.entries())
        again = self.site.run(*cohort.FILES)
        self.assertEqual(again.returncode, 0, again.stderr[-2000:].decode())
        self.assertIn(b"0 verdicts changed, 0 Flags queued", again.stdout)
        self.assertEqual(self.ehr.fhir.writes(after), 0, self.ehr.fhir.entries(after))
        self.assertEqual(self.ehr.client.flag_versions(), versions)
        self.assertEqual(self.site.verdicts(), self.verdicts)


class OtherAlgorithm(unittest.TestCase):
    """The same with ES384 and with a server that is met first when the feed is over."""

    def test_es384(self):
        with harness.Ehr() as ehr:
            patient = next(one for one in cohort.patients() if one["id"] == "st-001-everything-met")
            ehr.client.put(patient)
            site = Site(studies=cohort.STUDIES, guidelines=cohort.GUIDELINES)
            site.add_ehr(ehr, algorithm="ES384")
            lines = [
                line
                for line in cohort.FILES[0].read_bytes().splitlines(keepends=True)
                if json.loads(line)["id"].startswith(patient["id"])
            ]
            done = site.run("-", stdin=b"".join(lines))
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            self.assertEqual(len(ehr.client.flags(patient=patient["id"])), 2)


if __name__ == "__main__":
    unittest.main()
