# SPDX-License-Identifier: Apache-2.0
"""What a message is: Bundles and their verbs, message ids, limits, what is kept and for how long, two processes on one store,
and that no patient data leaves by a log, a metric or an error."""

import datetime
import json
import multiprocessing
import sqlite3
import unittest

import engine
from small_site import bundle, delete, mrn, observation, patient
from test_identity import Case


def request(method, resource=None, url="Observation/o1"):
    return {"request": {"method": method, "url": url}, **({"resource": resource} if resource else {})}


class Bundles(Case):
    def setUp(self):
        super().setUp()
        self.engine.feed(patient())

    def test_put_post_and_no_request_are_states(self):
        self.engine.feed(
            bundle(
                request("PUT", observation("o1", score=1)),
                request("POST", observation("o2", score=2), "Observation"),
                observation("o3", score=3),
            )
        )
        self.assertEqual(sorted(self.scores()), [1, 2, 3])

    def test_patch_is_an_issue_and_the_rest_is_stored(self):
        self.engine.feed(observation("o1", score=1))
        document = self.engine.feed(bundle(request("PATCH", observation("o1", score=9)), observation("o2", score=2)))
        self.assertEqual(sorted(self.scores()), [1, 2])
        self.assertEqual(document["outcome"], "partial")
        issue = document["operationOutcome"]["issue"][0]
        self.assertEqual((issue["severity"], issue["code"]), ("error", "not-supported"))
        self.assertEqual(issue["expression"], ["/entry/0/request"])

    def test_delete_removes_rows(self):
        self.engine.feed(observation("o1", score=1))
        self.engine.feed(bundle(delete("Observation/o1"), kind="batch"))
        self.assertEqual(self.scores(), [])

    def test_a_conditional_delete_is_an_issue(self):
        self.engine.feed(observation("o1", score=1))
        document = self.engine.feed(bundle(delete("Observation?identifier=x")))
        self.assertEqual(document["operationOutcome"]["issue"][0]["code"], "not-supported")
        self.assertEqual(self.scores(), [1])

    def test_a_delete_of_what_cannot_be_is_an_issue(self):
        for url in ("Observatoin/o1", "Observation/no id", "Quantity/x"):
            with self.subTest(url):
                document = self.engine.feed(bundle(delete(url)))
                self.assertEqual((document["outcome"], document["written"]), ("partial", 0))

    def test_get_and_search_outcomes_say_nothing(self):
        outcome = {"resource": {"resourceType": "OperationOutcome", "issue": []}, "search": {"mode": "outcome"}}
        document = self.engine.feed(bundle(request("GET"), outcome, kind="searchset"))
        self.assertEqual(document["written"], 0)

    def test_a_bundle_is_one_transaction(self):
        """What is over a limit leaves nothing, also of the entries before it."""
        people = [patient(f"m{i}", identifier=mrn("0000")) for i in range(80)]
        code, _ = self.engine.process(bundle(observation("o1", score=1), *people))
        self.assertEqual(code, engine.E_REJECT)
        self.assertEqual(self.scores(), [])

    def test_every_type_of_bundle(self):
        kinds = ("document", "message", "transaction", "transaction-response", "batch", "batch-response",
                 "history", "searchset", "collection")  # fmt: skip
        for n, kind in enumerate(kinds):
            self.engine.feed(bundle(observation(f"k{n}", score=n), kind=kind))
        self.assertEqual(sorted(self.scores()), list(range(len(kinds))))


class Ids(Case):
    def test_same_id_and_bytes_give_the_stored_result(self):
        first = self.engine.feed(patient(), messageId="m1")
        rows = self.engine.ask("stats")["store"]
        self.assertEqual(self.engine.feed(patient(), messageId="m1"), first)
        self.assertEqual(self.engine.ask("stats")["store"], rows)

    def test_same_id_and_other_bytes_are_refused(self):
        self.engine.feed(observation(score=1), messageId="m1")
        code, document = self.engine.process(observation(score=2), messageId="m1")
        self.assertEqual(code, engine.E_REJECT)
        self.assertEqual(document["operationOutcome"]["issue"][0]["code"], "duplicate")
        self.assertEqual(self.scores(), [1])

    def test_an_id_belongs_to_its_source(self):
        self.engine.feed(patient(), messageId="m1")
        self.engine.feed(patient("x"), messageId="m1", source="lab")

    def test_a_refusal_is_stored_too(self):
        code, document = self.engine.process(b'{"resourceType":', messageId="m1")
        self.assertEqual(code, engine.E_PARSE)
        self.assertEqual(self.engine.process(b'{"resourceType":', messageId="m1"), (code, document))
        self.assertEqual(self.engine.process(patient(), messageId="m1")[0], engine.E_REJECT)


class Limits(Case):
    def prepare(self):
        self.site.config["limits"] = {"messageBytes": 4096}

    def refused(self, message):
        code, document = self.engine.process(message)
        self.assertEqual(code, engine.E_REJECT)
        issue = document["operationOutcome"]["issue"][0]
        self.assertEqual(issue["code"], "too-long")
        return issue["details"]["text"]

    def test_message(self):
        self.assertIn("4096", self.refused(patient(language="x" * 4096)))

    def test_depth(self):
        nested = {"url": "urn:x"}
        for _ in range(70):
            nested = {"url": "urn:x", "extension": [nested]}
        self.assertIn("64", self.refused(patient(extension=[nested])))


class Large(Case):
    """What is large but within the limits is taken."""

    time_limit = 120

    def test_a_bundle_about_many_people(self):
        everybody = [f"p{n}" for n in range(3000)]
        code, document = self.engine.process(bundle(*[patient(name) for name in everybody], kind="collection"))
        self.assertEqual(code, engine.OK, str(document)[:500])
        self.assertEqual(document["written"], 3000)


class Kept(Case):
    def prepare(self):
        self.site.config["store"]["retention"] = "P1D"

    def numbers(self, *queries):
        with sqlite3.connect(f"file:{self.site.store}?mode=ro", uri=True) as store:
            return [store.execute(query).fetchone()[0] for query in queries]

    def test_superseded_bytes_end_with_the_retention(self):
        self.engine.feed(patient(), observation(score=5, version="1"), observation(score=6, version="2"))
        self.assertEqual(self.numbers("SELECT count(*) FROM kept"), [3])
        self.engine.ask("store.purge")
        self.assertEqual(self.numbers("SELECT count(*) FROM kept"), [3])
        self.engine.close()
        long_ago = int(datetime.datetime(2020, 1, 1).timestamp() * 1000)
        with sqlite3.connect(self.site.store) as store:
            store.execute("UPDATE kept SET kept_ms = ?", [long_ago])
        self.engine = engine.Engine(self.site.config)
        self.addCleanup(self.engine.close)
        self.engine.ask("store.purge")
        self.assertEqual(self.numbers("SELECT count(*) FROM kept"), [2])
        self.assertEqual(self.scores(), [6])

    def test_the_retention_is_applied_without_being_asked(self):
        self.engine.feed(patient(), observation(score=5, version="1"), observation(score=6, version="2"))
        long_ago = int(datetime.datetime(2020, 1, 1).timestamp() * 1000)
        with sqlite3.connect(self.site.store) as store:
            store.execute("UPDATE kept SET kept_ms = ?", [long_ago])
        self.engine.next_sweep()
        self.assertEqual(self.numbers("SELECT count(*) FROM kept"), [2])
        self.assertEqual([e["entry"]["versions"] for e in self.engine.ask("audit") if e["entry"]["action"] == "purge"], [1])
        self.assertEqual(self.scores(), [6])

    def test_a_verdict_names_what_it_rests_on(self):
        self.engine.feed(patient(), observation(score=5, version="3"))
        with sqlite3.connect(f"file:{self.site.store}?mode=ro", uri=True) as store:
            row = store.execute(
                "SELECT inputs, clock, mapping_digest, library_version, record_sha256 FROM verdict ORDER BY pk DESC"
            ).fetchone()
        self.assertIn("Observation/o1/_history/3", json.loads(row[0]))
        self.assertIn("link:demo-ehr|Patient/p1", json.loads(row[0]))
        self.assertEqual(row[1], "2025-06-30T12:00:00Z")
        self.assertTrue(all(row[2:]))
        self.assertEqual(self.numbers(f"SELECT count(*) FROM mapping_set WHERE digest = '{row[2]}'"), [1])

    def test_digits_are_kept(self):
        text = json.dumps(observation(score=1)).replace('"value": 1', '"value": 7.60')
        self.engine.feed(patient())
        self.engine.process(text.encode())
        self.assertEqual(self.numbers("SELECT score FROM view_obs", "SELECT score_num FROM view_obs"), ["7.60", 7.6])


def feed_many(config, name):
    """One of two processes: scores of one patient, every third of them repeated as long as it is told to."""
    with engine.Engine(config) as mine:
        for i in range(30):
            message = observation(f"{name}{i}", score=i)
            while mine.process(message)[0] == engine.E_RETRY:
                pass
        mine.step(3)


class TwoProcesses(Case):
    time_limit = 120

    def test_one_store(self):
        self.engine.feed(patient())
        spawn = multiprocessing.get_context("spawn")
        children = [spawn.Process(target=feed_many, args=(self.site.config, name)) for name in "ab"]
        for child in children:
            child.start()
        for child in children:
            child.join(60)
            self.assertEqual(child.exitcode, 0)
        self.assertEqual(len(self.scores()), 60)
        self.assertEqual(self.verdict()["criteria"][0]["result"], "met")
        self.assertEqual(len(self.verdict()["criteria"][0]["evidence"]), 60)
        self.assertTrue(self.engine.ask("audit.verify")["intact"])
        self.assertEqual(list(self.statuses().values()), ["active"])
        self.assertEqual(len(self.site.sent_to_file()), 1)


class Quiet(Case):
    def test_no_patient_data_in_logs_metrics_and_errors(self):
        secret = "Zyxwvut"
        person = patient(secret, identifier=mrn(f"{secret}-1"))
        person["name"] = [{"family": secret}]
        faulty = {**observation(secret, score=5, of=secret), "issued": secret, "note": [{"text": secret}]}
        errors = []
        for message in (
            person,
            faulty,
            {**faulty, "resourceType": secret},
            json.dumps(faulty).encode()[:-1],
            json.dumps(faulty).replace('"note"', '"noet"').encode(),
            bundle(request("PATCH", faulty, f"Observation/{secret}"), delete(f"Observation?name={secret}")),
            json.dumps(faulty).replace('"status"', '"status": "x", "status"').encode(),
            f'<Observation xmlns="http://hl7.org/fhir"><id value="{secret}"/><status value="{secret}"'.encode(),
        ):
            _, document = self.engine.process(message)
            errors.append(json.dumps(document["operationOutcome"]))
        self.engine.step(5)
        for what in ("health", "stats", "prometheus", "last-error"):
            errors.append(json.dumps(self.engine.query(what)[1]))
        self.assertTrue(self.engine.log)
        for text in [*errors, *self.engine.log, *(name for name, _ in self.engine.metrics)]:
            self.assertNotIn(secret, text)


if __name__ == "__main__":
    unittest.main()
