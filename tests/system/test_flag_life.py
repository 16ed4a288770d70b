# SPDX-License-Identifier: Apache-2.0
"""The Flag's life through the whole library: each row of the table in docs, the hold, the clock, what a Flag says, and what
happens to it when mappings are loaded anew or the store is lost."""

import json
import os
import time
import unittest

import engine
from small_site import SmallSite, observation, patient
from test_identity import Case

STARTS = "2025-06-30T12:00:00.000Z"


class Life(Case):
    settings = {"complete": ["obs"]}

    def flag(self):
        """The one Flag as sent last; None where none was sent."""
        flags = list(self.flags().values())
        self.assertLessEqual(len(flags), 1)
        return flags[0] if flags else None

    def code(self):
        return self.flag()["code"]["coding"][0]["code"]

    def sent(self):
        self.engine.step(5)
        return len(self.site.sent_to_file())

    def eligible(self):
        self.engine.feed(patient(), observation(score=5))
        self.assertEqual((self.flag()["status"], self.code()), ("active", "eligible"))


class Rows(Life):
    def test_created_and_unchanged(self):
        self.eligible()
        self.assertEqual(self.flag()["period"], {"start": STARTS})
        self.engine.feed(observation("o2", score=7))
        self.assertEqual(self.sent(), 1)

    def test_not_screened_creates_none(self):
        self.engine.feed(patient(), observation(tag="other"))
        self.assertIsNone(self.flag())

    def test_ineligible_creates_none(self):
        self.engine.feed(patient(), observation("c", tag="cord"), observation(score=5))
        self.assertIsNone(self.flag())

    def test_ineligible_ends_at_once_and_keeps_the_code(self):
        self.eligible()
        self.engine.advance(hours=1)
        self.engine.feed(observation("c", tag="cord"))
        flag = self.flag()
        self.assertEqual(flag["status"], "inactive")
        self.assertEqual(flag["period"], {"start": STARTS, "end": "2025-06-30T13:00:00.000Z"})
        self.assertEqual(self.code(), "eligible")

    def test_reactivated_with_a_new_start(self):
        self.eligible()
        self.engine.feed(observation("c", tag="cord"))
        self.engine.advance(hours=2)
        self.engine.feed(observation("c", tag="other"))
        flag = self.flag()
        self.assertEqual(flag["status"], "active")
        self.assertEqual(flag["period"], {"start": "2025-06-30T14:00:00.000Z"})

    def test_a_clock_that_goes_back_gives_no_end_before_the_start(self):
        self.eligible()
        self.engine.set_clock("2025-06-29T12:00:00+00:00")
        self.engine.feed(observation("c", tag="cord"))
        flag = self.flag()
        self.assertEqual(flag["status"], "inactive")
        self.assertEqual(flag["period"], {"start": STARTS, "end": STARTS})

    def test_recoded(self):
        self.eligible()
        self.engine.advance(hours=1)
        self.engine.feed(patient(birthDate="2007"))  # may be 17 or 18
        self.assertEqual((self.flag()["status"], self.code()), ("active", "needs-review"))
        self.assertEqual(self.flag()["period"], {"start": STARTS})

    def test_dead(self):
        self.eligible()
        self.engine.feed(patient(deceasedBoolean=True))
        self.assertEqual(self.flag()["status"], "inactive")

    def test_dead_creates_none(self):
        self.engine.feed(patient(deceasedBoolean=True), observation(score=5))
        self.assertIsNone(self.flag())

    def test_a_test_patient(self):
        self.eligible()
        answer = self.engine.feed(patient(meta={"tag": [{"code": "HTEST"}]}))
        self.assertEqual(self.flag()["status"], "inactive")
        self.assertEqual([f["why"] for f in answer["flags"]], ["test-patient"])

    def test_a_test_patient_creates_none(self):
        self.engine.feed(patient(meta={"tag": [{"code": "HTEST"}]}), observation(score=5))
        self.assertIsNone(self.flag())
        verdict = self.engine.ask("explain?patient=p1&study=s1")[0]["verdict"]
        self.assertEqual((verdict["verdict"], verdict["circumstances"]), ("eligible", ["test-patient"]))

    def test_consent_denied(self):
        self.eligible()
        self.engine.feed(observation("d", tag="denied"))
        self.assertEqual(self.flag()["status"], "inactive")

    def test_enrolled(self):
        self.eligible()
        self.engine.feed(observation("d", tag="enrolled"))
        self.assertEqual(self.flag()["status"], "inactive")

    def test_study_closed(self):
        self.eligible()
        self.site.study["status"] = "closed"
        self.site.write()
        self.engine.configure(self.site.config)
        self.engine.step()
        self.assertEqual(self.flag()["status"], "inactive")

    def test_entered_in_error_is_final(self):
        self.eligible()
        self.engine.ask("flag.error?patient=p1&study=s1&reason=wrong%20patient")
        self.assertEqual(self.flag()["status"], "entered-in-error")
        self.engine.advance(days=1)
        self.engine.feed(observation("c", tag="cord"))
        self.engine.feed(observation("c", tag="other"))
        self.assertEqual(self.flag()["status"], "entered-in-error")
        self.assertEqual(self.engine.query("flag.error?patient=p1&study=s1&reason=again")[0], engine.NOMATCH)
        self.assertEqual(self.engine.query("flag.error?patient=p1&study=s1")[0], engine.E_ARG)


class Hold(Life):
    def fail(self):
        """The screening criterion I1, which is transient, becomes not-met."""
        self.engine.feed(observation(score=2))

    def test_a_transient_failure_waits_seven_days(self):
        self.eligible()
        self.fail()
        self.assertEqual(self.flag()["status"], "active")
        self.engine.advance(days=6, hours=23)
        self.engine.next_sweep()
        self.assertEqual(self.flag()["status"], "active")
        self.engine.advance(hours=1)
        self.engine.next_sweep()
        flag = self.flag()
        self.assertEqual(flag["status"], "inactive")
        self.assertEqual(flag["period"]["end"], "2025-07-07T12:00:00.000Z")

    def test_the_hold_goes_on_through_other_messages(self):
        """Also where no criterion looks at the clock, so that nothing else makes the person due."""
        self.site.criterion("I2")["met"] = "person.where(born <= @2007-01-01).exists()"
        self.site.write()
        self.engine.configure(self.site.config)
        self.eligible()
        self.fail()
        self.engine.advance(days=1)
        self.engine.feed(observation("o2", tag="other"))
        self.engine.advance(days=6)
        self.engine.next_sweep()
        self.assertEqual(self.flag()["status"], "inactive")

    def test_workers_look_for_it_though_messages_never_cease(self):
        self.engine.close()
        self.site.config["threads"] = 1
        self.site.write()
        self.engine = engine.Engine(self.site.config)
        self.addCleanup(self.engine.close)
        self.engine.feed(patient(), observation(score=5))
        self.fail()
        self.engine.advance(days=8)
        ended = []
        for n in range(200):
            self.engine.feed(patient("other", birthDate=str(1900 + n % 50)))
            ended = [entry for entry in self.engine.ask("audit?n=100000") if entry["entry"].get("why") == "hold-over"]
            if ended:
                break
            time.sleep(0.05)
        self.assertEqual(len(ended), 1)

    def test_recovery_ends_the_hold_without_a_write(self):
        self.eligible()
        self.fail()
        self.engine.advance(days=6)
        self.engine.feed(observation(score=5))
        self.engine.advance(days=2)
        self.fail()
        self.engine.advance(days=2)
        self.engine.next_sweep()
        self.assertEqual(self.flag()["status"], "active")
        self.assertEqual(self.sent(), 1)

    def test_another_reason_ends_it_at_once(self):
        self.eligible()
        self.fail()
        self.engine.feed(observation("c", tag="cord"))
        self.assertEqual(self.flag()["status"], "inactive")

    def test_unknown_is_held_too(self):
        self.eligible()
        self.engine.feed(observation(tag="other"))  # no score any more: not-screened
        self.assertEqual(self.verdict()["verdict"], "not-screened")
        self.assertEqual(self.flag()["status"], "active")

    def test_time_alone_decides_again(self):
        """A person who comes of age is decided again by step, without a message."""
        self.engine.feed(patient(birthDate="2007-07-02"), observation(score=5))
        self.assertIsNone(self.flag())
        self.engine.advance(days=2)
        self.engine.next_sweep()
        self.assertEqual(self.code(), "eligible")


class Zone(Life):
    settings = {"complete": ["obs"], "timezone": "Europe/Berlin"}

    def test_today_is_the_date_at_the_site(self):
        self.engine.set_clock("2025-06-30T21:59:59+00:00")
        self.engine.feed(patient(birthDate="2007-07-01"), observation(score=5))
        self.assertEqual(self.verdict()["verdict"], "ineligible")
        self.engine.set_clock("2025-06-30T22:00:00+00:00")
        self.engine.feed(observation(score=6))
        self.assertEqual(self.verdict()["verdict"], "eligible")

    def test_winter_has_another_offset(self):
        self.engine.set_clock("2025-01-31T22:59:59+00:00")
        self.engine.feed(patient(birthDate="2007-02-01"), observation(score=5))
        self.assertEqual(self.verdict()["verdict"], "ineligible")
        self.engine.set_clock("2025-01-31T23:00:00+00:00")
        self.engine.feed(observation(score=6))
        self.assertEqual(self.verdict()["verdict"], "eligible")


class Absent(Case):
    """`absent` counts only where the site declares the view complete."""

    def result(self):
        self.engine.feed(patient(), observation(score=5))
        return next(c for c in self.verdict()["criteria"] if c["id"] == "E1")

    def test_not_declared(self):
        found = self.result()
        self.assertEqual((found["result"], found["reason"]), ("unknown", "no-data"))

    def test_declared(self):
        self.site.settings["complete"] = ["obs"]
        self.site.write()
        self.engine.configure(self.site.config)
        self.assertEqual(self.result()["result"], "not-met")


class Confirm(Case):
    """A parameter that the site must confirm has no default."""

    def prepare(self):
        self.site.study["parameters"] = [
            {"name": "least", "type": "decimal", "siteMustConfirm": True, "text": "Least score"}
        ]
        self.site.criterion("I1")["met"] = "obs.where(score >= %least).exists()"

    def test_unset_then_set(self):
        self.engine.feed(patient(), observation(score=5))
        found = self.verdict()["criteria"][0]
        self.assertEqual((found["result"], found["reason"]), ("unknown", "source-incomplete"))
        self.site.settings["parameters"] = {"s1": {"least": 4}}
        self.site.write()
        self.engine.configure(self.site.config)
        self.engine.next_sweep()
        self.assertEqual(self.verdict()["criteria"][0]["result"], "met")


class Words(Life):
    def prepare(self):
        self.site.config["endpoints"][0]["evidence"] = "same-as-source"

    def test_a_flag_is_neutral(self):
        self.engine.feed(patient(), observation(score=5, version="3"))
        flag = self.flag()
        self.assertNotIn("text", flag)
        self.assertEqual(flag["code"]["text"], "Research: screening review suggested, study T1")
        self.assertEqual(flag["author"], {"display": "fhirtrial"})
        detail = [e for e in flag["extension"] if e["url"].endswith("/flag-detail")]
        listed = {e["valueReference"]["reference"] for e in detail}
        self.assertIn("Observation/o1/_history/3", listed)
        self.assertTrue(all(set(e["valueReference"]) == {"reference"} for e in detail))
        self.assertNotIn('"5"', json.dumps(flag))

    def test_evidence_of_another_source_is_left_out(self):
        same = {"identifier": [{"system": "https://hospital.example/mrn", "value": "7"}]}
        self.engine.feed({**patient("p1"), **same}, observation(score=5))
        self.engine.feed({**patient("x"), **same}, observation("lab1", score=6, of="x"), source="lab")
        self.engine.feed(observation("o2", score=6, tag="cord"))
        self.assertNotIn("lab", json.dumps(self.flag()))


class Evidence(Life):
    def test_none_is_the_default(self):
        self.eligible()
        self.assertNotIn("flag-detail", json.dumps(self.flag()))


class Lost(Life):
    def test_the_identifier_survives_the_store(self):
        self.eligible()
        before = self.flag()["identifier"]
        self.engine.close()
        for path in self.site.folder.glob("fhirtrial.db*"):
            path.unlink()
        self.engine = engine.Engine(self.site.config)
        self.addCleanup(self.engine.close)
        self.eligible()
        self.assertEqual(self.flag()["identifier"], before)

    def test_files_are_ours_alone(self):
        self.eligible()
        for path in [*self.site.folder.glob("fhirtrial.db*"), self.site.flags_file]:
            self.assertEqual(path.stat().st_mode & 0o777, 0o600, path.name)

    def refuse(self, word):
        self.engine.close()
        self.site.write()
        with self.assertRaises(engine.Refused) as refused:
            engine.Engine(self.site.config)
        self.assertEqual(refused.exception.code, engine.E_CONFIG)
        self.assertIn(word, str(refused.exception))

    def test_another_key_on_the_same_store_is_refused(self):
        self.eligible()
        (self.site.keys / "site.key").write_bytes(b"k" * 32)
        self.refuse("siteKey")

    def test_another_identifier_system_is_refused(self):
        self.eligible()
        self.site.config["flag"]["identifierSystem"] = "urn:x:other"
        with self.assertRaises(engine.Refused):
            self.engine.configure(self.site.config)
        self.refuse("identifierSystem")

    def test_a_key_that_others_may_read_is_refused(self):
        self.engine.close()
        key = self.site.keys / "site.key"
        os.chmod(key, 0o640)
        with self.assertRaises(engine.Refused) as refused:
            engine.Engine(self.site.config)
        self.assertEqual(refused.exception.code, engine.E_CONFIG)
        self.assertIn("site.key", str(refused.exception))


if __name__ == "__main__":
    unittest.main()
