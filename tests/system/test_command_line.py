# SPDX-License-Identifier: Apache-2.0
"""The program fhirtrial as a user meets it: help, exit codes, JSON output, progress, standard input."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import time
import unittest

import cohort
import harness
from trial_site import Site

HOST_COMMANDS = ("run", "record", "explain", "outbox", "audit", "export")
TOOLS = ("check", "view", "path")


def lines_of(patient_id):
    return b"".join(
        line
        for line in cohort.FILES[0].read_bytes().splitlines(keepends=True)
        if json.loads(line)["id"].startswith(patient_id)
    )


class Help(unittest.TestCase):
    def test_every_command_explains_itself(self):
        for command in HOST_COMMANDS + TOOLS:
            with self.subTest(command):
                done = harness.fhirtrial(command, "--help")
                text = done.stdout.decode()
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.assertRegex(text.splitlines()[0], f"^usage: fhirtrial {command} ")
                self.assertIn(f"fhirtrial {command} ", text.lower().split("example")[-1])
                self.assertRegex(text, "[Ee]xit")
                for line in text.splitlines():
                    self.assertLessEqual(len(line), 100)

    def test_the_program_lists_its_commands(self):
        done = harness.fhirtrial("--help")
        self.assertEqual(done.returncode, 0)
        for command in HOST_COMMANDS + TOOLS:
            self.assertRegex(done.stdout.decode(), rf"(?m)^  {command} ")

    def test_version(self):
        done = harness.fhirtrial("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout.decode(), r"^fhirtrial \d+\.\d+\.\d+ ")

    def test_wrong_usage_is_2(self):
        for arguments in (
            (),
            ("nonsense",),
            ("run",),
            ("run", "--nonsense", "x"),
            ("run", "--drain", "x", "-"),
            ("run", "--drain", "-1", "-"),
            ("explain", "--nonsense"),
            ("outbox", "--config"),
        ):
            with self.subTest(arguments):
                done = harness.fhirtrial(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stdout, b"")
                self.assertTrue(done.stderr)

    def test_a_typo_gets_a_hint(self):
        done = harness.fhirtrial("explian")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr.decode(), "explian")
        self.assertRegex(done.stderr.decode(), "explain|--help")


class Commands(unittest.TestCase):
    time_limit = 90

    @classmethod
    def setUpClass(cls):
        cls.site = Site(studies=cohort.STUDIES)
        cls.site.add_file()
        cls.done = cls.site.run("-", stdin=lines_of("st-001-everything-met") + lines_of("st-026-pain-missing"))

    def ask(self, *arguments):
        return harness.fhirtrial(arguments[0], "--config", self.site.path, *arguments[1:])

    def test_standard_input(self):
        self.assertEqual(self.done.returncode, 0, self.done.stderr)
        self.assertRegex(self.done.stdout.decode(), r"^\d+ messages: \d+ taken")

    def test_no_progress_without_a_terminal(self):
        self.assertNotIn(b"\r", self.done.stderr)
        self.assertNotIn(b"[#", self.done.stderr)

    def test_json_is_one_document_a_line(self):
        done = self.site.run("-", stdin=lines_of("st-001-everything-met"), options=["--json"])
        self.assertEqual(done.returncode, 0)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(len(lines), lines_of("st-001-everything-met").count(b"\n"))
        for line in lines:
            self.assertEqual(json.loads(line)["operationOutcome"]["resourceType"], "OperationOutcome")
        self.assertIn(b"messages:", done.stderr)

    def test_record(self):
        done = self.ask("record", "st-001-everything-met")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"pain_score", done.stdout)
        self.assertIn(b"Observation/st-001-everything-met-pain", done.stdout)
        self.assertEqual(set(self.site.records()), {"st-001-everything-met", "st-026-pain-missing"})

    def test_explain(self):
        done = self.ask("explain", "--study", "nct04242589", "st-001-everything-met")
        text = done.stdout.decode()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("needs-review", text)
        self.assertRegex(text, r"(?m)^ +I7 +met +\S*Observation/st-001-everything-met-ecog")
        self.assertRegex(text, r"(?m)^ +I5 +unknown +needs-human")
        self.assertNotIn("nct02773966", text)
        summary = self.ask("explain").stdout.decode()
        self.assertEqual(len(re.findall(r"(?m)^ +st-001-everything-met ", summary)), len(cohort.STUDIES))
        self.assertRegex(summary, "needs-human: ")

    def test_nothing_is_known(self):
        for command in ("record", "explain"):
            done = self.ask(command, "nobody")
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertEqual(done.stdout, b"")
            self.assertIn(b"nobody", done.stderr)

    def test_a_wrong_argument_is_named_with_its_remedy(self):
        for arguments, said in (
            (("outbox", "retry", "x"), r'outbox: ID wants a whole number from 1, not "x"'),
            (("outbox", "park", "0"), r'outbox: ID wants a whole number from 1, not "0"'),
            (("outbox", "--state", "lost"), r'no state "lost"; use one of: ready inflight done parked superseded'),
            (("audit", "--from", "-1"), r'audit: --from wants a whole number from 1, not "-1"'),
            (("audit", "--count", "many"), r'audit: --count wants a whole number from 1, not "many"'),
            (("audit", "verify", "--expect", "abc"), r"audit: --expect wants the hash that verify printed, 64 digits"),
        ):
            with self.subTest(arguments):
                done = self.ask(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stdout, b"")
                self.assertRegex(done.stderr.decode(), said)
                # The library was not asked: its line for authors of hosts is not for who types a command.
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_a_study_that_is_not_configured(self):
        for patient in ((), ("st-001-everything-met",)):
            with self.subTest(patient):
                done = self.ask("explain", "--study", "nct00000000", *patient)
                self.assertEqual(done.returncode, 4, done.stderr)
                self.assertEqual(done.stdout, b"")
                self.assertIn(b'study "nct00000000" is not among those of the configuration', done.stderr)

    def test_a_flag_that_no_endpoint_takes(self):
        site = Site(studies=["nct04242589"])
        site.add_file()["patient"] = "same-as-source: demo_ehr"  # the feed is demo-ehr
        self.assertEqual(site.run("-", stdin=lines_of("st-001-everything-met")).returncode, 0)
        text = site.ask("explain", "st-001-everything-met")
        self.assertRegex(text, "study nct04242589: needs-review ")
        self.assertIn("\nno Flag, though the verdict asks for one: no endpoint takes this patient; ", text)
        self.assertNotIn("though", self.ask("explain", "st-026-pain-missing").stdout.decode())

    def test_outbox(self):
        done = self.ask("outbox")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout.decode(), r"(?m)^ +id +endpoint")
        self.assertTrue(self.site.outbox("done"))
        self.assertEqual(self.site.outbox("parked"), [])
        for arguments, status in ((("retry", "99999"), 4), (("retry",), 2), (("retry", "x"), 2), (("mend", "1"), 2),
                                  (("list", "--state", "lost"), 2)):
            with self.subTest(arguments):
                self.assertEqual(self.ask("outbox", *arguments).returncode, status)
        sent = str(self.site.outbox("done")[0]["id"])
        for command, said in (("retry", "is not parked"), ("park", "does not wait")):
            refused = self.ask("outbox", command, sent)
            self.assertEqual(refused.returncode, 1, refused.stderr)
            self.assertIn(f"fhirtrial outbox: message {sent} {said}; only", refused.stderr.decode())

    def test_audit(self):
        done = self.ask("audit")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(len(done.stdout.splitlines()), 3)
        self.assertRegex(done.stdout.decode().splitlines()[2], r"^ +1 +20\d\d-\d\d-\d\dT")
        verified = self.ask("audit", "verify")
        self.assertEqual(verified.returncode, 0)
        self.assertIn(b"intact", verified.stdout)
        answer = json.loads(self.ask("audit", "--json", "verify").stdout)
        self.assertTrue(answer["intact"])

    def test_a_changed_audit_entry_is_found(self):
        import sqlite3

        folder = harness.new_folder("audit")
        shutil.copytree(self.site.folder, folder, dirs_exist_ok=True)
        copy = Site(studies=cohort.STUDIES, folder=folder)
        copy.add_file()
        copy.write()
        store = sqlite3.connect(copy.store)
        columns = [row[1] for row in store.execute("pragma table_info(audit)")]
        name = next(one for one in columns if one in ("entry", "document", "detail", "text"))
        store.execute(f"update audit set {name} = replace({name}, 'message', 'massage') where seq = 2")
        changed = store.execute(f"select count(*) from audit where {name} like '%massage%'").fetchone()[0]
        if not changed:
            store.execute(f"update audit set {name} = {name} || ' ' where seq = 2")
        store.commit()
        store.close()
        done = harness.fhirtrial("audit", "--config", copy.path, "verify")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(b"broken at entry 2", done.stdout)

    def test_a_wrong_library_is_refused(self):
        done = harness.fhirtrial("audit", "--config", self.site.path, "--library", "/nowhere/libfhirtrial.so")
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"/nowhere/libfhirtrial.so", done.stderr)
        libc = "/lib/x86_64-linux-gnu/libc.so.6"
        if os.path.exists(libc):
            done = harness.fhirtrial("audit", "--config", self.site.path, "--library", libc)
            self.assertEqual(done.returncode, 2)
            self.assertIn(b"fhirtrial_abi_version", done.stderr)

    def test_a_wrong_clock_is_refused(self):
        for now in ("yesterday", "2025-13-01T00:00:00Z", "2025-06-30", "2025-06-30T12:00:00"):
            done = self.site.run("-", now=now)
            self.assertEqual(done.returncode, 2, now)
            self.assertIn(b"--now", done.stderr)

    def test_the_command_is_no_part_of_the_library(self):
        """Host commands load the shared object; they link none of it."""
        symbols = subprocess.run(["nm", "-D", "--undefined-only", harness.program()], capture_output=True, text=True)
        self.assertNotIn("fhirtrial_", symbols.stdout)
        needed = subprocess.run(["readelf", "-d", harness.program()], capture_output=True, text=True).stdout
        for name in ("libfhirtrial", "libsqlite3", "libcurl", "libssl"):
            self.assertNotIn(name, needed)

    def test_hostile_text_does_not_reach_the_terminal(self):
        site = Site(studies=cohort.STUDIES)
        site.add_file()
        resource = {"resourceType": "Patient", "id": "esc", "gender": "female", "birthDate": "1950"}
        consent = {
            "resourceType": "Consent",
            "id": "c",
            "status": "active",
            "patient": {"reference": "Patient/esc"},
            "scope": {"coding": [{"code": "research\x1b[31m"}]},
            "category": [{"coding": [{"system": "x\x1b]0;title\x07", "code": "y\x1b[2J"}]}],
        }
        text = json.dumps(resource) + "\n" + json.dumps(consent) + "\n"
        site.run("-", stdin=text.encode())
        done = harness.fhirtrial("record", "--config", site.path, "esc")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(b"\x1b", done.stdout)
        self.assertNotIn(b"\x07", done.stdout)


class Terminal(unittest.TestCase):
    def test_progress_on_a_terminal(self):
        site = Site(studies=cohort.STUDIES)
        site.add_file()
        try:
            leader, follower = pty.openpty()
        except OSError as error:
            self.skipTest(f"this machine gives no pseudo-terminal: {error}")
        self.addCleanup(os.close, leader)
        with open(os.devnull) as nothing:
            process = subprocess.Popen(
                [harness.program(), "run", "--config", site.write(), "--now", cohort.NOW, cohort.FILES[1]],
                stdin=nothing,
                stdout=subprocess.DEVNULL,
                stderr=follower,
            )
        os.close(follower)
        seen, end = b"", time.monotonic() + 30
        while time.monotonic() < end:
            if select.select([leader], [], [], 0.2)[0]:
                try:
                    seen += os.read(leader, 65536)
                except OSError:
                    break
            elif process.poll() is not None:
                break
        self.assertEqual(process.wait(timeout=10), 0, seen)
        self.assertRegex(seen, rb"\r\[#+\.*\] 1 messages?")


if __name__ == "__main__":
    unittest.main()
