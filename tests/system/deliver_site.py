# SPDX-License-Identifier: Apache-2.0
"""A store and a sender for tests of the delivery room: drives build/tests/deliver/drive."""

import hashlib
import json
import os
import shutil
import subprocess
import uuid

import harness
import sample_flags

KEY_TAG = "urn:fhirtrial:sequence"


def drive_program():
    path = harness.build_folder() / "tests" / "deliver" / "drive"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: make check builds it")
    return path


def flag_text(key, status="active", patient="p1", **members):
    """A Flag as the library queues it: compact, without id and meta."""
    period = {"start": "2025-06-30T12:00:00Z"}
    if status != "active":
        period["end"] = "2025-07-01T12:00:00Z"
    coding = {"system": "https://hospital.example/fhir/trial-screening", "code": "eligible"}
    code = {"coding": [coding], "text": "Research: screening review suggested"}
    flag = sample_flags.make_flag(patient, key, status=status, code=code, period=period)
    return json.dumps(flag | members, separators=(",", ":"))


def tag_of(seq, text):
    return f"{seq}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def sequence(flag):
    """The highest sequence among the tags of a Flag on the server."""
    codes = [t["code"] for t in flag["meta"].get("tag", []) if t["system"] == KEY_TAG]
    return max(int(code.split("-")[0]) for code in codes)


def new_key():
    return str(uuid.uuid4())


class Sending:
    """One store, and the settings of one endpoint."""

    def __init__(self, ehr=None, algorithm="RS384", **settings):
        self.folder = harness.new_folder("deliver")
        self.store = self.folder / "store.db"
        self.settings = {"ca_path": harness.pki() / "ca.crt", "algorithm": algorithm}
        if ehr:
            low = algorithm.lower()
            self.settings |= {
                "url": ehr.base,
                "auth": "smart-backend",
                "client_id": f"fhirtrial-{low}",
                "key_path": self.secret(f"jwt-{low}.pem"),
                "key_id": (harness.pki() / f"jwt-{low}.kid").read_text().strip(),
                "scope": "system/Flag.crus",
                "token_host": ehr.oauth.issuer.removeprefix("https://"),
            }
        self.settings |= settings
        self.errors = ""

    def secret(self, name):
        copy = self.folder / name
        shutil.copyfile(harness.pki() / name, copy)
        copy.chmod(0o600)
        return copy

    def drive(self, *arguments, stdin="", check=True, timeout=60):
        done = harness.run(
            [drive_program(), self.store, *arguments], timeout=timeout, stdin=stdin.encode()
        )
        self.errors += done.stderr.decode()
        if check and done.returncode != 0:
            raise AssertionError(f"drive {arguments[0]}: {done.returncode} {self.errors[-2000:]}")
        return done.stdout.decode()

    def enqueue(self, key, text):
        self.drive("enqueue", stdin=f"nct04242589\t{key}\t{text}\n")

    def enqueue_all(self, pairs):
        self.drive("enqueue", stdin="".join(f"nct04242589\t{k}\t{t}\n" for k, t in pairs))

    def send_arguments(self, limit_ms):
        return ["send", str(limit_ms), *(f"{k}={v}" for k, v in self.settings.items())]

    def send(self, limit_ms=10000):
        """Sends until nothing is queued; the sender's last status."""
        return json.loads(self.drive(*self.send_arguments(limit_ms), timeout=limit_ms / 1000 + 50))

    def send_until_problem(self):
        """Sends in short turns until the sender names a problem; its last status."""
        for _ in range(40):
            result = self.send(250)
            if "class" in result["status"]:
                return result
        raise AssertionError(f"no problem was met: {self.errors[-2000:]}")

    def start(self, limit_ms=60000):
        """The sending process itself, for tests that kill it."""
        return subprocess.Popen(
            [drive_program(), self.store, *self.send_arguments(limit_ms)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env=os.environ,
        )

    def outbox(self, state=None):
        return json.loads(self.drive("outbox", *([state] if state else [])))

    def retry(self, message):
        self.drive("retry", str(message["id"]))

    def audit(self):
        return self.drive("audit")
