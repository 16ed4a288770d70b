# SPDX-License-Identifier: Apache-2.0
"""The harness itself: nothing outlives its test, and a site is what was asked for."""

import json
import shutil
import subprocess
import sys
import unittest
from unittest import mock

import harness
from fhir_client import http_request
from trial_site import Site


class SiteTest(unittest.TestCase):
    """The configuration that tests write."""

    def test_site_files(self):
        site = Site(studies=["nct04242589"])
        site.add_file()
        site.add_fhir("https://localhost:1/fhir/r4", site.basic("user", "word"), "basic")
        site.add_fhir("https://localhost:1/fhir/r4", name="mutual", **site.mutual_tls())
        config = json.loads(site.write().read_text())
        self.assertEqual([endpoint["name"] for endpoint in config["endpoints"]], ["file", "basic", "mutual"])
        self.assertEqual(len((site.folder / config["siteKey"]).read_bytes()), 32)
        for key in site.keys.iterdir():
            self.assertEqual(key.stat().st_mode & 0o777, 0o600, key)
        self.assertEqual(site.sent_to_file(), [])


class HarnessTest(unittest.TestCase):
    """Nothing outlives its test."""

    def test_a_stopped_server_is_gone(self):
        server = harness.FhirServer()
        self.assertEqual(server.stop(), 0)
        with self.assertRaises(ConnectionRefusedError):
            http_request(server.base + "/metadata", context=harness.context())

    def test_a_server_ends_when_its_input_closes(self):
        server = harness.OAuthServer()
        self.addCleanup(server.stop)
        server.process.stdin.close()
        self.assertEqual(server.process.wait(timeout=5), 0)

    def test_a_server_ends_when_its_starter_is_killed(self):
        """Its input is not a pipe here, as where a shell starts it in the background."""
        script = '"$0" "$1" --pki "$2" </dev/null & wait'
        command = ["sh", "-c", script, harness.node(), harness.SERVERS / "oauth-server.mjs", harness.pki()]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as shell:
            pid = json.loads(shell.stdout.readline())["pid"]
            self.assertTrue(is_alive(pid))
            shell.kill()
        harness.wait_for(lambda: not is_alive(pid), what="the end of the server")

    def test_a_program_ends_when_the_test_run_is_killed(self):
        note = harness.new_folder() / "pid"
        script = "import sys; sys.path.insert(0, sys.argv[1]); import harness; harness.run(sys.argv[2:])"
        program = ["sh", "-c", 'echo $$ >"$0.new"; mv "$0.new" "$0"; exec sleep 60', note]
        command = [sys.executable, "-B", "-c", script, harness.ROOT / "tests" / "system", *program]
        with subprocess.Popen(command) as starter:
            harness.wait_for(note.exists, what="the start of the program")
            pid = int(note.read_text())
            self.assertTrue(is_alive(pid))
            starter.kill()
        harness.wait_for(lambda: not is_alive(pid), what="the end of the program")

    def test_a_program_beyond_its_limit_is_killed(self):
        with self.assertRaises(TimeoutError):
            harness.run(["sleep", "60"], timeout=0.2)

    def test_a_mistaken_option_is_named(self):
        result = harness.run([harness.node(), harness.SERVERS / "fhir-server.mjs", "--prot", "1"])
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"--prot", result.stderr)


class RunnerTest(unittest.TestCase):
    """tests/system/run on a folder of tests of its own."""

    def run_tests(self, text, *arguments):
        folder = harness.new_folder("runner")
        (folder / "tests" / "system").mkdir(parents=True)
        (folder / "tests" / "servers").symlink_to(harness.SERVERS)
        shutil.copy(harness.ROOT / "tests" / "system" / "run", folder / "tests" / "system")
        (folder / "tests" / "system" / "test_it.py").write_text("import time, unittest\n" + text)
        result = harness.run([folder / "tests" / "system" / "run", *arguments], timeout=20)
        return result.returncode, result.stdout.decode()

    def test_results_are_counted(self):
        text = """
class T(unittest.TestCase):
    def test_1(self): pass
    def test_2(self): self.fail("because")
    def test_3(self): self.skipTest("no samples")
    def test_4(self):
        with self.subTest("part a"): self.fail()
        with self.subTest("part b"): self.fail()
"""
        status, output = self.run_tests(text)
        self.assertEqual(status, 1)
        lines = output.splitlines()
        self.assertEqual(lines[-1], "1 passed, 3 failed, 1 skipped")
        self.assertIn("1..5", lines)
        self.assertIn("ok 3 - test_it.T.test_3 # SKIP no samples", lines)
        self.assertIn("# skipped: test_it.T.test_3: no samples", lines)
        self.assertIn("AssertionError: because", output)
        self.assertEqual(self.run_tests(text, "test_1"), (0, mock.ANY))

    def test_a_slow_test_fails(self):
        text = """
class T(unittest.TestCase):
    time_limit = 1
    def test_slow(self): time.sleep(15)
"""
        status, output = self.run_tests(text)
        self.assertEqual(status, 1)
        self.assertIn("LimitExceeded", output)
        self.assertTrue(output.endswith("0 passed, 1 failed\n"), output)

    def test_what_cannot_run_fails(self):
        for text in (
            "import absent_module",
            "",
            "class T(unittest.TestCase):\n    def setUpClass(): 1 / 0\n    def test_x(self): pass",
        ):
            status, output = self.run_tests(text)
            self.assertEqual(status, 1, output)


def is_alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
