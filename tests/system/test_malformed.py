# SPDX-License-Identifier: Apache-2.0
"""Every mistake of tests/malformed, given to a plugin that runs: each is refused with its own message, and the
configuration that was in force stays in force, whole."""

import json
import re
import shutil
import sys
import unittest

import engine
import harness

sys.path.insert(0, str(harness.ROOT / "tests" / "malformed"))
import malformed  # noqa: E402

CONFIGURATION = (malformed.FOLDER / "base.json").read_text()
PLACE = re.compile(r"(?P<file>.*?)(?::(?P<line>\d+):\d+)?$")


def findings(outcome):
    """(file, line, pointer, text) of each issue that refuses."""
    for issue in outcome["issue"]:
        if issue["severity"] not in ("fatal", "error"):
            continue
        where = issue.get("diagnostics", "")
        line = re.match(r"line (\d+), column", where)
        place = PLACE.match(where)
        yield (
            "" if line else place["file"],
            int(line[1] if line else place["line"] or 0),
            (issue.get("expression") or [""])[0],
            issue["details"]["text"],
        )


class Malformed(unittest.TestCase):
    time_limit = 400

    def setUp(self):
        self.folder = harness.new_folder("malformed")
        self.mappings = self.folder / "mappings"
        shutil.copytree(harness.ROOT / "mappings", self.mappings)
        shutil.copyfile(harness.pki() / "site.key", self.folder / "site.key")
        (self.folder / "site.key").chmod(0o600)
        guidelines = [folder.name for folder in (self.mappings / "guidelines").iterdir()]
        self.text = CONFIGURATION.replace("/base", str(self.folder))
        self.text = self.text.replace('"site": "demo"', f'"site": "demo", "guidelines": {json.dumps(guidelines)}')
        self.engine = engine.Engine(json.loads(self.text))
        self.addCleanup(self.engine.close)
        self.before = self.in_force()
        self.messages = 0

    def in_force(self):
        return {k: v for k, v in self.engine.ask("info").items() if "igest" in k or k in ("source", "threads", "store")}

    def configure(self, text):
        """(code, OperationOutcome)."""
        code = self.engine.library.fhirtrial_configure(
            self.engine.handle, text, engine.ctypes.c_int64(len(text))
        )
        return code, None if code == engine.OK else self.engine.ask("last-error")

    def still_in_force(self):
        """The set is the same by its digest, and decides a message as before."""
        self.assertEqual(self.in_force(), self.before)
        self.messages += 1
        patient = {"resourceType": "Patient", "id": f"p{self.messages}", "birthDate": "1950-01-01"}
        self.engine.feed(patient)
        verdicts = self.engine.ask(f"explain?patient=p{self.messages}&study=nct04242589")
        results = {c["id"]: c["result"] for c in verdicts[0]["verdict"]["criteria"]}
        self.assertEqual((results["I2"], results["I4"]), ("met", "unknown"))

    def refused(self, code, outcome, file, line, case):
        self.assertEqual(code, engine.E_CONFIG)
        wanted = (file, line, case["place"], f"{case['says']}: {case['remedy']}")
        found = list(findings(outcome))
        self.assertIn(wanted, found)
        if not case.get("more"):
            self.assertEqual(len(found), 1, found)

    def test_mappings(self):
        whole = self.text.encode()
        self.assertEqual(self.configure(whole)[0], engine.OK)
        for case in malformed.cases():
            if case.get("level") == "warning":
                continue
            with self.subTest(case["name"]), malformed.applied(case, self.mappings) as line:
                code, outcome = self.configure(whole)
                self.refused(code, outcome, case.get("in", case["file"]), line, case)
                self.still_in_force()
        self.assertEqual(self.configure(whole)[0], engine.OK)
        self.still_in_force()

    def test_configuration(self):
        for case in malformed.cases("configuration.json"):
            with self.subTest(case["name"]):
                before = self.text.encode()
                after = malformed.changed(case, before)
                code, outcome = self.configure(after)
                self.refused(code, outcome, "", malformed.line_in(case, before, after), case)
                self.still_in_force()


if __name__ == "__main__":
    unittest.main()
