"""What the stand-in is asked, what it does amiss, what it answers with."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LARGEST = 4 * 1024 * 1024
"""Of a request."""


@dataclass
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    content: bytes


@dataclass
class Misdeed:
    """What it does on paths that have `path` in them, `times` times."""

    deed: str
    path: str
    method: str | None
    times: int
    status: int = 503
    code: str = "ServiceNotAvailable"
    retry_after: str | None = None
    seconds: float = 0


@dataclass
class Said:
    """An answer. `cut`: this many bytes short of what its length says."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0


def json_answer(body: Mapping[str, Any], status: int = 200) -> Said:
    kind = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    return Said(status, json.dumps(body).encode(), kind)


def error(status: int, code: str, message: str = "Said by the stand-in.", **headers: str) -> Said:
    asked = str(uuid.uuid4())
    inner = {"date": "2026-11-26T12:51:51", "request-id": asked, "client-request-id": asked}
    said = json_answer({"error": {"code": code, "message": message, "innerError": inner}}, status)
    said.headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return said


def refused(code: int, error: str, status: int = 400) -> Said:
    description = f"AADSTS{code}: Said by the stand-in.\r\nTrace ID: 0000aaaa-11bb-cccc-dd22-eeeeee333333"
    body = {
        "error": error,
        "error_description": description,
        "error_codes": [code],
        "timestamp": "2026-11-26 02:02:12Z",
    }
    return Said(status, json.dumps(body).encode(), "application/json; charset=utf-8")
