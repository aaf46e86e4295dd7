"""Files of a draft: in one request, or in an upload session (attachment-createuploadsession.md), piece by piece."""

import base64
import json
import re
from typing import Any

from tests.stand_ins.graph.answers import LARGEST, Asked, Said, error, json_answer
from tests.stand_ins.graph.mailbox import Message
from tests.stand_ins.graph.outward import TENANT


class Uploads:
    """`at`: the host that it names for them."""

    def __init__(self, at: str) -> None:
        self.at = at
        self._sessions: dict[str, tuple[Message, dict[str, Any], bytearray]] = {}

    def attach(self, asked: Asked, message: Message, rest: list[str]) -> Said:
        if len(asked.content) > LARGEST:
            return error(413, "RequestEntityTooLarge")
        wanted = {name.lower(): value for name, value in json.loads(asked.content).items()}
        if not rest:
            message.attach(wanted, base64.b64decode(wanted["contentbytes"]))
            return json_answer({"@odata.type": wanted["@odata.type"], "id": "AAMkADNkN2R", "name": wanted["name"]}, 201)
        session = f"AAMkADI5MAAIT3k0uAAA{len(self._sessions)}="
        self._sessions[session] = (message, wanted["attachmentitem"], bytearray())
        path = f"/api/v2.0/Users('a8e8e219@{TENANT}')/Messages('{message.key}')/AttachmentSessions('{session}')"
        return json_answer(
            {
                "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.uploadSession",
                "uploadUrl": f"{self.at}{path}?authtoken=eyJhbGciOiJSUzI1NiI",
                "expirationDateTime": "2026-09-25T01:09:30.7671707Z",
                "nextExpectedRanges": ["0-"],
            },
            201,
        )

    def piece(self, asked: Asked) -> Said:
        """Pre-authenticated: whoever sends a token along is refused, as there."""
        session = (re.search(r"AttachmentSessions\('(.*)'\)", asked.path) or ["", ""])[1]
        if "authorization" in asked.headers or "authtoken" not in asked.query or session not in self._sessions:
            return error(401, "InvalidAuthenticationToken")
        message, item, came = self._sessions[session]
        first, last, size = map(int, re.findall(r"\d+", asked.headers["content-range"]))
        if (
            first != len(came)
            or last - first + 1 != len(asked.content)
            or size != item["size"]
            or len(asked.content) > LARGEST
        ):
            return error(416, "InvalidContentRange")
        came += asked.content
        if len(came) < size:
            return json_answer({"nextExpectedRanges": [f"{len(came)}-"]})
        message.attach({name.lower(): value for name, value in item.items()}, bytes(came))
        return Said(201)
