"""What the stand-in does of its own accord, and how it looks at a signature."""

import base64
import http.client
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

TENANT, CLIENT = "84bd8158-6d4d-4958-8b9f-9d6445542f95", "24d3b144-21ae-4080-943f-7067b395b913"


def notice(subscription: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "subscriptionId": subscription["id"],
        "subscriptionExpirationDateTime": subscription["expirationDateTime"],
        "clientState": subscription["clientState"],
        "tenantId": TENANT,
    }


def call(url: str, body: object) -> int:
    return _post(url, json.dumps(body).encode(), "application/json")[0]


def shakes_hands(url: str) -> bool:
    """Validation: Testing client application reachability."""
    token = f"Validation: Testing client application reachability for subscription Request-Id: {uuid.uuid4()} å+%"
    status, kind, said = _post(f"{url}?validationToken={quote(token)}", b"", "text/plain; charset=utf-8")
    return status == http.client.OK and kind.startswith("text/plain") and said == token


def _post(url: str, body: bytes, kind: str) -> tuple[int, str, str]:
    """Given up where nobody is there, as Graph does after a while. What is https:// here is served in the open."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("POST", f"{parts.path}?{parts.query}", body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, answer.getheader("content-type") or "", answer.read().decode()
    except OSError:
        return 0, "", ""
    finally:
        connection.close()


def is_signed(token: str, public_key: Any, audience: str) -> bool:
    """RFC 7523, PS256, as the app's certificate would have it."""
    head, claims, signature = token.split(".")
    try:
        how = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
        public_key.verify(_bytes(signature), f"{head}.{claims}".encode(), how, hashes.SHA256())
    except (InvalidSignature, AttributeError):
        return False
    said, now = json.loads(_bytes(claims)), time.time()
    return bool(
        json.loads(_bytes(head))["alg"] == "PS256"
        and said["aud"] == audience
        and said["iss"] == said["sub"] == CLIENT
        and said["nbf"] <= now + 300 <= said["exp"] + 600
    )


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
