# SPDX-License-Identifier: Apache-2.0
"""Mappings that are loaded anew while messages come in, good ones and faulty ones in turn: every message is answered
once, none is lost, and in the end each row and verdict is that of the last good mappings."""

import json
import threading
import unittest

import engine
from small_site import observation, patient
from test_identity import Case

MESSAGES = 400
RELOADS = 40
SWEEPS = 60


class WhileFeeding(Case):
    time_limit = 300
    settings = {"complete": ["obs"]}
    threads = 0

    def prepare(self):
        self.site.config["threads"] = self.threads

    def path(self, divisor, spoilt=False):
        """Writes the mappings with a score divided by a number, or with a mistake."""
        column = next(c for c in self.site.views["obs"]["select"][0]["column"] if c["name"] == "score")
        column["path"] = f"{'valu' if spoilt else 'value'}.ofType(Quantity).value / {divisor}"
        self.site.write()

    def feed(self):
        """Gives every message, and counts the answers by code; each names its own resource."""
        try:
            for i in range(MESSAGES):
                resource = observation(f"o{i}", score=6, of=f"p{i % 20}")
                self.jobs.append(self.engine.submit(resource, messageId=f"m{i}"))
                if i % 10 == 9:
                    self.answers += [self.engine.result(job) for job in self.jobs]
                    self.jobs.clear()
        except Exception as error:  # reported by the test's own thread
            self.broken = error

    def reload(self, i):
        """Loads the mappings anew; each third time they have a mistake and must be refused."""
        text = json.dumps(self.site.config).encode()
        spoilt = i % 3 == 2
        self.path(1 + i % 2, spoilt)
        code = self.engine.library.fhirtrial_configure(
            self.engine.handle, text, engine.ctypes.c_int64(len(text))
        )
        self.assertEqual(code, engine.E_CONFIG if spoilt else engine.OK)

    def test_every_message_is_taken_once(self):
        self.engine.feed(*[patient(f"p{i}") for i in range(20)])
        self.jobs, self.answers, self.broken = [], [], None
        feeder = threading.Thread(target=self.feed)
        feeder.start()
        done = 0
        while feeder.is_alive() or done < RELOADS:
            self.reload(done)
            done += 1
        feeder.join()
        self.assertIsNone(self.broken)
        self.assertEqual(len(self.answers), MESSAGES)
        self.assertEqual({code for code, _ in self.answers}, {engine.OK})
        self.path(2)
        self.engine.configure(self.site.config)
        for _ in range(SWEEPS):
            self.engine.next_sweep()
            if all(row.get("score") == 3 for i in range(20) for row in self.rows(f"p{i}")):
                break
        sources = [row["source"] for i in range(20) for row in self.rows(f"p{i}")]
        self.assertEqual(sorted(sources), sorted(f"Observation/o{i}" for i in range(MESSAGES)))
        self.assertEqual({row["score"] for i in range(20) for row in self.rows(f"p{i}")}, {3})
        for i in range(20):
            results = {c["id"]: c["result"] for c in self.verdict(f"p{i}")["criteria"]}
            self.assertEqual(results["I1"], "not-met")  # 3 is not 4 or more


class WhileWorkersFeed(WhileFeeding):
    threads = 2


if __name__ == "__main__":
    unittest.main()
