"""Calls and text messages by 46elks: they call us for each, and hear what to do; we call them for texts out.

Addresses to give them for a number: `voice_start` and `sms_url`, both the channel's own with `?key=…&do=…`, see README.
46elks signs nothing: the key in the address is the proof. A call is answered with the menu, where there is one, then
rings the numbers of what was chosen, or everybody: the first who is free. Whatever isn't answered with 200 they bring
again for six hours, so everything has a key of its own. It records nothing, plays no queue music, takes no pictures.
"""

import hmac
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import replace

from connectors.elks import steps
from hub.contract import (
    Answer,
    AuthFailed,
    Config,
    Deferred,
    Destination,
    Item,
    Misconfigured,
    OutgoingText,
    Outside,
    RawEvent,
    Receipt,
    ReceivedText,
    Receives,
    Refused,
    Register,
    Secret,
    TextAction,
    TextReport,
    Texts,
    Unreachable,
    Unreadable,
    WebCall,
    hook_impl,
)
from hub.contract.steps import SIGNED_IN

FORM = "application/x-www-form-urlencoded"
DEEDS = frozenset({"voice", "menu", "rang", "ended", "sms", "report"})
"""What a call of theirs is about, as `do` in the address says."""
ACTIONS: Mapping[str, TextAction] = {"sent": "sent", "delivered": "delivered", "failed": "failed"}
_NUMBER = r"^\+[1-9]\d{6,14}$"
_NUMBERS = r"^\+[1-9]\d{6,14}(,\+[1-9]\d{6,14})*$"
_WORDS = 300
"""Characters of their words that are shown."""
_NOT_NOW = frozenset({402, 429, 503})
"""No credit, too many, or out of order: taken later perhaps."""


class ElksConfig(Config, frozen=True):
    """The account, our number, and who answers what."""

    number: Annotated[str, Meta(title="Our number", description="as +46766861004", pattern=_NUMBER)]
    destination: Annotated[Destination, Meta(title="Goes to")]
    username: Annotated[str, Meta(title="API user name", min_length=1)]
    password: Annotated[Secret, Meta(title="API password")]
    key: Annotated[
        Secret,
        Meta(title="Key in our addresses", description="20 letters or more that nobody guesses: their only proof"),
    ]
    public_url: Annotated[
        str,
        Meta(title="Our address outside", description="as https://torg.granvik.example", pattern=r"^https?://[^\s/]+$"),
    ]
    menu: Annotated[
        str, Meta(title="Menu", description="address of the recording that says the choices; empty: none is played")
    ] = ""
    choices: Annotated[
        dict[str, Annotated[str, Meta(pattern=_NUMBERS)]],
        Meta(
            title="Choices", description="digit = numbers that ring, apart by commas; with none chosen all of them do"
        ),
    ] = field(default_factory=dict)
    queues: Annotated[
        dict[str, Destination],
        Meta(title="Queues", description="digit = municipality/queue, where it isn't the one above"),
    ] = field(default_factory=dict)
    texts_only: Annotated[
        bool, Meta(title="Text messages only", description="no telephone rings: callers hear that it is busy")
    ] = False
    currency: Annotated[str, Meta(title="Currency of the account", pattern="^[A-Z]{3}$")] = "SEK"
    api: Annotated[str, Meta(title="Address of the API")] = "https://api.46elks.com/a1"


class _Taken(Struct):
    """Their answer to POST /sms. `cost`: in ten-thousandths."""

    id: str
    status: str = "created"
    parts: int | None = None
    cost: int | None = None


class Elks(Receives[ElksConfig], Texts[ElksConfig]):
    """Calls and text messages of a number at 46elks."""

    kind = "elks"
    title = "46elks (calls, SMS)"
    Config = ElksConfig

    @classmethod
    def places(cls, config: ElksConfig) -> Mapping[str, Outside]:
        return {"api": Outside(config.api, (("POST", "/sms"), ("GET", "/me")), seconds=30.0, most_bytes=100_000)}

    async def check(self) -> None:
        config = self.config
        if len(config.key.reveal()) < 20:  # noqa: PLR2004 - as the form says
            raise Misconfigured("key", "Whoever guesses it can invent calls: give 20 letters or more.")
        for name, said in (("choices", config.choices), ("queues", config.queues)):
            for digit in said:
                if len(digit) != 1 or digit not in "0123456789":
                    raise Misconfigured(name, f"{digit!r} is no key of a telephone: one digit.")
        if unknown := sorted(set(config.queues) - set(config.choices)):
            raise Misconfigured("queues", f"{unknown[0]} is no choice: nobody can come to its queue.")
        if config.menu and not config.choices:
            raise Misconfigured("choices", "A menu has choices: say which numbers ring for each digit.")
        if not config.choices and not config.texts_only:
            raise Misconfigured(
                "choices", "Nobody's telephone rings: say which numbers do for each digit, or that it takes texts only."
            )
        if config.choices and config.texts_only:
            raise Misconfigured("texts_only", "It takes texts only, and numbers ring: leave out one of them.")
        with self.tools.step(SIGNED_IN):
            await self._log_in()

    def accept(self, call: WebCall) -> Sequence[RawEvent]:
        said_key = call.query.get("key", "").encode("utf-8", "replace")
        known = [hmac.compare_digest(said_key, each.encode()) for each in (self.config.key.reveal(), self._key_of_ours)]
        if not any(known):
            raise AuthFailed("The key in the address isn't the channel's.")
        do, said = call.query.get("do", ""), steps.form(call.content)
        name = said.get("callid") or said.get("id", "")
        if do not in DEEDS or not name:
            raise Unreadable("It is none of the calls that 46elks makes.")
        tried = call.query.get("tried", "")
        about = [do, name, said.get("result", ""), said.get("status", ""), tried]
        origin = {"do": do} | ({"tried": tried} if tried else {})
        rings = _connects(self.config, do, said, tried)
        origin |= {"rings": rings} if rings else {}
        event = RawEvent(":".join(about), call.content, FORM, None if do in {"sms", "report"} else name, origin=origin)
        return [self.anew(self.config, event)]

    @classmethod
    def anew(cls, config: ElksConfig, event: RawEvent) -> RawEvent:
        """With whose it is, the choice's own queue, where it has one. Which telephones rang stays as it was."""
        do, said = event.origin.get("do", ""), steps.form(event.body)
        chosen = said.get("result", "") if do == "menu" else ""
        kept = {name: event.origin[name] for name in ("do", "tried", "rings") if name in event.origin}
        return replace(event, origin={**kept, "route": config.queues.get(chosen, config.destination)})

    def answer(self, call: WebCall, references: Sequence[str]) -> Answer:  # noqa: ARG002 - what they hear is the same
        """What the call does next; of a message nothing, for a text would be sent as our answer."""
        do, said = call.query.get("do", ""), steps.form(call.content)
        if do == "voice" and self.config.menu:
            then: dict[str, Any] = {"ivr": self.config.menu, "digits": 1, "repeat": 2, "next": self._address("menu")}
        elif numbers := _connects(self.config, do, said, call.query.get("tried", "")):
            tried = "some" if do == "menu" and said.get("result", "") in self.config.choices else "all"
            then = {"connect": numbers, "next": self._address("rang", tried=tried)}
        elif do in {"voice", "menu"}:
            then = {"hangup": "busy"}
        else:
            return Answer(204)
        return Answer(
            200,
            {"content-type": "application/json"},
            msgspec.json.encode(then | {"whenhangup": self._address("ended")}),
        )

    @staticmethod
    def parse(group: Sequence[RawEvent]) -> Sequence[Item]:
        items: dict[str, Item] = {}
        for event in sorted(group, key=lambda each: each.key):
            do, said = event.origin.get("do", ""), steps.form(event.body)
            if do not in DEEDS or not (said.get("callid") or said.get("id")):
                raise Unreadable("It is none of the calls that 46elks makes.")
            for item in _READ[do](said, event):
                items[item.key] = item
        heard = [(each.origin.get("do", ""), steps.form(each.body), each) for each in group]
        return [*items.values(), *steps.answered(heard)]

    async def text(self, message: OutgoingText, handing_over: Callable[[], Awaitable[None]]) -> Receipt:
        said = {
            "from": message.sender,
            "to": message.recipient,
            "message": message.text,
            "whendelivered": self._address("report"),
        }
        await self._log_in()  # whoever can't be reached, or doesn't know us, is found out before anything leaves
        await handing_over()
        try:
            answer = await self._ask("POST", "/sms", urlencode(said).encode())
        except Unreachable as error:  # no name for it: it may have been taken
            raise ConnectionError("46elks gave no answer") from error
        if answer.status in _NOT_NOW:
            raise Deferred(_words(answer))
        if 400 <= answer.status < 500:  # noqa: PLR2004 - RFC 9110
            raise Refused(_words(answer))
        taken = msgspec.json.decode(answer.content, type=_Taken)  # else it may have been taken all the same
        if taken.status == "failed":
            raise Refused("46elks took it and failed.")
        cost = None if taken.cost is None else f"{taken.cost / 10_000:.2f} {self.config.currency}"
        return Receipt(taken.id, parts=taken.parts, cost=cost)

    @property
    def _key_of_ours(self) -> str:
        """For the addresses that we give them in our answers: the key itself goes to nobody."""
        return hmac.new(self.config.key.reveal().encode(), self.tools.called_at.encode(), "sha256").hexdigest()[:32]

    async def _log_in(self) -> None:
        answer = await self._ask("GET", "/me")
        if answer.status == 401:  # noqa: PLR2004 - RFC 9110
            raise AuthFailed("46elks doesn't take this user name and password.")
        if answer.status >= 400:  # noqa: PLR2004 - the same
            raise Unreachable(f"46elks answers {answer.status}.")

    async def _ask(self, method: str, path: str, content: bytes = b"") -> Answer:
        config = self.config
        log_in = b64encode(f"{config.username}:{config.password.reveal()}".encode()).decode()
        headers = {"authorization": f"Basic {log_in}"} | ({"content-type": FORM} if content else {})
        return await self.tools.elsewhere("api").request(method, path, headers=headers, content=content)

    def _address(self, do: str, **more: str) -> str:
        query = urlencode({"key": self._key_of_ours, "do": do, **more})
        return f"{self.config.public_url}{self.tools.called_at}?{query}"


def _connects(config: ElksConfig, do: str, said: Mapping[str, str], tried: str) -> str:
    """The numbers that ring next: the choice's own, and everybody's when none of those is free; the first who answers
    has it. Empty: none does."""
    again = do == "rang" and said.get("result") != "success" and tried == "some"
    if not (again or do == "menu" or (do == "voice" and not config.menu)):
        return ""
    everybody = sorted({number for each in config.choices.values() for number in each.split(",")})
    return (config.choices.get(said.get("result", "")) if do == "menu" else None) or ",".join(everybody)


def _sms(said: Mapping[str, str], event: RawEvent) -> list[Item]:
    return [
        ReceivedText(
            key=said["id"],
            sender=said.get("from", ""),
            recipient=said.get("to", ""),
            text=said.get("message", ""),
            sent_at=steps.time_of(said.get("created")) or event.received_at,
        )
    ]


def _report(said: Mapping[str, str], event: RawEvent) -> list[Item]:
    action = ACTIONS.get(said.get("status", ""))
    if action is None:
        raise Unreadable("What became of the message is said in a word that isn't known.")
    at = steps.time_of(said.get("delivered")) or event.received_at
    return [TextReport(key=event.key, outside_id=said["id"], action=action, at=at)]


_READ: Mapping[str, Callable[[Mapping[str, str], RawEvent], list[Item]]] = {
    "voice": steps.voice,
    "menu": steps.menu,
    "rang": steps.rang,
    "ended": steps.ended,
    "sms": _sms,
    "report": _report,
}


def _words(answer: Answer) -> str:
    said = " ".join(answer.content.decode("utf-8", "replace").split())[:_WORDS]
    return f"46elks says: {said or answer.status}"


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(Elks)
