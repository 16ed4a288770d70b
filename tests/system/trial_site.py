# SPDX-License-Identifier: Apache-2.0
"""A hospital's configuration for a test: a folder with fhirtrial.json, its keys, and room for store and Flags."""

import json
import shutil

import harness


class Site:
    """Builds `fhirtrial.json` in a folder of its own.

    `config` is the document as a dict and may be changed before write(). `studies` None loads every study. Keys are
    copies with mode 0600, so that a test may spoil them; certificates are the run's own.
    """

    def __init__(self, studies=None, guidelines=None, site="demo", source="demo-ehr", mappings=None, folder=None):
        self.folder = folder or harness.new_folder("site")
        self.keys = self.folder / "keys"
        self.keys.mkdir(mode=0o700, exist_ok=True)
        self.source = source
        self.path = self.folder / "fhirtrial.json"
        self.store = self.folder / "fhirtrial.db"
        self.flags_file = self.folder / "flags.ndjson"
        self.config = {
            "schema": 1,
            "base": str(self.folder),
            "store": {"path": self.store.name},
            "mappings": {"path": str(mappings or harness.ROOT / "mappings")},
            "source": source,
            "siteKey": self._key("site.key"),
            "flag": {
                "identifierSystem": "https://hospital.example/fhir/trial-eligibility",
                "codeSystem": "https://hospital.example/fhir/trial-screening",
                "author": {"display": "fhirtrial"},
            },
            "endpoints": [],
        }
        if studies is not None:
            self.config["mappings"]["studies"] = list(studies)
        if guidelines is not None:
            self.config["mappings"]["guidelines"] = list(guidelines)
        if site is not None:
            self.config["mappings"]["site"] = site

    def _key(self, name):
        """Copies a key of the run's PKI; returns its path relative to the folder."""
        copy = self.keys / name
        shutil.copyfile(harness.pki() / name, copy)
        copy.chmod(0o600)
        return str(copy.relative_to(self.folder))

    def add_file(self, name="file"):
        """An endpoint that appends Flags to `flags_file`. Returns its object, to be changed at will."""
        patient = f"same-as-source: {self.source}"
        return self._add({"name": name, "type": "file", "path": self.flags_file.name, "patient": patient})

    def add_ehr(self, ehr, name="ehr", algorithm="RS384", **changes):
        """A FHIR endpoint for a harness.Ehr with SMART Backend Services. Returns its object."""
        low = algorithm.lower()
        token_host = ehr.oauth.issuer.removeprefix("https://")
        auth = {
            "type": "smart-backend",
            "clientId": f"fhirtrial-{low}",
            "key": self._key(f"jwt-{low}.pem"),
            "keyId": (harness.pki() / f"jwt-{low}.kid").read_text(),
            "algorithm": algorithm,
            "scope": "system/Flag.crus",
            "tokenHost": token_host,
        }
        return self.add_fhir(ehr.base, auth, name, **changes)

    def add_fhir(self, base, auth=None, name="ehr", **changes):
        """A FHIR endpoint at a base URL; `auth` as in fhirtrial.json. Pauses are short, for tests with faults."""
        return self._add(
            {
                "name": name,
                "type": "fhir",
                "url": base,
                "patient": f"same-as-source: {self.source}",
                "auth": auth or {"type": "none"},
                "tls": {"ca": str(harness.pki() / "ca.crt")},
                "timeouts": {"connect": "PT2S", "total": "PT5S"},
                "rate": {"perSecond": 1000, "maxInFlight": 8, "backoffFirst": "PT1S", "backoffMost": "PT2S"},
            }
            | changes
        )

    def basic(self, user, password):
        """The `auth` object for HTTP Basic, with the password in a file of mode 0600."""
        path = self.keys / "password"
        path.touch(mode=0o600)
        path.write_text(password)
        return {"type": "basic", "user": user, "password": str(path.relative_to(self.folder))}

    def mutual_tls(self, client="client"):
        """The members that an endpoint needs for mutual TLS: `add_fhir(base, **site.mutual_tls())`."""
        tls = {
            "ca": str(harness.pki() / "ca.crt"),
            "clientCert": str(harness.pki() / f"{client}.crt"),
            "clientKey": self._key(f"{client}.key"),
        }
        return {"auth": {"type": "mtls"}, "tls": tls}

    def _add(self, endpoint):
        self.config["endpoints"].append(endpoint)
        return endpoint

    def write(self):
        """Writes fhirtrial.json and returns its path."""
        self.path.write_text(json.dumps(self.config, indent=2) + "\n")
        return self.path

    def run(self, *inputs, now="2025-06-30T12:00:00Z", options=(), timeout=120, **more):
        """`fhirtrial run` with this configuration; a CompletedProcess."""
        clock = ["--now", now] if now else []
        return harness.fhirtrial(
            "run", "--config", self.write(), *clock, *options, *inputs, timeout=timeout, **more
        )

    def feed(self, *inputs, **options):
        """run() with --json, which must end well or with refusals; the results as a list of dicts."""
        done = self.run(*inputs, options=["--json", *options.pop("options", ())], **options)
        if done.returncode not in (0, 1, 3):
            raise AssertionError(f"fhirtrial run: status {done.returncode}: {done.stderr[-2000:].decode()}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def ask(self, command, *arguments, timeout=120):
        """The standard output of a command that asks, as text; AssertionError where it fails."""
        done = harness.fhirtrial(command, "--config", self.path, *arguments, timeout=timeout)
        if done.returncode != 0:
            raise AssertionError(f"fhirtrial {command}: status {done.returncode}: {done.stderr[-2000:].decode()}")
        return done.stdout.decode()

    def records(self, *patients):
        """{patient id: record document} of the named or all patients."""
        lines = [json.loads(line) for line in self.ask("record", "--json", *patients).splitlines()]
        return {line["patient"]: line["record"] for line in lines}

    def verdicts(self, *patients):
        """{(patient id, study): verdict document} of the named or all patients."""
        out = {}
        for line in self.ask("explain", "--json", *patients).splitlines():
            for row in json.loads(line):
                out[row["patient"], row["study"]] = row["verdict"]
        return out

    def outbox(self, state=None):
        """The outbox's messages as dicts."""
        return json.loads(self.ask("outbox", "--json", *(["--state", state] if state else [])))

    def sent_to_file(self):
        """The Flags in `flags_file`, oldest first."""
        if not self.flags_file.exists():
            return []
        return [json.loads(line) for line in self.flags_file.read_text().splitlines()]
