# SPDX-License-Identifier: Apache-2.0
"""orthanc.py PLUGIN LIBRARY DRILL: Orthanc with the plugin, in a network namespace of its own, for Orthanc listens on
every address. Prints a line `PROBLEM ...` for each thing that is not as it must be, and `done` at the end."""

import base64
import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from site_files import Site  # noqa: E402

PORT = 8042
USER = "Basic " + base64.b64encode(b"engine:secret").decode()
START_SECONDS = 60


class Server:
    """Orthanc on a site; a second Server on the same folder is a restart."""

    def __init__(self, site, plugin, library, configuration="workers"):
        folder = site.folder / "orthanc"
        folder.mkdir(exist_ok=True)
        path = folder / "orthanc.json"
        path.write_text(
            json.dumps(
                {
                    "StorageDirectory": str(folder),
                    "IndexDirectory": str(folder),
                    "HttpPort": PORT,
                    "DicomServerEnabled": False,
                    "RemoteAccessAllowed": False,
                    "AuthenticationEnabled": True,
                    "RegisteredUsers": {"engine": "secret"},
                    "Plugins": [plugin],
                    "Fhirtrial": {"Library": library, "Configuration": str(site.path(configuration))},
                }
            )
        )
        self.log = open(folder / "log", "a+")
        self.process = subprocess.Popen(["Orthanc", path], stdout=self.log, stderr=self.log)

    def started(self):
        """Whether it answers; False where it ended instead."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if self.ask("GET", "/system")[0] == 200:
                    return True
            except OSError:
                time.sleep(0.05)
        return False

    def ask(self, method, path, body=None, user=USER):
        """(status, text, headers); (None, "", {}) where the server died."""
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        try:
            connection.request(method, path, body, {"Authorization": user} if user else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), dict(answer.getheaders())
        except (http.client.HTTPException, ConnectionResetError):
            return None, "", {}
        finally:
            connection.close()

    def post(self, site, message, user=USER):
        return self.ask("POST", "/fhirtrial", site.path(message).read_bytes(), user)

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def end(self):
        self.process.terminate()
        status = self.process.wait(60)
        self.log.close()
        return status


def expect(held, text):
    if not held:
        print("PROBLEM", text, flush=True)


def messages(site, plugin, library):
    server = Server(site, plugin, library)
    expect(server.started(), f"Orthanc does not start: {server.said()[-2000:]}")
    status, text, _ = server.post(site, "woman")
    expect(status == 200 and '"queued":true' in text, f"a good message: {status} {text}")
    status, text, _ = server.post(site, "unmatched")
    expect(status == 200, f"a message without a match: {status} {text}")
    status, text, _ = server.post(site, "broken")
    expect(status == 422 and "OperationOutcome" in text, f"a bad message: {status} {text}")
    expect("message-refused" in server.said(), "Orthanc's log does not tell of the refusal")
    expect(server.post(site, "woman", None)[0] == 401, "without a password")
    expect(server.post(site, "woman", USER[:-4])[0] == 401, "with a wrong password")
    expect(server.ask("GET", "/fhirtrial")[0] == 405, "another method")
    site.hold()
    status, text, headers = server.post(site, "man")
    site.release()
    expect(status == 503 and "Retry-After" in headers, f"a locked store: {status} {text} {headers}")
    codes = []
    threads = [threading.Thread(target=lambda: codes.append(server.post(site, "man")[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(codes == [200] * 8, f"at the same time: {codes}")
    status, text, _ = server.ask("GET", "/fhirtrial/health")
    expect(status == 200 and json.loads(text)["store"] == "ok", f"health: {status} {text}")
    expect(server.end() == 0, "Orthanc does not end well")
    flags = (site.folder / "flags.ndjson").read_text().splitlines()
    expect(len(flags) == 1 and json.loads(flags[0])["resourceType"] == "Flag", f"the Flags that left: {flags}")


def refusals(site, plugin, library):
    server = Server(site, plugin, library, "misspelt")
    expect(not server.started(), "Orthanc starts with a wrong configuration")
    expect("mapings" in server.said(), f"the log does not name the mistake: {server.said()[-2000:]}")
    server.end()


def drill(site, plugin, library):
    for _ in range(2):
        server = Server(site, plugin, library)
        expect(server.started(), "Orthanc does not start again after a crash")
        expect(server.post(site, "fatal")[0] is None, "the planted defect did not end Orthanc")
        server.end()
    server = Server(site, plugin, library)
    expect(server.started(), "Orthanc does not start again after two crashes")
    status, text, _ = server.post(site, "fatal")
    expect(status == 422 and "quarantined" in text, f"the third time: {status} {text}")
    expect(server.post(site, "woman")[0] == 200, "another message after it")
    server.end()


def main():
    plugin, library, defect = sys.argv[1:]
    for part, file in ((messages, library), (refusals, library), (drill, defect)):
        with tempfile.TemporaryDirectory(prefix="fhirtrial-orthanc-") as folder:
            part(Site(folder), plugin, file)
    print("done")


main()
