# SPDX-License-Identifier: Apache-2.0
"""Messages that wait together share a commit: answered only after it, in their order, each refused or stored by itself, with
and without workers, and when the process is killed."""

import multiprocessing
import os
import random
import sqlite3
import struct
import time
import unittest

import engine
from small_site import bundle, mrn, observation, patient
from test_identity import Case

BAD = b'{"resourceType":"Patient","id":'


def commits_in_log(path):
    """Frames of SQLite's write-ahead log that end a transaction (sqlite.org/fileformat2.html, section 4.1)."""
    data = path.read_bytes()
    page = struct.unpack(">I", data[8:12])[0]
    salts = data[16:24]
    n = 0
    for at in range(32, len(data) - 24 - page + 1, 24 + page):
        size, salt = struct.unpack(">I", data[at + 4 : at + 8])[0], data[at + 8 : at + 16]
        n += salt == salts and size != 0
    return n


class Together(Case):
    def commits(self):
        return commits_in_log(self.site.store.with_name(self.site.store.name + "-wal"))

    def test_they_share_a_commit(self):
        self.engine.feed(patient())
        before = self.commits()
        results = self.engine.together(*[observation(f"o{i}", score=i) for i in range(100)])
        self.assertEqual([code for code, _ in results], [engine.OK] * 100)
        self.assertLess(self.commits() - before, 20)
        before = self.commits()
        self.engine.feed(*[observation(f"a{i}", score=i) for i in range(20)])
        self.assertGreaterEqual(self.commits() - before, 20)

    def test_the_order_of_one_patient(self):
        """Undated states of one resource: the last one stands, and each was decided on those before it."""
        scores = [5, 1, 7, 2, 9, 3] * 20
        results = self.engine.together(patient(), *[observation(score=score) for score in scores])
        self.assertEqual(self.scores(), [3])
        self.assertEqual(self.verdict()["verdict"], "ineligible")
        words = [document["verdicts"][0]["verdict"]["criteria"][0]["result"] for _, document in results[1:]]
        self.assertEqual(words, ["met" if score >= 4 else "not-met" for score in scores])
        self.assertTrue(self.engine.ask("audit.verify")["intact"])

    def test_a_bad_one_fails_alone(self):
        too_many = bundle(*[patient(f"m{i}", identifier=mrn("0000")) for i in range(80)])
        results = self.engine.together(
            patient(), BAD, observation("o1", score=5), too_many, observation("o2", score=6), BAD
        )
        codes = [code for code, _ in results]
        self.assertEqual(
            codes, [engine.OK, engine.E_PARSE, engine.OK, engine.E_REJECT, engine.OK, engine.E_PARSE]
        )
        self.assertEqual(sorted(self.scores()), [5, 6])
        self.assertIsNone(self.engine.record("m0"))

    def test_a_large_message_has_its_own_commit(self):
        """Others would wait for all its decisions; the order stays."""
        note = [{"text": "x" * 300_000}]
        self.engine.feed(patient())
        before = self.commits()
        results = self.engine.together(
            *[observation(score=i, **({"note": note} if i % 2 else {})) for i in range(20)]
        )
        self.assertEqual([code for code, _ in results], [engine.OK] * 20)
        self.assertGreaterEqual(self.commits() - before, 20)
        self.assertEqual(self.scores(), [19])

    def test_ids_within_one_commit(self):
        jobs = [
            self.engine.submit(patient(), messageId="m1"),
            self.engine.submit(patient(), messageId="m1"),
            self.engine.submit(observation(score=1), messageId="m1"),
        ]
        first, again, other = (self.engine.result(job) for job in jobs)
        self.assertEqual(first, again)
        self.assertEqual(first[0], engine.OK)
        self.assertEqual(other[0], engine.E_REJECT)

    def test_nothing_of_them_is_stored_while_the_store_is_busy(self):
        with sqlite3.connect(self.site.store, isolation_level=None) as other:
            other.execute("BEGIN IMMEDIATE")
            start = time.monotonic()
            results = self.engine.together(*[patient(f"p{i}") for i in range(30)])
            waited = time.monotonic() - start
            other.execute("ROLLBACK")
        self.assertEqual({code for code, _ in results}, {engine.E_RETRY})
        self.assertLess(waited, 30 * 0.3, "they waited one after another")
        self.assertEqual(self.engine.ask("stats")["store"]["patients"], 0)
        self.assertEqual({code for code, _ in self.engine.together(patient())}, {engine.OK})

    def prepare(self):
        self.site.config["store"]["busyTimeout"] = "PT0.3S"


class WithWorkers(Together):
    def prepare(self):
        super().prepare()
        self.site.config["threads"] = 2

    def test_keys_side_by_side(self):
        """Two workers, each with messages of its own keys: the order of each key stands."""
        jobs = []
        for i in range(120):
            name = f"p{i % 4}"
            jobs.append(self.engine.submit(observation(f"o-{name}", score=i, of=name), key=name))
        self.assertEqual({self.engine.result(job)[0] for job in jobs}, {engine.OK})
        self.assertEqual([self.scores(f"p{i}") for i in range(4)], [[116], [117], [118], [119]])
        self.assertTrue(self.engine.ask("audit.verify")["intact"])


def feed_until_killed(config, name, told):
    """Hands in messages in tens and tells each that was answered."""
    with engine.Engine(config) as here:
        n = 0
        while True:
            jobs = [(f"{name}-{n + i}", here.submit(observation(f"{name}-{n + i}", score=1))) for i in range(10)]
            n += 10
            for identity, job in jobs:
                if here.result(job)[0] == engine.OK:
                    os.write(told, f"{identity}\n".encode())


class Killed(Case):
    time_limit = 120

    def test_what_was_answered_is_stored(self):
        self.engine.feed(patient())
        self.engine.close()
        dice = random.Random(20261129)
        fork = multiprocessing.get_context("fork")
        answered = set()
        for round_number in range(6):
            read, write = os.pipe()
            child = fork.Process(target=feed_until_killed, args=(self.site.config, f"r{round_number}", write))
            child.start()
            os.close(write)
            with os.fdopen(read) as told:
                for _ in range(dice.randrange(3, 60)):
                    answered.add(told.readline().strip())
                child.kill()
                answered |= set(told.read().split())
            child.join(30)
        self.engine = engine.Engine(self.site.config)
        self.addCleanup(self.engine.close)
        stored = {row["source"].removeprefix("Observation/") for row in self.rows()}
        self.assertEqual(answered - stored - {""}, set())
        self.assertGreater(len(answered), 20)
        self.assertEqual(len(self.verdict()["criteria"][0]["evidence"]), len(stored))
        self.assertTrue(self.engine.ask("audit.verify")["intact"])


if __name__ == "__main__":
    unittest.main()
