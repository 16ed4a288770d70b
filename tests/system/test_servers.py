# SPDX-License-Identifier: Apache-2.0
"""The test servers do what the tests of the product rely on: they refuse what an EHR refuses, and faults are faults."""

import contextlib
import copy
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import time
import unittest
import urllib.parse

import client_assertion
import harness
from fhir_client import FhirClient, http_request, tls_context

SYSTEM = "https://sponsor.example.org/flags"


def make_flag(patient="p1", value="00000000-0000-8000-8000-000000000001", **members):
    return {
        "resourceType": "Flag",
        "identifier": [{"system": SYSTEM, "value": value}],
        "status": "active",
        "code": {"text": "Research: screening review suggested"},
        "subject": {"reference": f"Patient/{patient}"},
    } | members


def if_none_exist(value):
    return {"If-None-Exist": f"identifier={urllib.parse.quote(f'{SYSTEM}|{value}', safe='')}"}


class TokenTest(unittest.TestCase):
    """oidc-provider with private_key_jwt."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.OAuthServer(audience="https://localhost:1/fhir/r4")
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.server.control(deny=None, delay=0, lifetime=300, reply={})

    def ask(self, assertion=None, **form):
        assertion = assertion or client_assertion.make(harness.pki(), self.server.token_url)
        return client_assertion.request_token(self.server.token_url, assertion, harness.context(), **form)

    def test_both_algorithms_get_a_token(self):
        for algorithm in ("RS384", "ES384"):
            with self.subTest(algorithm):
                reply = self.ask(client_assertion.make(harness.pki(), self.server.token_url, algorithm))
                self.assertEqual(reply.status, 200, reply.body)
                answer = reply.json()
                self.assertEqual(answer["expires_in"], 300)
                self.assertEqual(answer["token_type"].lower(), "bearer")
                self.assertEqual(answer["scope"], "system/Flag.crus")

    def test_bad_assertions_are_refused(self):
        pki, url, now = harness.pki(), self.server.token_url, int(time.time())
        used = client_assertion.make(pki, url)
        self.assertEqual(self.ask(used).status, 200)
        cases = {
            "expired": {"claims": {"exp": now - 120}},
            "no exp": {"claims": {"exp": None}},
            "exp an hour ahead": {"claims": {"exp": now + 3600}},
            "no jti": {"claims": {"jti": None}},
            "other subject": {"claims": {"sub": "someone"}},
            "other audience": {"claims": {"aud": "https://example.org/token"}},
            "unknown client": {"claims": {"iss": "nobody", "sub": "nobody"}},
            "unknown kid": {"header": {"kid": "unknown"}},
            "no kid": {"header": {"kid": None}},
            "no typ": {"header": {"typ": None}},
            "another key": {"algorithm": "ES384", "key": pki / "jwt-other.pem"},
            "algorithm of the other client": {
                "algorithm": "ES384",
                "claims": {"iss": "fhirtrial-rs384", "sub": "fhirtrial-rs384"},
            },
        }
        assertions = {name: client_assertion.make(pki, url, **case) for name, case in cases.items()}
        assertions["replayed"] = used
        assertions["no JWT"] = "x.y.z"
        for name, assertion in assertions.items():
            with self.subTest(name):
                reply = self.ask(assertion)
                self.assertEqual(reply.status, 401, reply.body)
                self.assertEqual(reply.json()["error"], "invalid_client")

    def test_bad_forms_are_refused(self):
        for change in ({"grant_type": "password"}, {"scope": None}, {"client_assertion_type": "x"}):
            with self.subTest(change):
                self.assertIn(self.ask(**change).status, (400, 401))

    def test_a_scope_beyond_the_client_is_not_granted(self):
        reply = self.ask(scope="system/*.cruds")
        self.assertEqual((reply.status, reply.json()["error"]), (400, "invalid_scope"))
        unknown = self.ask(scope="system/Flag.crus unknown").json()
        self.assertEqual(unknown["scope"], "system/Flag.crus")

    def test_what_a_test_may_ask_for(self):
        for deny, status in (("invalid-client", 401), ("empty", 403), ("html", 200), ("unavailable", 503)):
            self.server.control(deny=deny)
            self.assertEqual(self.ask().status, status, deny)
        self.server.control(deny=None, lifetime=7, reply={"token_type": "bearer", "scope": None})
        answer = self.ask().json()
        self.assertEqual((answer["expires_in"], answer["token_type"]), (7, "bearer"))
        self.assertNotIn("scope", answer)
        self.server.control(reply={})
        with self.assertRaisesRegex(ValueError, "unknown setting"):
            self.server.control(lifetme=1)

    def test_requests_are_counted(self):
        before = self.server.control()
        self.ask()
        self.ask("x.y.z")
        after = self.server.control()
        change = {name: after[name] - before[name] for name in ("tokenRequests", "granted", "refused")}
        self.assertEqual(change, {"tokenRequests": 2, "granted": 1, "refused": 1})


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


class AuthenticationTest(unittest.TestCase):
    """Each way of authentication lets the right client in and no other."""

    def test_bearer(self):
        with harness.Ehr() as ehr:
            ehr.client.put({"resourceType": "Patient", "id": "p1"})
            anonymous = FhirClient(ehr.fhir.base, harness.context())
            refused = anonymous.create(make_flag())
            self.assertEqual(refused.status, 401)
            self.assertIn("Bearer", refused.headers["WWW-Authenticate"])
            self.assertEqual(anonymous.get("metadata").status, 200)
            smart = anonymous.get(".well-known/smart-configuration").json()
            self.assertEqual(smart["token_endpoint"], ehr.oauth.token_url)
            self.assertIn("private_key_jwt", smart["token_endpoint_auth_methods_supported"])

            def client_with(scope):
                assertion = client_assertion.make(harness.pki(), ehr.oauth.token_url)
                reply = client_assertion.request_token(
                    ehr.oauth.token_url, assertion, harness.context(), scope
                )
                return FhirClient(ehr.fhir.base, harness.context(), f"Bearer {reply.json()['access_token']}")

            condition = if_none_exist("00000000-0000-8000-8000-000000000001")
            full = client_with("system/Flag.crus")
            self.assertEqual(full.create(make_flag(), condition).status, 201)
            self.assertEqual(full.get("Patient/p1").status, 403)
            self.assertEqual(client_with("system/Flag.c").create(make_flag(), condition).status, 403)
            self.assertEqual(client_with("system/Flag.write").create(make_flag()).status, 201)
            self.assertEqual(client_with("system/Flag.rs").create(make_flag()).status, 403)
            tampered = FhirClient(ehr.fhir.base, harness.context(), full.authorization[:-5] + "AAAAA")
            self.assertEqual(tampered.get("Flag").status, 401)
            self.assertEqual(
                full.request(
                    "POST",
                    "",
                    {
                        "resourceType": "Bundle",
                        "type": "transaction",
                        "entry": [
                            {
                                "resource": {"resourceType": "Patient"},
                                "request": {"method": "POST", "url": "Patient"},
                            }
                        ],
                    },
                ).status,
                403,
            )

    def test_expired_token(self):
        with harness.Ehr() as ehr:
            ehr.oauth.control(lifetime=1)
            assertion = client_assertion.make(harness.pki(), ehr.oauth.token_url)
            answer = client_assertion.request_token(ehr.oauth.token_url, assertion, harness.context()).json()
            client = FhirClient(ehr.fhir.base, harness.context(), f"Bearer {answer['access_token']}")
            self.assertEqual(client.get("Flag").status, 200)
            harness.wait_for(lambda: client.get("Flag").status == 401, what="the end of the token")

    def test_basic(self):
        with harness.FhirServer(auth="basic", basic="user:word") as server:
            # dXNlcjp3b3Jk is the Base64 form of user:word.
            for authorization, status in (
                (None, 401),
                ("Basic dXNlcjpvdGhlcg==", 401),
                ("Basic dXNlcjp3b3Jk", 200),
            ):
                client = FhirClient(server.base, harness.context(), authorization)
                self.assertEqual(client.get("Flag").status, status)

    def test_mutual_tls(self):
        pki = harness.pki()
        with harness.FhirServer(auth="mtls") as server:
            for name, allowed in (
                ("client", True),
                ("client-rsa", True),
                ("rogue-client", False),
                ("revoked", False),
            ):
                context = tls_context(pki / "ca.crt", pki / f"{name}.crt", pki / f"{name}.key")
                client = FhirClient(server.base, context)
                if allowed:
                    self.assertEqual(client.get("Flag").status, 200)
                else:
                    with self.assertRaises(
                        (ssl.SSLError, ConnectionError, http.client.HTTPException), msg=name
                    ):
                        client.get("Flag")
            with self.assertRaises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
                FhirClient(server.base, harness.context()).get("Flag")

    def test_bad_server_certificates(self):
        for name in ("expired", "future", "wrong-host", "cn-only", "client-eku", "self-signed"):
            with self.subTest(name), harness.FaultProxy(upstream="https://localhost:1", cert=name) as server:
                with self.assertRaises(ssl.SSLCertVerificationError):
                    http_request(f"{server.origin}/", context=harness.context())


class FaultProxyTest(unittest.TestCase):
    """Each fault as a raw client sees it, and whether the server behind wrote."""

    @classmethod
    def setUpClass(cls):
        cls.server = harness.FhirServer()
        cls.addClassCleanup(cls.server.stop)
        cls.proxy = harness.FaultProxy(upstream=cls.server.base.removesuffix("/fhir/r4"))
        cls.addClassCleanup(cls.proxy.stop)
        cls.client = FhirClient(f"{cls.proxy.origin}/fhir/r4", harness.context())
        FhirClient(cls.server.base, harness.context()).put({"resourceType": "Patient", "id": "p1"})

    def meet(self, fault, **parameters):
        """Posts a Flag through one fault; returns (reply or exception, versions written)."""
        self.proxy.faults({"fault": fault, "method": "POST", **parameters})
        before = self.server.writes()
        try:
            result = self.client.request("POST", "Flag", make_flag(), timeout=2)
        except (OSError, http.client.HTTPException) as error:
            result = error
        self.assertEqual(self.proxy.control()["waiting"], 0, "the fault was met")
        return result, self.server.writes() - before

    def test_passes_what_has_no_fault(self):
        self.proxy.faults()
        reply = self.client.create(make_flag())
        self.assertEqual(reply.status, 201)
        self.assertTrue(reply.version())

    def test_broken_connections(self):
        for fault, kind, wrote in (
            ("rst-before", ConnectionResetError, 0),
            ("rst-after", ConnectionResetError, 1),
            ("close", (ConnectionError, http.client.RemoteDisconnected, ssl.SSLError), 0),
            ("silent", TimeoutError, 0),
            ("truncate", (http.client.IncompleteRead, ConnectionResetError), 1),
        ):
            with self.subTest(fault):
                result, writes = self.meet(fault)
                self.assertIsInstance(result, kind)
                self.assertEqual(writes, wrote)

    def test_half_headers(self):
        """http.client takes headers that end in the middle as complete, so this one looks at the bytes."""
        self.proxy.faults({"fault": "half-headers"})
        address = ("127.0.0.1", self.proxy.ready["port"])
        plain = socket.create_connection(address, timeout=5)
        received = b""
        with harness.context().wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(b"GET /fhir/r4/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with contextlib.suppress(ConnectionResetError):
                while block := connection.recv(4096):
                    received += block
        self.assertTrue(received.startswith(b"HTTP/1.1 201"))
        self.assertNotIn(b"\r\n\r\n", received)

    def test_answers_that_mislead(self):
        after, writes = self.meet("error-after")
        self.assertEqual((after.status, writes), (500, 1))
        empty, writes = self.meet("empty-200")
        self.assertEqual((empty.status, empty.body, writes), (200, b"", 1))
        login, writes = self.meet("login")
        self.assertEqual((login.status, login.headers["Content-Type"], writes), (200, "text/html", 0))
        huge, writes = self.meet("huge", bytes=3 << 20)
        self.assertEqual((len(huge.body), writes), (3 << 20, 1))

    def test_status_headers_and_body(self):
        throttled, writes = self.meet("status", status=429, code="throttled", headers={"Retry-After": "7"})
        self.assertEqual((throttled.status, throttled.headers["Retry-After"], writes), (429, "7", 0))
        self.assertEqual(throttled.json()["issue"][0]["code"], "throttled")
        for status in (401, 403, 412, 422):
            refused, writes = self.meet("status", status=status, code="business-rule")
            self.assertEqual((refused.status, writes), (status, 0))
        own, _ = self.meet(
            "status", status=201, body={"resourceType": "Flag"}, headers={"Location": "Flag/1"}
        )
        self.assertEqual((own.json(), own.headers["Location"]), ({"resourceType": "Flag"}, "Flag/1"))

    def test_delay(self):
        began = time.monotonic()
        reply, writes = self.meet("delay", ms=300)
        self.assertEqual((reply.status, writes), (201, 1))
        self.assertGreaterEqual(time.monotonic() - began, 0.3)

    def test_drip(self):
        began = time.monotonic()
        reply, writes = self.meet("drip", bytes=200)
        self.assertEqual((reply.status, writes), (201, 1))
        self.assertGreaterEqual(time.monotonic() - began, len(reply.body) // 200)

    def test_zombie(self):
        before = self.server.writes()
        result, writes = self.meet("zombie", ms=400)
        self.assertIsInstance(result, ConnectionResetError)
        self.assertEqual(writes, 0)
        harness.wait_for(lambda: self.server.writes() == before + 1, what="the late write")

    def test_redirect_leads_to_the_canary(self):
        before = self.proxy.canary()["hits"]
        for scheme, status in (("https", 307), ("http", 301)):
            reply, writes = self.meet("redirect", status=status, scheme=scheme)
            self.assertEqual((reply.status, writes), (status, 0))
            self.assertTrue(reply.headers["Location"].startswith(self.proxy.ready["canary"][scheme]))
        self.assertEqual(self.proxy.canary()["hits"], before)
        http_request(reply.headers["Location"], headers={"Authorization": "Bearer x"})
        canary = self.proxy.canary()
        self.assertEqual((canary["hits"], canary["withAuthorization"]), (before + 1, 1))

    def test_rules_match_and_are_used_up(self):
        self.proxy.faults({"fault": "login", "times": 2, "path": "/metadata$"})
        kinds = [self.client.get("metadata").headers["Content-Type"] for _ in range(3)]
        self.assertEqual([kind.startswith("text/html") for kind in kinds], [True, True, False])
        with self.assertRaisesRegex(ValueError, "unknown fault"):
            self.proxy.faults({"fault": "rst"})

    def test_random_faults_repeat_with_their_seed(self):
        def outcomes(seed):
            self.proxy.faults(random={"rate": 0.5, "seed": seed, "kinds": ["login", "status"]})
            return [self.client.get("metadata").headers["Content-Type"] for _ in range(20)]

        first, second, other = outcomes(1), outcomes(1), outcomes(2)
        self.assertEqual(first, second)
        self.assertNotEqual(first, other)

    def test_server_down_is_a_reset(self):
        with harness.FhirServer() as server:
            proxy = harness.FaultProxy(upstream=server.base.removesuffix("/fhir/r4"))
            self.addCleanup(proxy.stop)
        with self.assertRaises(ConnectionError):
            FhirClient(f"{proxy.origin}/fhir/r4", harness.context()).get("metadata")


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


class HarnessTest(unittest.TestCase):
    """Nothing outlives its test."""

    def test_a_stopped_server_is_gone(self):
        server = harness.FhirServer()
        self.assertEqual(server.stop(), 0)
        with self.assertRaises(ConnectionRefusedError):
            http_request(server.base + "/metadata", context=harness.context())

    def test_a_server_ends_when_its_starter_is_killed(self):
        script = (
            "import sys, time; sys.path.insert(0, sys.argv[1]); import harness\n"
            "server = harness.FhirServer(); print(server.process.pid, flush=True); time.sleep(60)"
        )
        command = [sys.executable, "-B", "-c", script, os.path.dirname(__file__)]
        environment = os.environ | {"TMPDIR": str(harness.run_folder())}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as starter:
            pid = int(starter.stdout.readline())
            os.kill(pid, 0)
            starter.kill()
        harness.wait_for(lambda: not is_alive(pid), what="the end of the server")

    def test_a_program_beyond_its_limit_is_killed(self):
        with self.assertRaises(TimeoutError):
            harness.run(["sleep", "60"], timeout=0.2)

    def test_a_mistaken_option_is_named(self):
        result = harness.run([harness.node(), harness.SERVERS / "fhir-server.mjs", "--prot", "1"])
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"--prot", result.stderr)


def is_alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    unittest.main()
