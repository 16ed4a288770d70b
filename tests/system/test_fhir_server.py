# SPDX-License-Identifier: Apache-2.0
"""The FHIR servers refuse what an EHR refuses, and the weak one is weak: what the tests of delivery rely on."""

import copy
import json
import unittest

import harness
from fhir_client import FhirClient, http_request
from sample_flags import SYSTEM, if_none_exist, make_flag


class FhirServerTest(unittest.TestCase):
    """Medplum's router behind our HTTPS, without authentication."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.FhirServer()
        cls.addClassCleanup(cls.server.stop)
        cls.client = FhirClient(cls.server.base, harness.context())

    def setUp(self):
        self.server.control(clear=True)
        self.client.put({"resourceType": "Patient", "id": "p1"})
        self.logged = len(self.server.entries())

    def assert_outcome(self, reply, status):
        self.assertEqual(reply.status, status, reply.body)
        self.assertEqual(reply.json()["resourceType"], "OperationOutcome")

    def test_create(self):
        reply = self.client.create(make_flag(), {"X-Request-Id": "r1"})
        self.assertEqual(reply.status, 201)
        stored = reply.json()
        version = stored["meta"]["versionId"]
        self.assertEqual(reply.headers["ETag"], f'W/"{version}"')
        self.assertEqual(
            reply.headers["Location"], f"{self.server.base}/Flag/{stored['id']}/_history/{version}"
        )
        self.assertIn("Last-Modified", reply.headers)
        entry = self.server.entries()[-1]
        self.assertEqual(
            (entry["method"], entry["path"], entry["status"], entry["wrote"]), ("POST", "Flag", 201, 1)
        )
        self.assertEqual(entry["requestId"], "r1")

    def test_conditional_create(self):
        flag, condition = make_flag(), if_none_exist("00000000-0000-8000-8000-000000000001")
        first = self.client.create(flag, condition)
        second = self.client.create(flag | {"status": "inactive"}, condition)
        self.assertEqual((first.status, second.status), (201, 200))
        self.assertEqual(second.json(), first.json())
        self.client.create(flag)
        self.assert_outcome(self.client.create(flag, condition), 412)
        self.assertEqual(self.server.writes(self.logged), 2)

    def test_version_aware_update(self):
        stored = self.client.create(make_flag()).json()
        first = stored["meta"]["versionId"]
        path = f"Flag/{stored['id']}"
        update = self.client.request(
            "PUT", path, stored | {"status": "inactive"}, {"If-Match": f'W/"{first}"'}
        )
        self.assertEqual(update.status, 200, update.body)
        stale = self.client.request("PUT", path, stored, {"If-Match": f'W/"{first}"'})
        self.assert_outcome(stale, 412)
        self.assertEqual(
            [flag["status"] for flag in self.client.history("Flag", stored["id"])], ["active", "inactive"]
        )
        self.assertEqual(self.client.get(f"{path}/_history/{first}").json()["status"], "active")

    def test_conditional_update(self):
        path = "Flag?" + if_none_exist("00000000-0000-8000-8000-000000000001")["If-None-Exist"]
        statuses = [self.client.request("PUT", path, make_flag()).status for _ in range(2)]
        self.assertEqual(statuses, [201, 200])
        self.client.create(make_flag())
        self.assert_outcome(self.client.request("PUT", path, make_flag()), 412)

    def test_prefer(self):
        minimal = self.client.create(make_flag(), {"Prefer": "return=minimal"})
        self.assertEqual((minimal.status, minimal.body), (201, b""))
        self.assertTrue(minimal.version())
        outcome = self.client.create(make_flag(), {"Prefer": "return=OperationOutcome"})
        self.assert_outcome(outcome, 201)

    def test_search(self):
        self.client.put({"resourceType": "Patient", "id": "p2"})
        self.client.create(make_flag())
        other = self.client.create(make_flag("p2", "00000000-0000-8000-8000-000000000002")).json()
        self.assertEqual(len(self.client.flags()), 2)
        self.assertEqual([flag["id"] for flag in self.client.flags(patient="p2")], [other["id"]])
        found = self.client.flags(identifier=f"{SYSTEM}|00000000-0000-8000-8000-000000000002")
        self.assertEqual([flag["id"] for flag in found], [other["id"]])

    def test_references_to_absent_resources_are_refused(self):
        observation = {"resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "x"}}
        version = self.client.put(observation)["meta"]["versionId"]
        self.client.put({"resourceType": "Device", "id": "d1"})
        detail = "http://hl7.org/fhir/StructureDefinition/flag-detail"

        def evidence(reference):
            return make_flag(extension=[{"url": detail, "valueReference": {"reference": reference}}])

        good = [
            evidence("Observation/o1"),
            evidence(f"Observation/o1/_history/{version}"),
            evidence(f"{self.server.base}/Observation/o1"),
            evidence("https://elsewhere.example.org/fhir/Observation/o1"),
            make_flag(author={"reference": "Device/d1"}),
        ]
        bad = [
            make_flag("p9"),
            evidence("Observation/o9"),
            evidence("Observation/o1/_history/9"),
            evidence(f"{self.server.base}/Observation/o9"),
            evidence("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"),
            make_flag(author={"reference": "Device/d9"}),
        ]
        for flag in good:
            self.assertEqual(self.client.create(flag).status, 201, flag)
        for flag in bad:
            self.assert_outcome(self.client.create(flag), 422)
        stored = self.client.flags()[0]
        moved = stored | {"subject": {"reference": "Patient/p9"}}
        self.assert_outcome(self.client.request("PUT", f"Flag/{stored['id']}", moved), 422)
        self.assertEqual(len(self.client.flags()), len(good))

    def test_transaction_is_all_or_nothing(self):
        def entry(resource, url):
            return {"resource": resource, "request": {"method": "PUT", "url": url}}

        flag = make_flag("p3") | {"id": "f3"}
        patient = {"resourceType": "Patient", "id": "p3"}
        bundle = {"resourceType": "Bundle", "type": "transaction"}
        before = self.client.flag_versions()
        broken = bundle | {"entry": [entry(patient, "Patient/p3"), entry(flag | {"status": "x"}, "Flag/f3")]}
        self.assert_outcome(self.client.request("POST", "", broken), 400)
        dangling = bundle | {
            "entry": [entry(patient, "Patient/p3"), entry(flag | make_flag("p9"), "Flag/f3")]
        }
        self.assert_outcome(self.client.request("POST", "", dangling), 422)
        self.assertEqual(self.client.get("Patient/p3").status, 404)
        self.assertEqual(self.client.flag_versions(), before)
        self.assertEqual(self.server.writes(self.logged), 0)
        whole = bundle | {"entry": [entry(flag, "Flag/f3"), entry(patient, "Patient/p3")]}
        reply = self.client.request("POST", "", whole)
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(self.server.writes(self.logged), 2)

    def test_malformed_requests(self):
        self.assert_outcome(self.client.request("POST", "Flag", b'{"resourceType":'), 400)
        text = self.client.request("POST", "Flag", make_flag(), {"Content-Type": "text/plain"})
        self.assert_outcome(text, 415)
        self.assert_outcome(self.client.get("Flag/absent"), 404)
        reply = http_request(self.server.base.replace("/r4", "/r5") + "/Flag", context=harness.context())
        self.assertEqual(reply.status, 404)

    def test_capability_statement_is_true(self):
        statement = self.client.get("metadata").json()
        self.assertEqual(statement["fhirVersion"], "4.0.1")
        flag = next(one for one in statement["rest"][0]["resource"] if one["type"] == "Flag")
        codes = {interaction["code"] for interaction in flag["interaction"]}
        self.assertLessEqual({"create", "read", "update", "search-type", "vread", "history-instance"}, codes)
        self.assertTrue(flag["conditionalCreate"] and flag["conditionalUpdate"] and flag["updateCreate"])
        self.assertEqual(flag["versioning"], "versioned-update")
        names = {parameter["name"] for parameter in flag["searchParam"]}
        self.assertEqual(names, {"author", "date", "encounter", "identifier", "patient", "subject"})
        result = harness.run(
            [harness.node(), harness.SERVERS / "validate-flags.mjs"], stdin=json.dumps(statement).encode()
        )
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_log_holds_no_patient_data(self):
        self.client.get("Patient/p1")
        self.client.get("Patient?name=Planted-Canary")
        self.client.request(
            "POST", "Patient", {"resourceType": "Patient", "name": [{"family": "Planted-Canary"}]}
        )
        text = self.server.log.read_text()
        self.assertNotIn("Planted-Canary", text)
        self.assertNotIn("p1", text)
        self.assertIn("Patient?name", text)


class FlagValidationTest(unittest.TestCase):
    """Good Flags are taken, bad ones refused with 400 and an OperationOutcome that names something."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.FhirServer()
        cls.addClassCleanup(cls.server.stop)
        cls.client = FhirClient(cls.server.base, harness.context())
        cls.cases = json.loads((harness.SERVERS / "flag-cases.json").read_text())
        study = {"resourceType": "ResearchStudy", "id": "1", "status": "active"}
        for resource in [
            {"resourceType": "Patient", "id": "p1"},
            {"resourceType": "Patient", "id": "1"},
            study,
        ]:
            cls.client.put(resource)
        cls.client.put({"resourceType": "Device", "id": "d1"})

    def post(self, case):
        flag = copy.deepcopy(self.cases["base"]) | case.get("set", {})
        for name in case.get("remove", []):
            del flag[name]
        return self.client.request("POST", "Flag", flag)

    def test_good_flags(self):
        self.assertGreaterEqual(len(self.cases["good"]), 8)
        for case in self.cases["good"]:
            reply = self.post(case)
            self.assertEqual(reply.status, 201, (case["name"], reply.body))

    def test_bad_flags(self):
        self.assertGreaterEqual(len(self.cases["bad"]), 50)
        before = self.server.writes()
        for case in self.cases["bad"]:
            reply = self.post(case)
            self.assertEqual(reply.status, 400, (case["name"], reply.body))
            self.assertTrue(reply.json()["issue"][0]["details"]["text"], case["name"])
        self.assertEqual(self.server.writes(), before)


class WeakServerTest(unittest.TestCase):
    """The weak server is weak in the ways that delivery has to survive."""

    def test_conditional_headers_are_ignored(self):
        with harness.WeakServer() as server:
            client = FhirClient(server.base, harness.context())
            condition = if_none_exist("00000000-0000-8000-8000-000000000001")
            replies = [client.create(make_flag(), condition) for _ in range(2)]
            self.assertEqual([reply.status for reply in replies], [201, 201])
            self.assertEqual((replies[0].headers["ETag"], replies[0].body), ("1", b""))
            self.assertFalse(replies[0].headers["Location"].startswith(("http", "/")))
            self.assertEqual(
                len(client.flags(identifier=f"{SYSTEM}|00000000-0000-8000-8000-000000000001")), 2
            )
