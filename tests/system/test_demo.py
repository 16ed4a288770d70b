# SPDX-License-Identifier: Apache-2.0
"""The demo runs to its end, checks what it claims, and leaves no process."""

import json
import os
import re
import signal
import subprocess
import time
import unittest

import harness


def processes_below(folder):
    """Command lines of processes that name a folder."""
    found = []
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as line:
                command = line.read().replace(b"\0", b" ").decode(errors="replace")
        except (OSError, NotADirectoryError):
            continue
        if str(folder) in command:
            found.append(command)
    return found


class Demo(unittest.TestCase):
    time_limit = 180

    def test_the_demo_is_as_it_claims(self):
        demo = harness.ROOT / "demo"
        environment = {"FHIRTRIAL_BUILD": str(harness.build_folder())}
        done = harness.run([demo / "demo"], timeout=150, environment=environment)
        text = done.stdout.decode()
        self.assertEqual(done.returncode, 0, text[-2000:] + done.stderr.decode())
        self.assertEqual(text.count("\n  checked: "), 6)
        for title in range(1, 8):
            self.assertIn(f"\n== {title}. ", text)
        self.assertNotIn("NOT AS EXPECTED", text)
        flags = json.loads((demo / "out" / "flags.json").read_text())
        self.assertGreater(len(flags), 90)
        for flag in flags:
            self.assertIn(flag["identifier"][0]["value"], text)
        self.assertRegex(text, r"requests of the second feed in the server's log: \d+")
        self.assertEqual(processes_below(demo / "out"), [])

    def test_a_demo_that_is_interrupted_leaves_no_process(self):
        demo = harness.ROOT / "demo"
        environment = {**os.environ, "FHIRTRIAL_BUILD": str(harness.build_folder())}
        process = subprocess.Popen(
            [demo / "demo"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment, start_new_session=True,
            # A shell starts what runs in the background with the signal ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        with process:
            for line in process.stdout:
                if re.match(rb"  PUT \d+", line):
                    break
            self.assertTrue(processes_below(demo / "out"))
            process.send_signal(signal.SIGINT)
            process.stdout.read()
        self.assertEqual(process.returncode, 130)
        end = time.monotonic() + 10
        while processes_below(demo / "out") and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(processes_below(demo / "out"), [])


if __name__ == "__main__":
    unittest.main()
