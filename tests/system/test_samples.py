# SPDX-License-Identifier: Apache-2.0
"""Real samples that this project did not write: they go through without a crash, and the counts are those stated."""

import json
import unittest

import cohort
import harness
from trial_site import Site

FOLDERS = (
    "synthea-smart-r4",
    "mcode-examples",
    "codex-rt-examples",
    "us-core-examples",
    "bulk-ndjson-10",
    "fhir-r4-spec-examples",
    "clinical-trial-matching",
    "fhir-test-cases",
)


class Samples(unittest.TestCase):
    time_limit = 120

    def take(self, *parts):
        """Feeds a sample with a file endpoint; the site, the finished program and its results."""
        path = harness.shared("samples", *parts)
        site = Site(studies=cohort.STUDIES)
        site.add_file()
        done = site.run(path, options=["--json"])
        text = done.stderr.decode(errors="replace")
        self.assertIn(done.returncode, (0, 1), text[-2000:])
        for word in ("Sanitizer", "runtime error", "internal defect", "Segmentation"):
            self.assertNotIn(word, text)
        return site, done, [json.loads(line) for line in done.stdout.splitlines()]

    def test_every_folder_goes_through(self):
        for folder in FOLDERS:
            with self.subTest(folder):
                site, done, results = self.take(folder)
                self.assertTrue(results)
                taken = [result for result in results if result["outcome"] != "rejected"]
                self.assertTrue(taken, done.stderr[-1000:])
                for result in results:
                    self.assertEqual(result["operationOutcome"]["resourceType"], "OperationOutcome")
                # What is refused says why.
                refused = [result for result in results if result["outcome"] == "rejected"]
                for result in refused:
                    severities = {issue["severity"] for issue in result["operationOutcome"]["issue"]}
                    self.assertTrue(severities & {"fatal", "error"}, result)
                self.assertIn("intact", site.ask("audit", "verify"))

    def test_a_synthea_patient(self):
        """domain.md, section 7: ten pain records, none whole, nine mild, one moderate, none zero."""
        name = "Lonnie_Von_28fbf0c8-5a9c-4781-b79f-f6118c3e2816.json"
        site, done, results = self.take("synthea-smart-r4", name)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:].decode())
        self.assertEqual(len(results), 1)
        bundle = json.loads(harness.shared("samples", "synthea-smart-r4", name).read_text(), parse_float=str)
        self.assertEqual(results[0]["resources"], len(bundle["entry"]))
        self.assertEqual(results[0]["rows"]["pain_score"], 10)
        records = site.records()
        self.assertEqual(len(records), 1)
        record = next(iter(records.values()))
        sent = sorted(
            entry["resource"]["valueQuantity"]["value"]
            for entry in bundle["entry"]
            if any(
                coding["code"] == "72514-3"
                for coding in entry["resource"].get("code", {}).get("coding", [])
                if entry["resource"]["resourceType"] == "Observation"
            )
        )
        kept = sorted(str(row["value_orig"]) for row in record["pain_score"])
        self.assertEqual(kept, sent, "a digit was lost")
        scores = [float(row["score"]) for row in record["pain_score"]]
        self.assertEqual(len(scores), 10)
        self.assertFalse([score for score in scores if score == int(score)])
        self.assertEqual(sum(0 < score < 3 for score in scores), 9)
        self.assertEqual([f"{score:.3f}" for score in scores if score >= 3], ["3.464"])

    def test_its_fracture_is_osteoporotic(self):
        name = "Lonnie_Von_28fbf0c8-5a9c-4781-b79f-f6118c3e2816.json"
        site, _, _ = self.take("synthea-smart-r4", name)
        record = next(iter(site.records().values()))
        causes = [row.get("cause") for row in record["fracture_event"]]
        self.assertEqual(causes, ["osteoporotic"])

    def test_it_is_never_eligible(self):
        name = "Lonnie_Von_28fbf0c8-5a9c-4781-b79f-f6118c3e2816.json"
        site, _, results = self.take("synthea-smart-r4", name)
        verdicts = {study: verdict["verdict"] for (_, study), verdict in site.verdicts().items()}
        self.assertEqual(set(verdicts), set(cohort.STUDIES))
        self.assertNotIn("eligible", verdicts.values())
        self.assertEqual(site.sent_to_file(), [])

    def test_all_samples_again_change_nothing(self):
        site, _, _ = self.take("synthea-smart-r4")
        results = site.feed(harness.shared("samples", "synthea-smart-r4"))
        self.assertEqual([result["written"] for result in results], [0] * len(results))


if __name__ == "__main__":
    unittest.main()
