# SPDX-License-Identifier: Apache-2.0
"""Bad input, one kind a test: the error names place and remedy, the rest of the batch goes on, nothing accepted is lost.

Every text that is fed here carries a canary; none may come back in a log line, an error, a metric or a URL.
"""

import json
import os
import sqlite3
import unittest

import cohort
import harness
from trial_site import Site

CANARY = "Zaphodine"
BIRTH = "1911-11-11"
LOINC = "http://loinc.org"


def patient(name, **members):
    return {
        "resourceType": "Patient",
        "id": name,
        "name": [{"family": CANARY, "given": ["Trillian"]}],
        "birthDate": BIRTH,
        "gender": "female",
    } | members


def pain(name, value, unit="{score}", code="72514-3", subject="good-1", **members):
    quantity = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": f"Patient/{subject}", "display": CANARY},
        "effectiveDateTime": "2025-06-28T08:00:00Z",
        "note": [{"text": f"{CANARY} says so"}],
        "valueQuantity": quantity,
    } | members


GOOD_1 = json.dumps(patient("good-1"))
GOOD_2 = json.dumps(patient("good-2"))


class BadInput(unittest.TestCase):
    time_limit = 90

    def setUp(self):
        self.site = Site(studies=cohort.STUDIES)
        self.site.add_file()
        self.folder = harness.new_folder("input")

    def file(self, name, text):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def feed(self, *paths, status=1, options=()):
        """Runs, checks exit status and silence about the canary; results and error text."""
        done = self.site.run(*paths, options=["--json", "--verbose", *options])
        errors = done.stderr.decode(errors="replace")
        self.assertEqual(done.returncode, status, errors[-2000:])
        for secret in (CANARY, BIRTH, "Trillian"):
            self.assertNotIn(secret, errors)
            self.assertNotIn(secret, done.stdout.decode())
        return [json.loads(line) for line in done.stdout.splitlines()], errors

    def check_batch(self, bad, *said):
        """A line of NDJSON between two good ones: only it is refused, and the error says `said`."""
        path = self.file("batch.ndjson", GOOD_1 + "\n" + bad + "\n" + GOOD_2 + "\n")
        results, errors = self.feed(path)
        self.assertIn(f"{path}:2", errors)
        for word in said:
            self.assertRegex(errors, word)
        outcomes = [result["outcome"] for result in results]
        self.assertEqual([outcomes[0], outcomes[-1]], ["ok", "ok"])
        self.assertEqual(outcomes.count("rejected"), 1)
        self.assertEqual(set(self.site.records("good-1", "good-2")), {"good-1", "good-2"})

    def check_file(self, name, text, *said):
        """A file among others: the same."""
        bad = self.file(name, text)
        results, errors = self.feed(self.file("a.json", GOOD_1), bad, self.file("z.json", GOOD_2))
        self.assertIn(str(bad), errors)
        for word in said:
            self.assertRegex(errors, word)
        self.assertEqual([result["outcome"] for result in results], ["ok", "rejected", "ok"])
        self.assertEqual(set(self.site.records("good-1", "good-2")), {"good-1", "good-2"})

    # --- JSON ---

    def test_truncated_json(self):
        self.check_batch(json.dumps(pain("o", 5))[:-40], r"byte \d+|offset \d+", "end")

    def test_malformed_json(self):
        self.check_batch('{"resourceType":"Patient",,"id":"x"}', r"byte \d+|offset \d+")

    def test_duplicate_key(self):
        self.check_batch('{"resourceType":"Patient","id":"x","id":"y"}', "two members of this name")

    def test_nul_and_control_characters(self):
        self.check_batch('{"resourceType":"Patient","id":"x","active":\x00true}', r"byte \d+|offset \d+")

    def test_not_utf_8(self):
        text = GOOD_1.encode() + b"\n" + b'{"resourceType":"Patient","id":"\xff\xfe"}\n' + GOOD_2.encode() + b"\n"
        _, errors = self.feed(self.file("batch.ndjson", text))
        self.assertRegex(errors, "UTF-8")

    def test_depth_100_000(self):
        deep = '{"resourceType":"Patient","extension":' + '[{"extension":' * 50000 + "[]" + "}]" * 50000 + "}"
        self.check_batch(deep, "deep|depth|nest", "64")

    def test_array_depth_100_000(self):
        self.check_batch('{"resourceType":"Patient","x":' + "[" * 100000 + "]" * 100000 + "}", "deep|depth|nest")

    def test_a_string_over_the_limit(self):
        text = json.dumps(patient("good-1", gender="x" * (2 << 20)))
        self.check_content(text, "limit of 1 MiB", "gender")

    def test_a_long_text_that_no_mapping_reads_is_no_fault(self):
        text = {"status": "generated", "div": "<div>" + "x" * (2 << 20) + "</div>"}
        path = self.file("long.json", json.dumps(patient("good-1", text=text)))
        done = self.site.run(path)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(self.site.records("good-1")["good-1"]["subject"][0]["gender"], "female")
        kept = sqlite3.connect(f"file:{self.site.store}?mode=ro", uri=True).execute("SELECT bytes_size FROM kept").fetchone()
        self.assertGreater(kept[0], 2 << 20, "what a later mapping may read is kept whole")

    def test_a_message_over_the_limit(self):
        self.site.config["limits"] = {"messageBytes": 4096}
        self.check_batch(json.dumps(patient("big", text={"status": "generated", "div": "x" * 8192})), "4096", "limit|large|long")

    def test_unknown_resource_type(self):
        self.check_batch('{"resourceType":"Pateint","id":"x"}', "did you mean .Patient")

    def test_no_resource_type(self):
        self.check_batch('{"id":"x"}', "resourceType")

    def test_no_object(self):
        self.check_batch("[1, 2]", "must begin with")

    def test_an_empty_file(self):
        path = self.file("empty.json", "")
        _, errors = self.feed(self.file("a.json", GOOD_1), path)
        self.assertIn(f"{path}: error: the file is empty", errors)

    # --- XML ---

    XML = '<Patient xmlns="http://hl7.org/fhir"><id value="x"/><gender value="female"/></Patient>'

    def test_truncated_xml(self):
        self.check_file("m.xml", self.XML[:-12], r"line \d+|byte \d+|offset \d+")

    def test_malformed_xml(self):
        self.check_file("m.xml", self.XML.replace("</Patient>", "</Patent>"), r"line \d+|byte \d+|offset \d+")

    def test_doctype(self):
        text = '<!DOCTYPE Patient [<!ENTITY a "b">]>' + self.XML
        self.check_file("m.xml", text, "DOCTYPE|document type")

    def test_external_entity(self):
        secret = self.file("secret.txt", "do not read me")
        text = f'<!DOCTYPE Patient [<!ENTITY a SYSTEM "file://{secret}">]><Patient xmlns="http://hl7.org/fhir"><id value="&a;"/></Patient>'
        self.check_file("m.xml", text, "DOCTYPE|document type")

    def test_undefined_entity(self):
        self.check_file("m.xml", self.XML.replace('"x"', '"&auml;"'), "[Ee]ntity")

    def test_deep_xml(self):
        deep = "<extension>" * 100000 + "</extension>" * 100000
        self.check_file("m.xml", f'<Patient xmlns="http://hl7.org/fhir">{deep}</Patient>', "deep|depth|nest")

    def test_wrong_namespace(self):
        self.check_file("m.xml", self.XML.replace("hl7.org/fhir", "example.org"), "namespace|hl7.org/fhir")

    # --- content: the message is taken, the problem is told ---

    def check_content(self, resource, *said, rows=None):
        lines = [GOOD_1, json.dumps(resource) if isinstance(resource, dict) else resource, GOOD_2]
        path = self.file("batch.ndjson", "\n".join(lines) + "\n")
        results, errors = self.feed(path, status=0)
        self.assertIn(f"{path}:2:byte ", errors)
        issues = results[1]["operationOutcome"]["issue"]
        text = " ".join(
            " ".join([issue.get("details", {}).get("text", ""), issue.get("diagnostics", ""), *issue.get("expression", [])])
            for issue in issues
        )
        for word in said:
            self.assertRegex(text, word)
        self.assertEqual(results[0]["outcome"], "ok")
        self.assertEqual(results[2]["outcome"], "ok")
        record = self.site.records("good-1")["good-1"]
        scores = [row.get("score") for row in record.get("pain_score", [])]
        if rows is not None:
            self.assertEqual(scores, rows)
        return results[1]

    def test_an_observation_without_a_value(self):
        resource = pain("o", 1)
        del resource["valueQuantity"]
        self.check_content(resource, "no-value|value", rows=[None])

    def test_underscore_value_without_extension(self):
        text = json.dumps(pain("o", 1)).replace('"valueQuantity"', '"_valueInteger"').replace(
            json.dumps(pain("o", 1)["valueQuantity"]), '{"value":0}'
        )
        self.assertIn('"_valueInteger": {"value":0}', text)
        self.check_content(text, "_valueInteger|valueInteger", rows=[None])

    def test_pain_99(self):
        self.check_content(pain("o", 99), "missing-sentinel|out-of-range", rows=[None])

    def test_pain_11(self):
        self.check_content(pain("o", 11), "out-of-range", rows=[None])

    def test_an_inconvertible_unit(self):
        self.check_content(pain("o", 5, unit="mg"), "bad-unit", rows=[None])

    def test_an_invalid_primitive(self):
        self.check_content(patient("good-1", birthDate="1956-13-45"), "birthDate")

    def test_the_rest_of_a_bundle_is_stored(self):
        entries = [{"resource": patient("good-1")}, {"resource": {"resourceType": "Pateint", "id": "x"}},
                   {"resource": pain("o", 4)}]
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        results, errors = self.feed(self.file("b.json", json.dumps(bundle)), status=0)
        self.assertEqual(results[0]["outcome"], "partial")
        self.assertRegex(errors, "did you mean .Patient")
        self.assertRegex(errors, r"/entry/1/resource")
        record = self.site.records("good-1")["good-1"]
        self.assertEqual([row["score"] for row in record["pain_score"]], [4])

    def test_patch_in_a_bundle_is_not_supported(self):
        entries = [{"request": {"method": "PATCH", "url": "Patient/x"}, "resource": {"resourceType": "Parameters"}},
                   {"resource": patient("good-1"), "request": {"method": "PUT", "url": "Patient/good-1"}}]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        results, _ = self.feed(self.file("b.json", json.dumps(bundle)), status=0)
        codes = [issue["code"] for issue in results[0]["operationOutcome"]["issue"]]
        self.assertIn("not-supported", codes)
        self.assertIn("good-1", self.site.records("good-1"))

    # --- files ---

    def test_a_file_that_cannot_be_read(self):
        results, errors = self.feed(self.file("a.json", GOOD_1), self.folder / "absent.json", self.file("z.json", GOOD_2))
        self.assertIn("absent.json", errors)
        self.assertEqual([result["outcome"] for result in results], ["ok", "ok"])


class BadConfiguration(unittest.TestCase):
    """Nothing starts; the error names file, line and remedy."""

    def setUp(self):
        self.site = Site(studies=cohort.STUDIES)
        self.site.add_file()
        self.input = harness.new_folder("input") / "p.json"
        self.input.write_text(GOOD_1)

    def refuse(self, *said):
        done = self.site.run(self.input)
        errors = done.stderr.decode()
        self.assertEqual(done.returncode, 2, errors)
        self.assertEqual(done.stdout, b"")
        for word in said:
            self.assertRegex(errors, word)
        return errors

    def test_a_misspelt_key(self):
        self.site.config["mappings"]["studys"] = []
        errors = self.refuse("studys", "studies", r"line \d+")
        self.assertIn("fhirtrial.json", errors)

    def test_malformed(self):
        self.site.write = lambda: self.site.path
        self.site.path.write_text('{"schema": 1,\n"base" "x"}')
        self.refuse("line 2")

    def test_no_configuration(self):
        done = harness.fhirtrial("run", "--config", "/nowhere/fhirtrial.json", self.input)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"/nowhere/fhirtrial.json", done.stderr)
        self.assertIn(b"--config", done.stderr)

    def test_a_misspelt_element_in_a_mapping(self):
        import shutil

        folder = harness.new_folder("mappings") / "mappings"
        shutil.copytree(harness.ROOT / "mappings", folder)
        view = folder / "core" / "views" / "subject.json"
        text = view.read_text()
        self.assertIn("birthDate", text)
        view.write_text(text.replace("birthDate", "birthDaet", 1))
        self.site.config["mappings"]["path"] = str(folder)
        errors = self.refuse("birthDaet", "birthDate", "subject.json")
        line = 1 + text[: text.index("birthDate")].count("\n")
        self.assertRegex(errors, rf"subject.json:{line}\b|subject.json.*line {line}\b")

    def test_an_unknown_study(self):
        self.site.config["mappings"]["studies"] = ["nct04242588"]
        self.refuse("nct04242588")

    def test_an_unreadable_key_file(self):
        (self.site.keys / "site.key").chmod(0o644)
        self.refuse("site.key", "0600|chmod 600|mode")

    def test_an_absent_key_file(self):
        (self.site.keys / "site.key").unlink()
        self.refuse('of .siteKey. in .*/keys/: it does not exist')

    def test_a_short_key(self):
        (self.site.keys / "site.key").write_bytes(b"short")
        self.refuse("site.key", "32")

    def test_a_key_of_another_user(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a file away")
        os.chown(self.site.keys / "site.key", 12345, 12345)
        self.refuse("site.key", "own")

    def test_an_unreadable_signing_key(self):
        with harness.OAuthServer() as oauth:
            ehr = type("Ehr", (), {"oauth": oauth, "base": "https://localhost:1/fhir"})
            self.site.add_ehr(ehr)
            (self.site.keys / "jwt-rs384.pem").chmod(0o644)
            self.refuse("jwt-rs384.pem", "0600|chmod 600|mode")

    def test_plain_http_is_refused(self):
        self.site.add_fhir("http://localhost:1/fhir")
        self.refuse("https", r"line \d+")


class BadServer(unittest.TestCase):
    """The feed is taken; what cannot be sent waits, and goes when the server is back."""

    time_limit = 120

    @classmethod
    def setUpClass(cls):
        cls.ehr = harness.Ehr(proxy=True)
        cls.addClassCleanup(cls.ehr.stop)

    def setUp(self):
        self.ehr.fhir.control(clear=True)
        self.ehr.oauth.control(deny=None)
        self.patient = next(one for one in cohort.patients() if one["id"] == "st-001-everything-met")
        self.lines = [
            line
            for line in cohort.FILES[0].read_bytes().splitlines(keepends=True)
            if json.loads(line)["id"].startswith(self.patient["id"])
        ]
        self.site = Site(studies=cohort.STUDIES)
        self.endpoint = self.site.add_ehr(self.ehr)

    def feed(self, drain="3"):
        done = self.site.run("-", stdin=b"".join(self.lines), options=["--drain", drain, "--verbose"])
        text = done.stderr.decode()
        for line in self.lines:
            family = json.loads(line).get("name", [{}])[0].get("family")
            if family:
                self.assertNotIn(family, text)
        self.assertNotIn("Bearer ", text)
        self.assertNotIn("eyJ", text, "a token or an assertion in the log")
        return done, text

    def send_again(self):
        done = self.site.run(options=["--drain", "20"], *["-"], stdin=b"")
        return done

    def test_a_server_that_is_down(self):
        self.ehr.client.put(self.patient)
        self.ehr.down()
        try:
            done, errors = self.feed()
            self.assertEqual(done.returncode, 3, errors)
            self.assertRegex(errors, "connect")
            self.assertEqual(len(self.site.outbox("ready")), 2, self.site.outbox())
        finally:
            self.ehr.up()
        done = self.send_again()
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(len(self.ehr.client.flags()), 2)

    def test_401_of_the_token_server(self):
        self.ehr.client.put(self.patient)
        self.ehr.oauth.control(deny="invalid-client")
        done, errors = self.feed()
        self.assertEqual(done.returncode, 3, errors)
        self.assertRegex(errors, "invalid_client|401")
        self.assertEqual(self.ehr.client.flags(), [])
        self.assertEqual(self.site.outbox("parked"), [], "a refused identity stops the endpoint, not the message")
        self.ehr.oauth.control(deny=None)
        self.assertEqual(self.send_again().returncode, 0)
        self.assertEqual(len(self.ehr.client.flags()), 2)

    def test_401_of_the_fhir_server(self):
        self.ehr.client.put(self.patient)
        self.ehr.fhir.control(audience="https://elsewhere.example/fhir")
        try:
            done, errors = self.feed()
            self.assertEqual(done.returncode, 3, errors)
            self.assertRegex(errors, "401")
            self.assertEqual(self.site.outbox("parked"), [])
        finally:
            self.ehr.fhir.control(audience=self.ehr.fhir.base)
        self.assertEqual(self.send_again().returncode, 0)
        self.assertEqual(len(self.ehr.client.flags()), 2)

    def test_422_parks_the_message(self):
        """The Patient is not at the server, which refuses references to nothing."""
        done, errors = self.feed()
        self.assertEqual(done.returncode, 3, errors)
        self.assertRegex(errors, "422")
        parked = self.site.outbox("parked")
        self.assertEqual(len(parked), 2, self.site.outbox())
        self.assertEqual({str(one["http"]) for one in parked}, {"422"})
        self.ehr.client.put(self.patient)
        for one in parked:
            done = harness.fhirtrial("outbox", "--config", self.site.path, "retry", str(one["id"]))
            self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertEqual(self.send_again().returncode, 0)
        self.assertEqual(len(self.ehr.client.flags()), 2)

    def test_a_lost_answer_makes_no_second_flag(self):
        self.ehr.client.put(self.patient)
        self.ehr.proxy.faults({"fault": "rst-after", "method": "POST", "times": 2})
        try:
            done, errors = self.feed(drain="30")
        finally:
            self.ehr.proxy.faults()
        self.assertEqual(done.returncode, 0, errors)
        flags = self.ehr.client.flags()
        self.assertEqual(len(flags), 2)
        self.assertEqual([len(self.ehr.client.history("Flag", flag["id"])) for flag in flags], [1, 1])

    def test_no_patient_data_in_urls(self):
        self.ehr.client.put(self.patient)
        before = len(self.ehr.fhir.entries())
        done, errors = self.feed()
        self.assertEqual(done.returncode, 0, errors)
        urls = json.dumps(self.ehr.fhir.entries(before))
        for secret in (self.patient["name"][0]["family"], self.patient["birthDate"]):
            self.assertNotIn(secret, urls)


if __name__ == "__main__":
    unittest.main()
