# SPDX-License-Identifier: Apache-2.0
"""The authorization server grants what it should and nothing else; the FHIR server lets in whom it should."""

import http.client
import ssl
import time
import unittest

import client_assertion
import harness
from fhir_client import FhirClient, http_request, tls_context
from sample_flags import if_none_exist, make_flag


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


class TlsTest(unittest.TestCase):
    """Servers with one fault each in certificate or protocol, as Python's own TLS sees them."""

    def attempt(self, context=None, **options):
        with harness.FaultProxy(upstream="https://localhost:1", **options) as server:
            server.faults({"fault": "login"})
            return http_request(f"{server.origin}/", context=context or harness.context()).status

    def test_the_good_one(self):
        self.assertEqual(self.attempt(), 200)

    def test_bad_certificates(self):
        for name in ("expired", "future", "wrong-host", "cn-only", "client-eku", "self-signed", "weak"):
            with self.subTest(name), self.assertRaises(ssl.SSLCertVerificationError):
                self.attempt(cert=name)

    def test_revoked_certificate(self):
        self.assertEqual(self.attempt(cert="server-revoked"), 200)
        context = tls_context(harness.pki() / "ca.crt")
        context.load_verify_locations(harness.pki() / "ca.crl")
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        self.assertEqual(self.attempt(context), 200)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.attempt(context, cert="server-revoked")

    def test_old_protocol(self):
        with self.assertRaisesRegex(ssl.SSLError, "(?i)protocol"):
            self.attempt(tls_max="TLSv1.1")


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
            ehr.oauth.control(lifetime=5)
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
