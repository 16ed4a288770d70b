# SPDX-License-Identifier: Apache-2.0
"""The delivery room against real servers, through a proxy that does what networks do.

Whatever happens, each key ends as exactly one Flag in its last state, in order, without a version that nobody asked for.
"""

import json
import random
import time
import unittest


import harness
from deliver_site import Sending, flag_text, new_key, sequence, tag_of

PATIENTS = ("p1", "other")


class WithEhr(unittest.TestCase):
    """One EHR behind a fault proxy for all tests of a class; each has its own store and keys."""

    time_limit = 60

    @classmethod
    def setUpClass(cls):
        cls.ehr = harness.Ehr(proxy=True)
        cls.addClassCleanup(cls.ehr.stop)
        for patient in PATIENTS:
            cls.ehr.client.put({"resourceType": "Patient", "id": patient})

    def setUp(self):
        self.ehr.proxy.faults()
        self.ehr.oauth.control(deny=None, lifetime=300, reply={}, delay=0)
        self.key = new_key()
        self.sending = Sending(self.ehr)
        self.before = len(self.ehr.fhir.entries())

    def entries(self):
        return self.ehr.fhir.entries(self.before)

    def versions(self, key=None):
        """The versions of the one Flag of a key, oldest first."""
        flags = self.ehr.client.flags(identifier=key or self.key)
        self.assertEqual(len(flags), 1, "Flags with the key")
        history = self.ehr.client.history("Flag", flags[0]["id"])
        return sorted(history, key=lambda flag: flag["meta"]["lastUpdated"])

    def statuses(self, key=None):
        return [flag["status"] for flag in self.versions(key)]

    def only_message(self, state):
        messages = [m for m in self.sending.outbox() if m["state"] == state]
        self.assertEqual(len(messages), 1, self.sending.errors)
        return messages[0]

    def queue(self, status="active", **members):
        text = flag_text(self.key, status, **members)
        self.sending.enqueue(self.key, text)
        return text

    def delivered_once(self, status="active"):
        """A fresh message reaches the server as one Flag with one version."""
        self.assertEqual(self.sending.send()["due"], -1, self.sending.errors)
        self.only_message("done")
        self.assertEqual(self.statuses(), [status])


class TestGoodWay(WithEhr):
    def test_create_then_update_with_both_algorithms(self):
        for algorithm in ("RS384", "ES384"):
            with self.subTest(algorithm):
                self.sending = Sending(self.ehr, algorithm)
                self.key = new_key()
                first = self.queue()
                self.delivered_once()
                second = self.queue("inactive")
                self.sending.send()
                self.assertEqual(self.statuses(), ["active", "inactive"])
                tags = [flag["meta"]["tag"][-1]["code"] for flag in self.versions()]
                self.assertEqual(tags, [tag_of(1, first), tag_of(2, second)])

    def test_requests_carry_their_guards_and_ids(self):
        self.queue()
        self.sending.send()
        self.queue("inactive")
        self.sending.send()
        writes = [e for e in self.entries() if e["method"] in ("POST", "PUT")]
        self.assertEqual([(w["method"], w["ifNoneExist"], w["ifMatch"]) for w in writes],
                         [("POST", True, False), ("PUT", False, True)])
        self.assertTrue(all(w["requestId"] for w in writes))

    def test_many_keys_use_one_token_and_several_connections(self):
        keys = [new_key() for _ in range(60)]
        self.sending.enqueue_all([(key, flag_text(key)) for key in keys])
        result = self.sending.send(30000)
        self.assertEqual(result["ended"], 60)
        self.assertEqual(result["status"]["tokenRequests"], 1)
        for key in keys:
            self.assertEqual(self.statuses(key), ["active"])

    def test_an_unsent_state_is_superseded(self):
        self.queue()
        self.queue(period={"start": "2025-07-01T12:00:00Z"})
        self.delivered_once()
        self.only_message("superseded")

    def test_no_flag_is_made_only_to_be_ended(self):
        for end in ("inactive", "entered-in-error"):
            with self.subTest(end):
                self.sending, self.key = Sending(self.ehr), new_key()
                self.queue()
                self.queue(end)
                self.assertEqual(self.sending.send()["due"], -1, self.sending.errors)
                self.assertIn("there is none to be ended", self.only_message("done")["reason"])
                self.assertEqual(self.ehr.client.flags(identifier=self.key), [])
                self.assertEqual([e["method"] for e in self.entries() if e["method"] in ("POST", "PUT")], [])

    def test_what_is_there_is_ended_also_by_a_store_that_sent_nothing(self):
        self.queue()
        self.delivered_once()
        self.sending = Sending(self.ehr)
        self.queue()
        self.queue("inactive")
        self.sending.send()
        self.assertEqual(self.statuses(), ["active", "inactive"])

    def test_a_first_write_of_unknown_effect_is_ended(self):
        """The first write reached the server, its answer was lost: the Flag is there and must be ended."""
        self.queue()
        self.ehr.proxy.faults({"fault": "rst-after", "method": "POST", "path": "/Flag$"})
        self.sending.send(300)
        self.queue("inactive")
        self.sending.send()
        self.assertEqual(self.statuses()[-1], "inactive")

    def test_server_of_another_certificate_file_is_not_trusted(self):
        self.queue()
        self.sending.settings["ca_path"] = harness.pki() / "self-signed.crt"
        result = self.sending.send_until_problem()
        self.assertEqual((result["status"]["state"], result["status"]["class"]), ("stopped", "config"))
        self.assertEqual(self.only_message("ready")["attempts"], 0)


class TestBrokenNetwork(WithEhr):
    """Each fault once, at the write; the message arrives all the same, once."""

    def meets(self, fault, **parameters):
        self.queue()
        self.ehr.proxy.faults({"fault": fault, "method": "POST", "path": "/Flag$", **parameters})
        met = self.ehr.proxy.met().get(fault, 0)
        self.delivered_once()
        self.assertGreater(self.ehr.proxy.met().get(fault, 0), met)

    def updates(self, fault, **parameters):
        self.queue()
        self.delivered_once()
        self.queue("inactive")
        self.ehr.proxy.faults({"fault": fault, "method": "PUT", **parameters})
        self.sending.send()
        self.assertEqual(self.statuses(), ["active", "inactive"])

    def test_reset_before_the_server_acts(self):
        self.meets("rst-before")
        self.updates_with_new_key("rst-before")

    def updates_with_new_key(self, fault, **parameters):
        self.key = new_key()
        self.sending = Sending(self.ehr)
        self.updates(fault, **parameters)

    def test_reset_after_the_server_acted(self):
        self.meets("rst-after")
        self.updates_with_new_key("rst-after")

    def test_closed_without_an_answer(self):
        self.meets("close")

    def test_500_after_the_server_acted(self):
        self.meets("error-after")
        self.updates_with_new_key("error-after")

    def test_truncated_answer(self):
        self.meets("truncate")
        self.updates_with_new_key("truncate")

    def test_half_headers(self):
        self.meets("half-headers")

    def test_empty_200_is_read_back(self):
        self.meets("empty-200")
        self.updates_with_new_key("empty-200")

    def test_answer_of_200_megabytes(self):
        self.meets("huge")

    def test_late_request_does_no_harm(self):
        self.meets("zombie", ms=150)
        time.sleep(0.3)
        self.assertEqual(self.statuses(), ["active"])
        self.updates_with_new_key("zombie", ms=150)
        time.sleep(0.3)
        self.assertEqual(self.statuses(), ["active", "inactive"])

    def test_no_answer_in_time(self):
        self.sending.settings["total_ms"] = 500
        self.meets("silent")

    def test_a_drip(self):
        self.sending.settings["total_ms"] = 500
        self.meets("drip")

    def test_503_and_429_are_obeyed(self):
        for status in (503, 429):
            with self.subTest(status):
                self.key = new_key()
                self.sending = Sending(self.ehr)
                began = time.monotonic()
                self.meets("status", status=status, headers={"retry-after": "2"})
                self.assertGreater(time.monotonic() - began, 1.5)

    def test_a_server_that_is_down_comes_back(self):
        self.queue()
        self.ehr.down()
        result = self.sending.send_until_problem()
        self.assertEqual(result["status"]["class"], "retry")
        self.only_message("ready")
        self.ehr.up()
        self.delivered_once()


class TestServerThatObjects(WithEhr):
    def test_422_parks_and_keeps_the_outcome_in_the_store_only(self):
        self.queue(patient="nobody")
        self.sending.send()
        message = self.only_message("parked")
        self.assertEqual((message["class"], message["http"]), ("permanent", 422))
        self.assertNotIn("nobody", self.sending.errors)
        self.assertIn(b"OperationOutcome", self.sending.store.read_bytes() + self.wal())

    def wal(self):
        path = self.sending.store.with_name(self.sending.store.name + "-wal")
        return path.read_bytes() if path.exists() else b""

    def test_a_parked_message_blocks_its_own_key_only(self):
        self.queue(patient="nobody")
        self.sending.send()
        other = new_key()
        self.sending.enqueue(other, flag_text(other))
        self.sending.send()
        self.assertEqual(self.statuses(other), ["active"])
        self.only_message("parked")

    def test_400_that_is_transient_is_tried_again(self):
        self.queue()
        rule = {"fault": "status", "method": "POST", "path": "/Flag$", "status": 400, "code": "lock-error"}
        self.ehr.proxy.faults(rule)
        self.delivered_once()

    def test_error_outcome_in_a_200_is_no_success(self):
        self.queue()
        outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "business-rule"}]}
        rule = {"fault": "status", "method": "POST", "path": "/Flag$", "status": 200, "body": outcome}
        self.ehr.proxy.faults(rule)
        self.sending.send()
        self.assertEqual(self.only_message("parked")["class"], "permanent")

    def test_412_for_ever_ends_parked(self):
        self.queue()
        self.ehr.proxy.faults({"fault": "status", "method": "POST", "path": "/Flag$", "status": 412, "times": 99})
        self.sending.send()
        self.assertEqual(self.only_message("parked")["class"], "reconcile")
        self.assertLess(len(self.entries()), 20)

    def test_two_flags_of_one_key_are_quarantined(self):
        flag = json.loads(flag_text(self.key))
        for _ in range(2):
            self.ehr.client.create(flag)
        self.queue()
        self.sending.send()
        self.assertIn("more than one", self.only_message("parked")["reason"])

    def test_login_page_stops_the_endpoint_not_the_message(self):
        self.queue()
        self.ehr.proxy.faults({"fault": "login", "method": "POST", "path": "/Flag$"})
        self.delivered_once()
        self.assertIn('"event":"endpoint.stopped","text":"class config', self.sending.errors)

    def test_redirects_are_not_followed(self):
        for status in (301, 302, 307, 308):
            for scheme in ("https", "http"):
                with self.subTest(f"{status} {scheme}"):
                    self.key = new_key()
                    self.sending = Sending(self.ehr)
                    self.queue()
                    self.ehr.proxy.faults({"fault": "redirect", "method": "POST", "path": "/Flag$",
                                           "status": status, "scheme": scheme})
                    self.delivered_once()
                    self.assertEqual(self.ehr.proxy.canary(), {"hits": 0, "withAuthorization": 0, "withBody": 0})

    def test_flag_of_another_patient_stops_the_endpoint(self):
        self.queue()
        self.ehr.proxy.faults({"fault": "alter", "method": "POST", "path": "/Flag$",
                               "members": {"subject": {"reference": "Patient/other"}}})
        self.sending.send(3000)
        self.assertIn("another patient", self.only_message("parked")["reason"])
        self.assertIn("endpoint.stopped", self.sending.errors)

    def test_flag_of_another_identifier_stops_the_endpoint(self):
        self.queue()
        self.ehr.proxy.faults({"fault": "alter", "method": "POST", "path": "/Flag$",
                               "members": {"identifier": [{"system": "x", "value": "y"}]}})
        self.sending.send(3000)
        self.assertIn("another identifier", self.only_message("parked")["reason"])

    def test_headers_may_be_missing(self):
        self.queue()
        self.ehr.proxy.faults({"fault": "alter", "method": "POST", "path": "/Flag$",
                               "headers": {"etag": None, "location": None}})
        self.delivered_once()
        self.queue("inactive")
        self.ehr.proxy.faults({"fault": "alter", "method": "PUT", "headers": {"etag": "7"}})
        self.sending.send()
        self.assertEqual(self.statuses(), ["active", "inactive"])

    def test_what_is_missing_in_the_capability_is_named(self):
        self.queue()
        self.ehr.proxy.faults({"fault": "alter", "path": "/metadata$", "members": {"fhirVersion": "3.0.2"}})
        result = self.sending.send(5000)
        self.assertIn("R4", self.sending.errors)
        self.assertEqual(result["status"]["delivered"], 1)


class TestPeopleAtTheEhr(WithEhr):
    def test_their_change_stands_until_an_operator_retries(self):
        self.queue()
        self.delivered_once()
        flag = self.ehr.client.flags(identifier=self.key)[0]
        self.ehr.client.put(flag | {"status": "entered-in-error"})
        self.queue("inactive")
        self.sending.send()
        message = self.only_message("parked")
        self.assertIn("someone else", message["reason"])
        self.assertEqual(self.statuses(), ["active", "entered-in-error"])
        self.sending.retry(message)
        self.sending.send()
        self.assertEqual(self.statuses(), ["active", "entered-in-error", "inactive"])

    def test_a_flag_that_is_gone_is_not_made_anew_by_itself(self):
        self.queue()
        self.delivered_once()
        flag = self.ehr.client.flags(identifier=self.key)[0]
        self.ehr.client.request("DELETE", f"Flag/{flag['id']}")
        self.queue(period={"start": "2025-07-01T12:00:00Z"})
        self.sending.send()
        message = self.only_message("parked")
        self.assertIn("gone", message["reason"])
        self.sending.retry(message)
        self.sending.send()
        self.assertEqual(self.statuses(), ["active"])

    def test_a_flag_that_moved_to_another_patient_is_left_alone(self):
        self.queue()
        self.delivered_once()
        flag = self.ehr.client.flags(identifier=self.key)[0]
        self.ehr.client.put(flag | {"subject": {"reference": "Patient/other"}})
        self.queue("inactive")
        self.sending.send()
        self.assertIn("merged", self.only_message("parked")["reason"])

    def test_a_lost_store_goes_on_above_the_server(self):
        for status in ("active", "inactive", "active"):
            self.queue(status)
            self.sending.send()
        self.sending = Sending(self.ehr)
        text = self.queue("inactive")
        self.sending.send()
        flag = self.ehr.client.flags(identifier=self.key)[0]
        self.assertEqual((flag["status"], sequence(flag)), ("inactive", 4))
        self.assertIn(tag_of(4, text), [tag["code"] for tag in flag["meta"]["tag"]])
        self.assertIn("seq.raise", self.sending.audit())


class TestCredentials(WithEhr):
    def test_401_renews_the_token_once(self):
        self.queue()
        self.ehr.proxy.faults({"fault": "status", "method": "POST", "path": "/Flag$", "status": 401})
        asked = self.ehr.oauth.control()["tokenRequests"]
        self.delivered_once()
        self.assertEqual(self.ehr.oauth.control()["tokenRequests"] - asked, 2)

    def test_401_for_ever_stops_the_endpoint(self):
        self.queue()
        self.ehr.proxy.faults({"fault": "status", "method": "POST", "path": "/Flag$", "status": 401, "times": 99})
        result = self.sending.send_until_problem()
        self.assertEqual((result["status"]["class"], result["status"]["http"]), ("auth", 401))
        self.assertIn(self.sending.outbox()[0]["state"], ("ready", "inflight"), "the next try may be under way")
        self.ehr.proxy.faults()
        self.delivered_once()

    def test_403_stops_without_another_token(self):
        self.queue()
        asked = self.ehr.oauth.control()["tokenRequests"]
        self.ehr.proxy.faults({"fault": "status", "method": "POST", "path": "/Flag$", "status": 403, "times": 99})
        result = self.sending.send_until_problem()
        self.assertEqual(result["status"]["class"], "auth")
        self.assertEqual(self.ehr.oauth.control()["tokenRequests"] - asked, 1)
        self.only_message("ready")

    def test_a_token_server_that_denies(self):
        for deny, class_ in (("invalid-client", "auth"), ("invalid-scope", "auth"), ("empty", "auth"),
                             ("html", "auth"), ("server-error", "retry"), ("unavailable", "retry")):
            with self.subTest(deny):
                self.sending = Sending(self.ehr)
                self.key = new_key()
                self.queue()
                self.ehr.oauth.control(deny=deny)
                result = self.sending.send_until_problem()
                self.assertEqual(result["status"]["class"], class_, self.sending.errors)
                self.assertEqual(self.only_message("ready")["attempts"], 0)
                self.ehr.oauth.control(deny=None)
                self.delivered_once()

    def test_a_grant_that_cannot_be_believed(self):
        for reply in ({"scope": None}, {"scope": "system/Flag.c"}, {"token_type": "mac"}, {"expires_in": 1e12},
                      {"expires_in": 0}, {"expires_in": "soon"}, {"access_token": "a\r\nX-Evil: 1"},
                      {"access_token": ""}):
            with self.subTest(reply):
                self.sending = Sending(self.ehr)
                self.key = new_key()
                self.queue()
                self.ehr.oauth.control(reply=reply)
                result = self.sending.send_until_problem()
                self.assertEqual(result["status"]["class"], "auth")
                self.assertEqual(self.only_message("ready")["attempts"], 0)

    def test_token_type_is_case_insensitive(self):
        self.queue()
        self.ehr.oauth.control(reply={"token_type": "bearer"})
        self.delivered_once()

    def test_an_unpinned_token_host_gets_no_assertion(self):
        self.queue()
        self.sending.settings["token_host"] = "localhost:1"
        asked = self.ehr.oauth.control()["tokenRequests"]
        result = self.sending.send_until_problem()
        self.assertEqual(result["status"]["class"], "config")
        self.assertEqual(self.ehr.oauth.control()["tokenRequests"], asked)

    def test_a_configured_token_url_needs_no_discovery(self):
        self.queue()
        self.sending.settings["token_url"] = self.ehr.oauth.token_url
        self.delivered_once()
        self.assertFalse([e for e in self.entries() if "well-known" in e["path"]])

    def test_a_short_lived_token_is_renewed_before_it_ends(self):
        self.ehr.oauth.control(lifetime=3)
        self.sending.settings["per_second"] = 20
        keys = [new_key() for _ in range(80)]
        self.sending.enqueue_all([(key, flag_text(key)) for key in keys])
        result = self.sending.send(30000)
        self.assertEqual(result["ended"], 80)
        self.assertFalse([e for e in self.entries() if e["status"] == 401])
        self.assertLess(result["status"]["tokenRequests"], 8)

    def test_nothing_secret_is_logged_or_stored(self):
        self.queue()
        self.delivered_once()
        key = (self.sending.folder / "jwt-rs384.pem").read_text().splitlines()[3].encode()
        held = self.sending.errors.encode() + b"".join(
            path.read_bytes() for path in self.sending.folder.glob("store.db*")
        )
        for secret in (key, b"Bearer", b"client_assertion", b"eyJ"):
            self.assertNotIn(secret, held)
        self.assertNotIn("p1", self.sending.errors)
        self.assertNotIn(self.key, self.sending.errors)


class TestTls(unittest.TestCase):
    time_limit = 60

    @classmethod
    def setUpClass(cls):
        cls.fhir = harness.FhirServer(auth="none")
        cls.addClassCleanup(cls.fhir.stop)
        cls.origin = cls.fhir.base.removesuffix("/fhir/r4")

    def refused(self, text="certificate", **options):
        key = new_key()
        with harness.FaultProxy(upstream=self.origin, **options) as proxy:
            sending = Sending(url=f"{proxy.origin}/fhir/r4", auth="none", **getattr(self, "settings", {}))
            sending.enqueue(key, flag_text(key))
            result = sending.send_until_problem()
            self.assertEqual(result["status"].get("class"), "config", sending.errors)
            self.assertIn("endpoint.stopped", sending.errors)
            self.assertIn(text, result["status"]["reason"])
            self.assertEqual(proxy.met().get("pass", 0), 0, "requests that left")

    def test_bad_certificates(self):
        for name in ("expired", "future", "wrong-host", "cn-only", "self-signed", "weak", "client-eku"):
            with self.subTest(name):
                self.refused(cert=name)

    def test_a_revoked_certificate_with_a_revocation_list(self):
        self.settings = {"crl_path": harness.pki() / "ca.crl"}
        self.addCleanup(delattr, self, "settings")
        self.refused(cert="server-revoked")

    def test_old_tls(self):
        self.refused("TLS 1.2", tls_max="TLSv1.1")

    def test_a_good_certificate(self):
        key = new_key()
        sending = Sending(url=self.fhir.base, auth="none")
        self.fhir_put()
        sending.enqueue(key, flag_text(key))
        self.assertEqual(sending.send()["ended"], 1, sending.errors)

    def fhir_put(self):
        client = harness.FhirClient(self.fhir.base, harness.context())
        client.put({"resourceType": "Patient", "id": "p1"})


class TestOtherAuthentication(unittest.TestCase):
    time_limit = 60

    def deliver(self, fhir, **settings):
        key = new_key()
        sending = Sending(url=fhir.base, **settings)
        sending.enqueue(key, flag_text(key))
        return sending, sending.send(1500)

    def test_basic(self):
        with harness.FhirServer(auth="basic", basic="fhirtrial:top:secret") as fhir:
            client = harness.FhirClient(fhir.base, harness.context(), "Basic ZmhpcnRyaWFsOnRvcDpzZWNyZXQ=")
            client.put({"resourceType": "Patient", "id": "p1"})
            password = harness.new_folder() / "password"
            password.touch(mode=0o600)
            password.write_text("top:secret\n")
            _, result = self.deliver(fhir, auth="basic", user="fhirtrial", password_path=password)
            self.assertEqual(result["ended"], 1)
            password.write_text("wrong\n")
            _, result = self.deliver(fhir, auth="basic", user="fhirtrial", password_path=password)
            self.assertEqual(result["status"]["class"], "auth")

    def test_mutual_tls(self):
        with harness.FhirServer(auth="mtls") as fhir:
            pki = harness.pki()
            context = harness.tls_context(pki / "ca.crt", pki / "client.crt", pki / "client.key")
            harness.FhirClient(fhir.base, context).put({"resourceType": "Patient", "id": "p1"})
            files = {"client_cert_path": pki / "client.crt", "client_key_path": pki / "client.key"}
            sending, result = self.deliver(fhir, auth="mtls", **files)
            self.assertEqual(result["ended"], 1, sending.errors)
            rogue = {"client_cert_path": pki / "rogue-client.crt", "client_key_path": pki / "rogue-client.key"}
            for bad in (rogue, {}):
                sending, result = self.deliver(fhir, auth="mtls", **bad)
                # Node closes the connection without a word; others send an alert or a web page.
                self.assertIn(result["status"]["class"], ("config", "retry"), sending.errors)
                self.assertEqual(fhir.entries()[-1]["method"], "POST")

    def test_bad_files_are_named_before_anything_is_sent(self):
        pki = harness.pki()
        open_key = harness.new_folder() / "open.pem"
        open_key.write_bytes((pki / "jwt-rs384.pem").read_bytes())
        open_key.chmod(0o644)
        smart = {"auth": "smart-backend", "algorithm": "RS384", "client_id": "c", "key_id": "k", "scope": "s",
                 "url": "https://localhost:1/fhir"}
        cases = [
            ({**smart, "key_path": open_key}, "chmod 600"),
            ({**smart, "key_path": pki / "absent.pem"}, "does not exist"),
            ({**smart, "key_path": pki / "jwt-weak.pem"}, "2048"),
            ({**smart, "key_path": pki / "jwt-es384.pem"}, "RSA"),
            ({"url": "http://localhost/fhir", "auth": "none"}, "https"),
            ({"url": "https://localhost:1/fhir", "auth": "none", "ca_path": pki / "jwt-es384.pem"}, "certificate"),
            ({"url": "https://localhost:1/fhir", "auth": "mtls", "client_cert_path": pki / "client.crt",
              "client_key_path": pki / "rogue-client.key"}, "not that of the client certificate"),
        ]
        for settings, text in cases:
            with self.subTest(text):
                sending = Sending(**settings)
                sending.drive(*sending.send_arguments(100), check=False)
                self.assertIn(text, sending.errors)


class TestPatientByIdentifier(WithEhr):
    SYSTEM = "https://hospital.example/mrn"

    def setUp(self):
        super().setUp()
        self.number = f"MRN-{random.randrange(10**9)}"
        # The test server's registered client may only see Flags: the loader's token stands in.
        self.fhir = harness.FhirServer(auth="none")
        self.addCleanup(self.fhir.stop)
        self.client = harness.FhirClient(self.fhir.base, harness.context())
        self.sending = Sending(url=self.fhir.base, auth="none")

    def patient(self, id_):
        identifier = [{"system": self.SYSTEM, "value": self.number}]
        self.client.put({"resourceType": "Patient", "id": id_, "identifier": identifier})

    def logical(self):
        subject = {"identifier": {"system": self.SYSTEM, "value": self.number}}
        self.queue(subject=subject)

    def test_exactly_one_match(self):
        self.patient("x1")
        self.logical()
        self.sending.send()
        flag = self.client.flags(identifier=self.key)[0]
        self.assertEqual(flag["subject"]["reference"], "Patient/x1")
        self.assertNotIn(self.number, self.sending.errors + json.dumps(self.fhir.entries()))

    def test_none_or_several_are_parked(self):
        for patients in ([], ["x1", "x2"]):
            with self.subTest(patients):
                self.key = new_key()
                for patient in patients:
                    self.patient(patient)
                self.logical()
                self.sending.send()
                message = [m for m in self.sending.outbox("parked") if m["key"] == self.key][0]
                self.assertTrue(message["reason"].startswith("no-patient"))
                self.assertEqual(self.client.flags(identifier=self.key), [])


class TestFile(unittest.TestCase):
    time_limit = 60

    def setUp(self):
        self.sending = Sending()
        self.path = self.sending.folder / "flags.ndjson"
        self.sending.settings = {"path": self.path}

    def lines(self):
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def test_one_line_a_message(self):
        keys = [new_key() for _ in range(5)]
        self.sending.enqueue_all([(key, flag_text(key)) for key in keys])
        self.assertEqual(self.sending.send()["ended"], 5)
        self.assertEqual([flag["identifier"][0]["value"] for flag in self.lines()], keys)
        self.assertEqual(self.path.stat().st_mode & 0o777, 0o600)

    def test_no_line_is_written_only_to_end_what_is_not_there(self):
        first, second = new_key(), new_key()
        self.sending.enqueue(first, flag_text(first))
        self.sending.enqueue(first, flag_text(first, "inactive"))
        self.sending.enqueue(second, flag_text(second))
        self.sending.send()
        self.sending.enqueue(second, flag_text(second, "inactive"))
        self.sending.send()
        self.assertEqual([(flag["identifier"][0]["value"], flag["status"]) for flag in self.lines()],
                         [(second, "active"), (second, "inactive")])
        again = Sending()
        again.settings = self.sending.settings
        again.enqueue(second, flag_text(second, "inactive", period={"end": "2025-07-02T12:00:00Z"}))
        again.send()
        self.assertEqual(len(self.lines()), 3, "another store may have written it")

    def test_a_message_that_was_written_is_not_written_again(self):
        key = new_key()
        self.sending.enqueue(key, flag_text(key))
        self.sending.send()
        text = self.path.read_text()
        again = Sending()
        again.settings = self.sending.settings
        again.enqueue(key, flag_text(key))
        self.path.unlink()
        self.path.mkdir()
        again.send(100)
        self.path.rmdir()
        self.path.write_text(text[: len(text) // 2])
        again.send()
        self.assertEqual(self.path.read_text(), text, "a torn line is completed")
        self.assertEqual(again.outbox()[0]["state"], "done")

    def test_a_symbolic_link_is_refused(self):
        key = new_key()
        self.path.symlink_to(self.sending.folder / "elsewhere")
        self.sending.enqueue(key, flag_text(key))
        result = self.sending.send_until_problem()
        self.assertIn("symbolic link", result["status"]["reason"])
        self.assertEqual(self.sending.outbox()[0]["state"], "ready")


class TestKilled(WithEhr):
    """kill -9 at random moments while the proxy's dice fall: exactly one Flag a key, the last state, no junk."""

    time_limit = 240
    KEYS = 25
    STATES = ("active", "inactive", "active")

    def test_kill_loop(self):
        dice = random.Random(20261123)
        keys = [new_key() for _ in range(self.KEYS)]
        self.sending.settings["total_ms"] = 2000
        self.sending.settings["max_in_flight"] = 4
        self.sending.settings["per_second"] = 8
        kills = 0
        for status in self.STATES:
            self.ehr.proxy.faults(random={"rate": 0.3, "seed": dice.randrange(10**6), "path": "/Flag"})
            self.sending.enqueue_all([(key, flag_text(key, status)) for key in keys])
            for _ in range(12):
                process = self.sending.start()
                time.sleep(dice.uniform(0.15, 0.6))
                if process.poll() is None:
                    process.kill()
                    kills += 1
                process.wait()
            self.ehr.proxy.faults()
            time.sleep(0.4)
            self.sending.settings["per_second"] = 1000
            result = self.sending.send(60000)
            self.assertEqual(result["due"], -1, self.sending.errors[-3000:])
            self.sending.settings["per_second"] = 8
        self.assertGreater(kills, 10)
        for key in keys:
            self.assertEqual(self.statuses(key), list(self.STATES))
        self.assertEqual([m["state"] for m in self.sending.outbox()], ["done"] * self.KEYS * len(self.STATES))


if __name__ == "__main__":
    unittest.main()
