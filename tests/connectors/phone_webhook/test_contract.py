"""The contract's own tests."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

from connectors.phone_webhook import CTI, SIGNED, PhoneWebhook, cti, signed
from hub import clock
from hub.contract import RawEvent, WebCall
from hub.contract.testing import ReceiveTests

TOKEN = "en-hemlighet-som-ingen-gissar"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwkkk3D2l9"
SETTINGS: Mapping[str, Any] = {
    "token": TOKEN,
    "secret": SECRET,
    "lines": {"+46191234500": "granvik/1", "Vatten": "granvik/2"},
}
NEW = {"event": "newCall", "callId": "1", "from": "46701740605", "to": "46191234500", "direction": "in"}
WHOLE = {"event_id": "e1", "call_id": "c1", "kind": "offered", "at": "2026-11-27T08:15:00Z"}
FORM = "application/x-www-form-urlencoded"


class TestPhoneWebhook(ReceiveTests):
    connector = PhoneWebhook
    samples: ClassVar[Sequence[Path]] = sorted(Path(__file__).parent.glob("samples/*"))
    settings: ClassVar[Mapping[str, Any]] = SETTINGS

    def events(self, sample: Path) -> Sequence[RawEvent]:
        return recorded(sample)

    def calls(self) -> Sequence[WebCall]:
        return [
            told(NEW),
            told(NEW, "application/json"),
            told({**NEW, "event": "hangup", "cause": "busy"}),
            whole(WHOLE),
        ]

    def forged(self) -> Sequence[WebCall]:
        signed_one, other = whole(WHOLE), whole({**WHOLE, "event_id": "e2"})
        wrong = [
            WebCall({}, {**signed_one.headers, "webhook-signature": said}, signed_one.content)
            for said in ("", "v1,", "ö", other.headers["webhook-signature"])
        ]
        old = whole(WHOLE, at=time.time() - 301)
        return [*(told(NEW, token=each) for each in ("", TOKEN[:-1], TOKEN + "0", "ö")), *wrong, old]


def recorded(sample: Path) -> Sequence[RawEvent]:
    """As `accept` makes them, dated by the hub."""
    events = []
    for number, each in enumerate(json.loads(sample.read_text("utf-8"))):
        at = clock.from_iso(each["at"]) or 0
        if "signed" in each:
            body, media_type, group = json.dumps(each["signed"]).encode(), SIGNED, each["signed"]["call_id"]
        else:
            fields = cti.read(FORM, urlencode(each["form"]).encode())
            body, media_type, group = json.dumps(fields).encode(), CTI, fields["callId"]
        events.append(RawEvent(str(number), body, media_type, group, {"route": "granvik/1"}, received_at=at))
    return events


def told(fields: Mapping[str, Any], media_type: str = FORM, token: str = TOKEN) -> WebCall:
    """A field that is a list is as often there."""
    body = json.dumps(fields).encode() if "json" in media_type else urlencode(fields, doseq=True).encode()
    return WebCall({"token": token}, {"content-type": media_type}, body)


def whole(event: Mapping[str, Any], at: float | None = None) -> WebCall:
    """Signed by the exchange, now or at a time."""
    body, name = json.dumps(event).encode(), f"msg_{event['event_id']}"
    moment = str(int(time.time() if at is None else at))
    said = signed.signature(signed.key_of(SECRET), name, moment, body)
    return WebCall({}, {"webhook-id": name, "webhook-timestamp": moment, "webhook-signature": said}, body)
