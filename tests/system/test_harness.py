# SPDX-License-Identifier: Apache-2.0
"""The harness itself: nothing outlives its test, and a site is what was asked for."""

import json
import os
import subprocess
import sys
import time
import unittest

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
