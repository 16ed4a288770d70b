# SPDX-License-Identifier: Apache-2.0
"""Stack of the caller that a call needs where it talks to an EHR: TLS, a token, JWT, JSON replies. The figure without a
network is measured in tests/abi/process_test.c; engines call from threads with as little as 128 KiB."""

import json
import subprocess
import unittest

import harness
from small_site import SmallSite, observation, patient

STACK_MOST = 64 << 10
MAKE_SECONDS = 120


class Stack(unittest.TestCase):
    time_limit = 180

    @classmethod
    def setUpClass(cls):
        agent = harness.build_folder() / "tests" / "hosts" / "agent"
        subprocess.run(["make", "-s", "-C", harness.build_folder(), "tests/hosts/agent"], check=True, timeout=MAKE_SECONDS)
        cls.agent = subprocess.Popen([agent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.agent.communicate)
        cls.ehr = harness.Ehr()
        cls.addClassCleanup(cls.ehr.stop)

    def tell(self, *words):
        """(code, text) of the agent's answer."""
        self.agent.stdin.write("\t".join(map(str, words)) + "\n")
        self.agent.stdin.flush()
        code, text = self.agent.stdout.readline().rstrip("\n").split("\t", 1)
        return int(code), text

    def test_a_step_that_sends(self):
        self.ehr.client.put(patient())
        site = SmallSite()
        site.add_ehr(self.ehr)
        self.assertEqual(self.tell("load", harness.build_folder() / ".libs" / "libfhirtrial.so")[0], 0)
        code, used = self.tell("stack", "open", site.write())
        self.assertEqual(code, 0)
        most = int(used)
        path = site.folder / "message.json"
        for message in (patient(), observation(score=5)):
            path.write_text(json.dumps(message))
            code, used = self.tell("stack", "process", path)
            self.assertEqual(code, 0)
            most = max(most, int(used))
        for _ in range(20):
            code, used = self.tell("stack", "step", 1000)
            most = max(most, int(used))
            if code == 0:
                break
        self.assertEqual(code, 0)
        self.assertTrue(self.ehr.client.flags(), "no Flag was sent, so nothing was measured")
        self.tell("close", 0)
        self.assertLessEqual(most, STACK_MOST)
        print(f"# {most} bytes of the caller's stack are used, TLS and token included")


if __name__ == "__main__":
    unittest.main()
