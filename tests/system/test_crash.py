# SPDX-License-Identifier: Apache-2.0
"""The program is killed in the middle of the feed, again and again: nothing accepted is lost, no Flag is made twice."""

import collections
import json
import random
import subprocess
import time
import unittest

import cohort
import harness
from trial_site import Site


class Crash(unittest.TestCase):
    time_limit = 240

    @classmethod
    def setUpClass(cls):
        cls.ehr = harness.Ehr(proxy=True)
        cls.addClassCleanup(cls.ehr.stop)

    def setUp(self):
        self.ehr.fhir.control(clear=True)
        self.ehr.proxy.faults()
        cohort.load_patients(self.ehr.client)
        self.site = Site(studies=cohort.STUDIES, guidelines=cohort.GUIDELINES)
        self.site.add_ehr(
            self.ehr, rate={"perSecond": 1000, "maxInFlight": 8, "backoffFirst": "PT0.05S", "backoffMost": "PT0.2S"}
        )
        self.site.write()

    def run_and_kill(self, results, pause=0.0):
        """Starts the feed and kills it when it has given so many results and a pause is over."""
        command = [harness.program(), "run", "--config", self.site.path, "--now", cohort.NOW, "--json"]
        process = subprocess.Popen(
            [*command, *cohort.FILES],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        with process:
            for _ in range(results):
                self.assertTrue(process.stdout.readline(), "the run ended before it was killed")
            time.sleep(pause)
            process.kill()

    def release(self):
        """As an operator who knows that he has killed the program: what was under way twice is innocent."""
        for message in json.loads(self.site.ask("quarantine", "--json")):
            if message["quarantined"]:
                self.site.ask("quarantine", "release", message["sha256"])

    def check_history(self, patient, study, versions):
        """Every version is a step of its own: each state was written once, and none says again what the one before said.

        A kill may come between two messages about one person, so that a Flag is first active for review, then for
        eligibility.
        """
        numbers = [int(version["meta"]["tag"][0]["code"].partition("-")[0]) for version in versions]
        self.assertEqual(numbers, sorted(set(numbers)), (patient, study))
        steps = [(version["status"], version["code"]["coding"][0]["code"]) for version in versions]
        self.assertEqual([a for a, b in zip(steps, steps[1:]) if a == b], [], (patient, study, steps))

    def check_end(self):
        """One more run to its end, and everything is as if nothing had happened."""
        self.release()
        done = self.site.run(*cohort.FILES, options=["--drain", "60"])
        self.assertEqual(done.returncode, 0, done.stderr[-2000:].decode())
        verdicts = {key: verdict["verdict"] for key, verdict in self.site.verdicts().items()}
        wrong = {
            key: (verdicts.get(key), word) for key, word in cohort.expected_verdicts().items() if verdicts.get(key) != word
        }
        self.assertEqual(wrong, {})
        held = collections.Counter()
        for flag in self.ehr.client.flags():
            study = flag["code"]["text"].split()[-1].lower()
            patient = flag["subject"]["reference"].removeprefix("Patient/")
            held[patient, study, flag["status"], flag["code"]["coding"][0]["code"]] += 1
            self.check_history(patient, study, self.ehr.client.history("Flag", flag["id"]))
        self.assertEqual([key for key, n in held.items() if n > 1], [])
        for (patient, study), word in cohort.expected_flags().items():
            found = [f"{status}:{code}" for (who, what, status, code) in held if (who, what) == (patient, study)]
            if word.startswith("active"):
                self.assertEqual(found, [word], (patient, study))
            elif word == "none":
                self.assertEqual(found, [], (patient, study))
            else:
                self.assertTrue(all(one.startswith("inactive") for one in found), (patient, study, found))
        self.assertIn("intact", self.site.ask("audit", "verify"))
        self.assertEqual(self.site.outbox("parked") + self.site.outbox("ready") + self.site.outbox("inflight"), [])

    def test_killed_while_feeding_and_sending(self):
        dice = random.Random(20250630)
        for results in sorted(dice.randrange(5, 540) for _ in range(10)):
            self.run_and_kill(results, dice.uniform(0, 0.02))
        # Killed before, within and after the commits that many messages share.
        for _ in range(10):
            self.run_and_kill(0, dice.uniform(0.02, 0.5))
        # Most is fed now: these are killed while Flags leave.
        for _ in range(4):
            self.run_and_kill(540, dice.uniform(0, 0.3))
        self.check_end()

    def test_killed_with_answers_lost(self):
        kinds = ["rst-before", "rst-after", "status-500-after", "truncate", "delay"]
        known = self.ehr.proxy.control()["faults"]
        kinds = [kind for kind in kinds if kind in known]
        self.assertGreaterEqual(len(kinds), 2, known)
        dice = random.Random(7)
        for _ in range(6):
            self.ehr.proxy.faults(random={"rate": 0.3, "seed": dice.randrange(1000), "kinds": kinds})
            self.run_and_kill(dice.randrange(100, 540), dice.uniform(0, 0.5))
        self.ehr.proxy.faults()
        self.check_end()


if __name__ == "__main__":
    unittest.main()
