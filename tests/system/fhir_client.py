# SPDX-License-Identifier: Apache-2.0
"""A small FHIR client for tests. It is deliberately not the product's: it shows what the server holds.

A client owns no connection between calls; each request opens its own, so that a test may stop a server at any time.
"""

import base64
import http.client
import json
import ssl
import time
import urllib.parse


class Reply:
    """Status, headers (case-insensitive `http.client.HTTPMessage`) and body bytes of one response."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def version(self):
        """The version id in the ETag, whether weak, strong or unquoted."""
        return (self.headers["ETag"] or "").removeprefix("W/").strip('"')


def tls_context(ca_file, certificate=None, key=None):
    """Trusts the test authority only; `certificate` and `key` are files for mutual TLS."""
    context = ssl.create_default_context(cafile=str(ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate:
        context.load_cert_chain(str(certificate), str(key))
    return context


def http_request(url, method="GET", body=None, headers=None, context=None, timeout=20):
    """One request, no redirect followed, no proxy used. Raises OSError or http.client.HTTPException."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path or "/", body=body, headers=headers or {})
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        connection.close()


class TokenSource:
    """Bearer tokens of the `loader` client, taken anew when the last one is near its end."""

    def __init__(self, token_url, secret, context, scope="system/*.cruds"):
        self.token_url = token_url
        self.context = context
        self.scope = scope
        self.basic = base64.b64encode(f"loader:{secret}".encode()).decode()
        self.token = None
        self.renew_at = 0

    def header(self):
        if time.monotonic() >= self.renew_at:
            form = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": self.scope})
            headers = {
                "Authorization": f"Basic {self.basic}",
                "Content-Type": "application/x-www-form-urlencoded",
            }
            reply = http_request(self.token_url, "POST", form, headers, self.context)
            if reply.status != 200:
                raise RuntimeError(f"the authorization server refused the loader: {reply.status}")
            answer = reply.json()
            self.token = answer["access_token"]
            self.renew_at = time.monotonic() + answer["expires_in"] / 2
        return f"Bearer {self.token}"


class FhirClient:
    """`authorization` is a header's text, or an object with a `header()` method, or None."""

    def __init__(self, base, context, authorization=None):
        self.base = base.rstrip("/")
        self.context = context
        self.authorization = authorization

    def request(self, method, path, resource=None, headers=None, timeout=20):
        """`path` is relative to the base; `resource` a dict, or bytes to be sent as they are."""
        sent = {"Accept": "application/fhir+json"}
        body = None
        if resource is not None:
            sent["Content-Type"] = "application/fhir+json"
            body = resource if isinstance(resource, bytes) else json.dumps(resource).encode()
        if self.authorization is not None:
            known = self.authorization
            sent["Authorization"] = known if isinstance(known, str) else known.header()
        sent.update(headers or {})
        return http_request(f"{self.base}/{path}", method, body, sent, self.context, timeout)

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def create(self, resource, headers=None):
        return self.request("POST", resource["resourceType"], resource, headers)

    def put(self, resource, headers=None):
        """Creates or updates under the resource's own id; raises where the server refuses."""
        reply = self.request("PUT", f"{resource['resourceType']}/{resource['id']}", resource, headers)
        if reply.status not in (200, 201):
            raise RuntimeError(f"PUT {resource['resourceType']}: {reply.status} {reply.body[:500]!r}")
        return reply.json()

    def search(self, resource_type, **parameters):
        """All resources that match, following no link: the page size asked for is larger than any test's data."""
        query = urllib.parse.urlencode({**parameters, "_count": 1000})
        reply = self.get(f"{resource_type}?{query}")
        if reply.status != 200:
            raise RuntimeError(f"search {resource_type}: {reply.status} {reply.body[:500]!r}")
        return [entry["resource"] for entry in reply.json().get("entry", [])]

    def flags(self, patient=None, identifier=None):
        """The Flags that the server holds: all, of a Patient id, or with an identifier value (or `system|value`)."""
        parameters = {}
        if patient is not None:
            parameters["patient"] = f"Patient/{patient}"
        if identifier is not None:
            parameters["identifier"] = identifier
        return self.search("Flag", **parameters)

    def history(self, resource_type, resource_id):
        """Every version, oldest first. The order of the server's own answer is not to be relied on."""
        reply = self.get(f"{resource_type}/{resource_id}/_history")
        if reply.status != 200:
            raise RuntimeError(f"history {resource_type}: {reply.status}")
        versions = [entry["resource"] for entry in reply.json().get("entry", [])]
        return sorted(versions, key=lambda version: version["meta"]["lastUpdated"])

    def flag_versions(self):
        """{Flag id: version id} of all Flags: equal before and after a replay where nothing was written."""
        return {flag["id"]: flag["meta"]["versionId"] for flag in self.flags()}
