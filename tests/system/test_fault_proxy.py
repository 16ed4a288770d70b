# SPDX-License-Identifier: Apache-2.0
"""Each fault is the fault that it is named for."""

import contextlib
import http.client
import socket
import ssl
import time
import unittest

import harness
from fhir_client import FhirClient, http_request
from sample_flags import make_flag


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
        self.assertTrue(reply.headers["Location"].startswith(f"{self.proxy.origin}/fhir/r4/Flag/"))

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

    def test_altered_answers(self):
        elsewhere = {"subject": {"reference": "Patient/p2"}, "identifier": None}
        reply, writes = self.meet("alter", members=elsewhere, headers={"etag": None, "location": "Flag/1"})
        self.assertEqual((reply.status, writes), (201, 1))
        self.assertEqual(reply.json()["subject"], {"reference": "Patient/p2"})
        self.assertNotIn("identifier", reply.json())
        self.assertEqual((reply.headers["ETag"], reply.headers["Location"]), (None, "Flag/1"))
        self.proxy.faults({"fault": "alter", "path": "/Flag\\?", "members": {"meta": None}})
        found = self.client.flags(patient="p1")
        self.assertTrue(found)
        self.assertFalse(any("meta" in flag for flag in found))
        self.proxy.faults({"fault": "alter", "path": "/metadata$", "members": {"fhirVersion": "5.0.0"}})
        self.assertEqual(self.client.get("metadata").json()["fhirVersion"], "5.0.0")

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

    def test_an_ehr_goes_down_and_comes_back(self):
        with harness.Ehr(proxy=True) as ehr:
            ehr.client.put({"resourceType": "Patient", "id": "p1"})
            before_proxy = FhirClient(ehr.base, harness.context(), ehr.client.authorization)
            self.assertEqual(before_proxy.get("Patient/p1").status, 200)
            ehr.down()
            with self.assertRaises(ConnectionRefusedError):
                before_proxy.get("Patient/p1")
            ehr.up()
            self.assertEqual(before_proxy.get("Patient/p1").status, 200)

    def test_server_down_is_a_reset(self):
        with harness.FhirServer() as server:
            proxy = harness.FaultProxy(upstream=server.base.removesuffix("/fhir/r4"))
            self.addCleanup(proxy.stop)
        with self.assertRaises(ConnectionError):
            FhirClient(f"{proxy.origin}/fhir/r4", harness.context()).get("metadata")
