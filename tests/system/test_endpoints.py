# SPDX-License-Identifier: Apache-2.0
"""`fhirtrial endpoints`: what the sources report of their studies, reproduced from an invented cohort."""

import json
import os
import signal
import subprocess
import unittest

import harness
import jsonschema
from trial_site import Site

STUDY = "nct02847754"
TRAINING = harness.ROOT / "tests" / "endpoints" / "training.ndjson"
AFTER = "2025-06-30T12:00:00Z"  # the visit is due on 30 April, its window ends on 14 May


def endpoints(site, *arguments, now=AFTER, code=0):
    """What the command printed: its output, or where another exit code than 0 is expected its diagnostics."""
    done = harness.fhirtrial("endpoints", "--config", site.path, "--now", now, *arguments, timeout=120)
    if done.returncode != code:
        raise AssertionError(f"exit code {done.returncode}: {done.stderr.decode()}")
    return (done.stderr if code else done.stdout).decode()


def feed(site, path):
    done = harness.fhirtrial("run", "--config", site.path, "--now", AFTER, path, timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"exit code {done.returncode}: {done.stderr.decode()}")


def total(document, endpoint, arm=None):
    found = [t for t in document["totals"] if t["endpoint"] == endpoint and t.get("arm") == arm]
    return found[0] if len(found) == 1 else None


class Training(unittest.TestCase):
    """Sixty invented subjects of NCT02847754 (tests/endpoints/make-training.py)."""

    time_limit = 180

    @classmethod
    def setUpClass(cls):
        cls.site = Site()
        cls.site.write()
        feed(cls.site, TRAINING)
        cls.document = json.loads(endpoints(cls.site, "--json", STUDY))

    def check_rate(self, endpoint, arm, met, of, percent, unknown):
        row = total(self.document, endpoint, arm)
        self.assertEqual((row["met"], row["of"], row["percent"], row["unknown"]), (met, of, percent, unknown))

    def test_sessions_completed_in_the_control_arm_16_of_29(self):
        self.check_rate("S1-training", "CON", 16, 29, 55, unknown=1)

    def test_sessions_completed_in_the_training_arm_18_of_27(self):
        self.check_rate("S1-training", "INT", 18, 27, 67, unknown=3)

    def test_sessions_completed_at_home_9_of_14(self):
        self.check_rate("S1-training-home", "INT", 9, 14, 64, unknown=3)
        self.assertEqual(total(self.document, "S1-training-home", "INT")["notApplicable"], 13)
        self.assertEqual(total(self.document, "S1-training-home", "CON")["notApplicable"], 30)

    def test_new_fractures_1_and_3(self):
        self.assertEqual(total(self.document, "S1-fractures", "INT")["events"], 1)
        self.assertEqual(total(self.document, "S1-fractures", "CON")["events"], 3)
        self.check_rate("S1-fractures", "INT", 1, 27, 4, unknown=3)
        self.check_rate("S1-fractures", "CON", 3, 29, 10, unknown=1)

    def test_sixty_randomized_56_treated(self):
        self.assertEqual(len(self.document["subjects"]), 60)
        row = total(self.document, "S1-training")
        self.assertEqual((row["subjects"], row["of"], row["reasons"]), (60, 56, {"no-data": 4}))

    def test_no_significance_is_computed(self):
        self.assertNotIn("0.419", json.dumps(self.document))
        self.assertEqual({key for row in self.document["totals"] for key in row if key.startswith("p")}, {"percent"})

    def test_the_table_says_the_same(self):
        lines = [line.split() for line in endpoints(self.site, STUDY).splitlines()]
        self.assertIn("S1-training M3 CON 30 16/29 = 55 % 1 no-data: 1".split(), lines)
        self.assertIn("S1-training M3 INT 30 18/27 = 67 % 3 no-data: 3".split(), lines)
        self.assertIn("S1-training-home M3 INT 30 9/14 = 64 % 13 3 no-data: 3".split(), lines)
        self.assertIn("S1-fractures M3 CON 30 3/29 = 10 % 3 1 no-data: 1".split(), lines)
        self.assertIn("S1-fractures M3 INT 30 1/27 = 4 % 1 3 no-data: 3".split(), lines)

    def test_one_patient_with_the_windows(self):
        text = endpoints(self.site, STUDY, "int-01")
        self.assertIn("Patient/int-01, arm INT", text)
        self.assertIn(
            ["M3", "2025-01-31", "2025-04-30", "2025-04-16", "2025-05-14"], [x.split() for x in text.splitlines()]
        )
        self.assertNotIn("int-02", text)

    def test_before_the_window_is_over_nothing_is_decided(self):
        open_still = json.loads(endpoints(self.site, "--json", STUDY, now="2025-05-14T12:00:00Z"))
        self.assertEqual(total(open_still, "S1-training", "INT")["of"], 0)
        over = json.loads(endpoints(self.site, "--json", STUDY, now="2025-05-15T00:00:00Z"))
        self.assertEqual(total(over, "S1-training", "INT")["of"], 27)

    def test_what_the_source_leaves_open_is_said_once(self):
        text = endpoints(self.site, STUDY)
        self.assertEqual(text.count("S1-qol"), 1)
        self.assertIn("S1-qol is not evaluated (source-incomplete): The abstract names no questionnaire", text)

    def test_nobody_of_another_study(self):
        document = json.loads(endpoints(self.site, "--json", "nct02773966"))
        self.assertEqual((document["subjects"], document["notEnrolled"], document["totals"]), ([], 60, []))

    def test_wrong_arguments(self):
        self.assertIn("name a study", endpoints(self.site, code=2))
        self.assertIn('study "nct1" is not among', endpoints(self.site, "nct1", code=4))
        self.assertIn("nothing is known", endpoints(self.site, STUDY, "nobody", code=4))

    def test_help(self):
        text = harness.fhirtrial("endpoints", "--help").stdout.decode()
        self.assertIn("Exit code: 0 printed, 1 some FILE's messages were refused, 2 wrong arguments,", text)
        self.assertIn("Example:", text)


class Files(unittest.TestCase):
    """The same numbers from files, without a configuration or a store."""

    def ask(self, *arguments, code=0):
        done = harness.fhirtrial("endpoints", "--now", AFTER, *arguments, timeout=120)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return done

    def test_the_numbers_of_the_cohort(self):
        options = ("--mappings", harness.ROOT / "mappings", "--site", "demo", "--json")
        document = json.loads(self.ask(*options, STUDY, TRAINING).stdout)
        row = total(document, "S1-training", "INT")
        self.assertEqual((row["met"], row["of"], row["percent"]), (18, 27, 67))

    def test_nothing_is_left_behind(self):
        folder = harness.new_folder("tmp")
        options = ("--mappings", harness.ROOT / "mappings", STUDY, TRAINING)
        arguments = [harness.program(), "endpoints", "--now", AFTER, *options]
        done = harness.run(arguments, timeout=120, environment={"TMPDIR": str(folder)})
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn("source-incomplete: 60", done.stdout.decode())  # no site has set the windows
        self.assertEqual(list(folder.iterdir()), [])

    def test_nothing_is_left_behind_by_a_signal(self):
        ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

        def hear():  # a shell or nohup starts what runs in the background with some of them ignored
            for number in ends:
                signal.signal(number, signal.SIG_DFL)

        for number in ends:
            folder = harness.new_folder("tmp")
            arguments = [harness.program(), "endpoints", "--mappings", harness.ROOT / "mappings", STUDY, "-"]
            command = subprocess.Popen(
                [str(a) for a in arguments],
                stdin=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=os.environ | {"TMPDIR": str(folder)},
                preexec_fn=hear,
            )
            with command:
                try:
                    harness.wait_for(lambda: list(folder.glob("*/store.db-inflight")), what="the open store")
                    command.send_signal(number)
                    self.assertEqual(command.wait(30), -number)
                finally:
                    command.kill()
            self.assertEqual(list(folder.iterdir()), [])

    def test_a_message_that_cannot_be_read(self):
        broken = harness.new_folder("broken") / "broken.ndjson"
        broken.write_text('{"resourceType":"Patient"\n')
        done = self.ask("--mappings", harness.ROOT / "mappings", STUDY, broken, TRAINING, code=1)
        self.assertIn("broken.ndjson:1: refused", done.stderr.decode())
        self.assertIn("60 subjects", done.stdout.decode())

    def test_wrong_arguments(self):
        mappings = ("--mappings", harness.ROOT / "mappings")
        self.assertIn(b"name the files", self.ask(*mappings, STUDY, code=2).stderr)
        self.assertIn(b"not both", self.ask(*mappings, "--config", "x", STUDY, TRAINING, code=2).stderr)
        self.assertIn(b"cannot be read", self.ask("--mappings", "/nowhere", STUDY, TRAINING, code=2).stderr)
        self.ask(*mappings, "nct1", TRAINING, code=2)
        self.assertIn(b"no-such-file", self.ask(*mappings, STUDY, "/no-such-file", code=5).stderr)


def case(name):
    """The resources of a case of tests/mappings/conduct.json, whose results are written there by hand."""
    cases = json.loads((harness.ROOT / "tests" / "mappings" / "conduct.json").read_text())["cases"]
    return next(case["resources"] for case in cases if case["name"] == name)


class Exported(unittest.TestCase):
    """What exports take from the visits: arm, visit, baseline, and the schemes of the protocol."""

    def datasets(self, study, name):
        site = Site()
        site.write()
        feed(site, self.written(site, [{"resourceType": "Patient", "id": "p", "birthDate": "1960"}, *case(name)]))
        out = site.folder / "out"
        options = ("--now", AFTER, "--format", "dataset-json", "--study", study, "--out", out)
        done = harness.fhirtrial("export", "--config", site.path, *options)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        schema = json.loads(harness.shared("samples", "cdisc-dataset-json", "dataset.schema.json").read_text())
        tables = {}
        for path in sorted(out.glob("??.json")):
            dataset = json.loads(path.read_text())
            jsonschema.Draft201909Validator(schema).validate(dataset)
            names = [column["name"] for column in dataset["columns"]]
            tables[path.stem] = [dict(zip(names, row)) for row in dataset["rows"]]
        return tables

    def written(self, site, resources):
        path = site.folder / "feed.ndjson"
        path.write_text("".join(json.dumps(resource) + "\n" for resource in resources))
        return path

    def test_visits_and_baseline_of_pain(self):
        tables = self.datasets("nct02773966", "S5: 2 and 6 weeks")
        rows = [(row["QSDTC"], row["VISITNUM"], row["VISIT"], row["QSLOBXFL"]) for row in tables["qs"]]
        self.assertEqual(
            sorted(rows),
            [
                ("2025-03-01", None, None, "Y"),
                ("2025-03-17", 2, "2 weeks", None),
                ("2025-04-17", 3, "6 weeks", None),
            ],
        )
        self.assertEqual([(row["ARMCD"], row["ARM"]) for row in tables["dm"]], [("A", "Kypho-IORT")])
        self.assertEqual(tables["ex"], [])

    def test_visit_of_a_response(self):
        tables = self.datasets("shanghai-rfa-pva-sbrt", "S4: disease control, PR")
        rows = [(row["RSTESTCD"], row["RSCAT"], row["RSSTRESC"], row["VISITNUM"]) for row in tables["rs"]]
        self.assertEqual(rows, [("BONERESP", "MDA BONE", "PR", 8)])  # L1 is the eighth visit of the protocol

    def test_exposure_by_a_scheme_of_the_protocol(self):
        tables = self.datasets("shanghai-rfa-pva-sbrt", "S4: the scheme of the control arm")
        rows = [
            (row["EXTRT"], row["EXDOSE"], row["EXDOSU"], row["EXDOSRGM"], row["EXLOC"], row["EXSTDTC"], row["EXENDTC"])
            for row in tables["ex"]
        ]
        self.assertEqual(rows, [("RADIOTHERAPY", "24", "Gy", "SBRT 24/4", "L1", "2025-02-17", "2025-02-28")])
        self.assertEqual([row["PRDOSRGM"] for row in tables["pr"] if row["PRCAT"] == "RADIOTHERAPY"], ["SBRT 24/4"])

    def test_another_radiotherapy_is_a_procedure_and_no_exposure(self):
        tables = self.datasets("shanghai-rfa-pva-sbrt", "S4: another scheme")
        self.assertEqual(tables["ex"], [])
        self.assertEqual([row["PRDOSRGM"] for row in tables["pr"] if row["PRCAT"] == "RADIOTHERAPY"], ["EBRT 30/10"])


class Withdrawn(unittest.TestCase):
    """Who refused research, and the other record of one person, are no subjects."""

    def test_refused_and_linked(self):
        site = Site()
        site.write()
        enrolled = {
            "resourceType": "ResearchSubject",
            "status": "on-study",
            "period": {"start": "2025-01-13"},
            "study": {"identifier": {"value": "NCT02847754"}},
            "assignedArm": "CON",
        }
        consent = "http://terminology.hl7.org/CodeSystem/consentscope"
        resources = [
            {"resourceType": "Patient", "id": "refused"},
            {**enrolled, "id": "r1", "individual": {"reference": "Patient/refused"}},
            {
                "resourceType": "Consent",
                "id": "c",
                "status": "active",
                "scope": {"coding": [{"system": consent, "code": "research"}]},
                "category": [{"coding": [{"code": "research"}]}],
                "patient": {"reference": "Patient/refused"},
                "provision": {"type": "deny"},
            },
            {"resourceType": "Patient", "id": "new"},
            {**enrolled, "id": "r2", "individual": {"reference": "Patient/new"}},
            {
                "resourceType": "Patient",
                "id": "old",
                "link": [{"type": "replaced-by", "other": {"reference": "Patient/new"}}],
            },
        ]
        path = site.folder / "feed.ndjson"
        path.write_text("".join(json.dumps(resource) + "\n" for resource in resources))
        feed(site, path)
        document = json.loads(endpoints(site, "--json", STUDY))
        self.assertEqual([subject["patient"] for subject in document["subjects"]], ["new"])
        self.assertEqual((document["consentDenied"], document["notEnrolled"]), (1, 0))


if __name__ == "__main__":
    unittest.main()
