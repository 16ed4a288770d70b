# SPDX-License-Identifier: Apache-2.0
"""Client assertions of SMART Backend Services, signed by the openssl program: not by the code under test."""

import base64
import json
import secrets
import subprocess
import time
import urllib.parse

import fhir_client

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _raw_signature(der):
    """RFC 7518 section 3.4 wants r and s of 48 bytes each; openssl writes an ASN.1 SEQUENCE of two INTEGERs."""
    numbers = []
    rest = der[2:] if der[1] < 0x80 else der[3:]
    while rest:
        length = rest[1]
        numbers.append(rest[2 : 2 + length].lstrip(b"\0").rjust(48, b"\0"))
        rest = rest[2 + length :]
    return b"".join(numbers)


def sign(header, claims, key_file):
    """A compact JWS over the two objects, with the algorithm that the header names."""
    text = ".".join(_base64url(json.dumps(part).encode()) for part in (header, claims))
    command = ["openssl", "dgst", "-sha384", "-sign", str(key_file)]
    signature = subprocess.run(
        command, input=text.encode(), capture_output=True, check=True, timeout=20
    ).stdout
    if header["alg"] == "ES384":
        signature = _raw_signature(signature)
    return f"{text}.{_base64url(signature)}"


def make(pki, token_url, algorithm="RS384", header=None, claims=None, key=None):
    """An assertion as the specification asks for; `header` and `claims` change members, None removes one."""
    name = f"jwt-{algorithm.lower()}"
    client = f"fhirtrial-{algorithm.lower()}"
    full_header = {"alg": algorithm, "typ": "JWT", "kid": (pki / f"{name}.kid").read_text()} | (header or {})
    full_claims = {
        "iss": client,
        "sub": client,
        "aud": token_url,
        "exp": int(time.time()) + 240,
        "jti": secrets.token_urlsafe(16),
    } | (claims or {})
    without_none = [{k: v for k, v in part.items() if v is not None} for part in (full_header, full_claims)]
    return sign(*without_none, key or pki / f"{name}.pem")


def request_token(token_url, assertion, context, scope="system/Flag.crus", **form):
    """Posts the token request; `form` changes fields, None removes one."""
    fields = {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    } | form
    body = urllib.parse.urlencode({name: value for name, value in fields.items() if value is not None})
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return fhir_client.http_request(token_url, "POST", body, headers, context)
