"""House: a joint centre (Granvik, Holmö) and one elsewhere (Nesøy), their people, and forty mails that came by SMTP."""

from collections.abc import Mapping, Sequence
from copy import copy
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import StorageState, StorageStateCookie
from sqlalchemy import select, update

from hub import clock
from hub.access import login, password, person, session
from hub.access.person import Person
from hub.channels import add
from hub.cli.demo_fill.content import Story, read
from hub.edge.session import cookie_name
from hub.inbox import municipality, queue, topic
from hub.inbox.conversation import Conversation
from hub.inbox.delivery import Delivery
from hub.inbox.entry import Entry, Mail
from hub.inbox.municipality import Municipality
from hub.storage.base import Row
from hub.storage.open import open_storage
from hub.storage.unit import Unit
from tests import asking
from tests.flows import house as flow
from tests.line import GRANVIK, HOLMO, letter, until

PASSWORD = "a long and quiet river"
WASTE, NESOY = "avfall@granvik.example", "post@nesoy.example"
NAMES = {
    "sara": "Sara Lind",
    "anton": "Anton Berg",
    "leila": "Leila Haddad",
    "goran": "Göran Nyström",
    "kari": "Kari Vik",
    "olle": "Olle Norén",
    "elsa": "Elsa Ek",
}
"""Agent, agent, lead (and named for Social, where confidential ones lie), IT and admin; an agent elsewhere; an auditor;
one of a department."""
TOPICS = ("Slamtömning", "Sophämtning", "Bygglov", "Faktura", "Förskola", "Övrigt")
FILLED = 40


class House(flow.House):
    """Rows by name in `ids`, tokens of the API by first name in `tokens`. What leaves lies in `outgoing/`."""

    def __init__(self, folder: Path, database_url: str, **settings: object) -> None:
        self.tokens: dict[str, str] = {}
        # To sweep each second takes a thirtieth of a processor, and nobody here waits for it but `lets_go`.
        own = {"undo_seconds": 60, "sweep_seconds": 5.0, "lookup_places": f"{folder}/sources"}
        super().__init__(folder, database_url, 0, **{**own, **settings})

    def _set_up(self, unit: Unit, sends: str, sending: Mapping[str, object]) -> str:  # noqa: ARG002 - sends by a folder
        granvik = municipality.add(unit, "granvik", "Granvik kommun", "SE", hue=1)
        holmo = municipality.add(unit, "holmo", "Holmö kommun", "SE", hue=3)
        nesoy = municipality.add(unit, "nesoy", "Nesøy kommune", "NO", hue=2)
        kundtjanst = queue.add(unit, {"sv": "Kundtjänst"}, [granvik, holmo])
        avfall = queue.add(unit, {"sv": "Avfall"}, [granvik, holmo], answer_days=1)
        social = queue.add(unit, {"sv": "Social"}, [granvik])
        torg = queue.add(unit, {"nb": "Servicetorg"}, [nesoy])
        rows: dict[str, Row] = {"granvik": granvik, "holmo": holmo, "nesoy": nesoy}
        rows |= {"kundtjanst": kundtjanst, "avfall": avfall, "social": social, "servicetorg": torg}
        self.ids |= {name: row.id for name, row in rows.items()}
        for words in TOPICS:
            self.ids[words] = topic.add(unit, granvik, {"sv": words}).id
            topic.add(unit, holmo, {"sv": words})
        self._add_channels(unit)
        hashed = password.hashed(PASSWORD)
        centre = (granvik, holmo)
        self._add_person(unit, hashed, "sara@granvik.example", centre, "agent")
        self._add_person(unit, hashed, "anton@granvik.example", centre, "agent")
        leila = self._add_person(unit, hashed, "leila@granvik.example", centre, "lead")
        person.join(unit, leila, granvik, "lead", social.id)
        self._add_person(unit, hashed, "goran@granvik.example", (*centre, nesoy), "it", "admin")
        self._add_person(unit, hashed, "kari@nesoy.example", (nesoy,), "agent")
        self._add_person(unit, hashed, "olle@granvik.example", centre, "auditor")
        self._add_person(unit, hashed, "elsa@granvik.example", (granvik,), "department")
        return self.tokens["sara"]

    def _add_channels(self, unit: Unit) -> None:
        _, config = add.prepare(unit, self.registry, "eml_folder", {"folder": str(self.folder / "outgoing")})
        out = add.add(unit, "eml_folder", "Mail out", config)
        addresses = {
            GRANVIK: "granvik/Kundtjänst",
            HOLMO: "holmo/Kundtjänst",
            WASTE: "granvik/Avfall",
            NESOY: "nesoy/Servicetorg",
        }
        _, config = add.prepare(unit, self.registry, "smtp_in", {"port": self.port, "addresses": addresses})
        self.ids["in"] = add.add(unit, "smtp_in", "Mail in", config, sends_by_id=out.id).id

    def _add_person(self, unit: Unit, hashed: str, email: str, places: Sequence[Municipality], *roles: str) -> Person:
        """English, so that tests read as they are written."""
        name = email.partition("@")[0]
        row = person.add(unit, email, NAMES[name], "en")
        password.set_password(unit, row, hashed)
        for place in places:
            for role in roles:
                person.join(unit, row, place, role)
        self.ids[name], self.tokens[name] = row.id, login.add_token(unit, row, "test")
        return row

    def again(self) -> Self:
        """The same house on the files that are there now, which knows nothing of what came since it was filled."""
        other = copy(self)
        other.ids, other.tokens, other.storage = dict(self.ids), dict(self.tokens), open_storage(self.settings)
        return other

    @property
    def url(self) -> str:
        """Of the first `torg serve`."""
        return self.url_of(0)

    def url_of(self, web: int) -> str:
        """Of the first or the second."""
        return f"http://127.0.0.1:{self.web_ports[web]}"

    def logged_in(self, who: str) -> StorageState:
        """A session of theirs, as a browser keeps it."""

        def begin(unit: Unit) -> str:
            found = unit.get(Person, self.ids[who])
            assert found is not None
            return session.begin(unit, found)

        name, value = cookie_name(self.settings), self.write(begin)
        cookie = StorageStateCookie(
            name=name, value=value, domain="127.0.0.1", path="/", expires=-1, httpOnly=True, secure=True, sameSite="Lax"
        )
        return StorageState(cookies=[cookie], origins=[])

    def fill(self) -> None:
        """Forty mails, in the order that they are due: those to Avfall first."""
        told = read("sv").stories
        granvik = [each for each in told if each.municipality == "granvik"]
        holmo = [each for each in told if each.municipality == "holmo"]
        for to, stories in ((WASTE, granvik[:4]), (GRANVIK, granvik[4:32]), (HOLMO, holmo[:6])):
            self.send(*(_first(each, to, number) for number, each in enumerate(stories)), to=[to])
        self.send(*(letter(f"Hei, nummer {n}.", To=NESOY, Subject=f"Spørsmål {n}") for n in (1, 2)), to=[NESOY])
        self.entries(FILLED)

    def arrives(self, text: str = "Hej, när töms min brunn?", *, to: str = GRANVIK, **headers: str) -> int:
        """A mail comes by SMTP; its conversation's id, once it is there."""
        return self.takes(letter(text, To=to, **{"From": f"Ida Berg <ida{self.mails()}@post.example>", **headers}))

    def takes(self, mail: EmailMessage) -> int:
        """The same of any mail; what it lacks of date and Message-ID is added."""
        for name, value in (("Date", format_datetime(localtime())), ("Message-ID", f"<{self.mails()}@post.example>")):
            if name not in mail:
                mail[name] = value
        self.send(mail, to=[str(mail["To"])])
        return self.conversation_of(str(mail["Message-ID"]))

    def mails(self) -> int:
        """How many there are by now."""
        return len(self.all(select(Mail.id)))

    def goes_on(self, conversation_id: int | str, text: str) -> int:
        """Its citizen answers what they wrote last, by SMTP; the id of the entry, once it is there."""
        wrote = [each for each in self.timeline(conversation_id) if each["author"]["kind"] == "citizen"]
        asked = [each for each in wrote if each["mail"]["message_id"]][-1]
        known = asked["mail"]["message_id"]
        mail = letter(
            text,
            From=asked["mail"]["sender"],
            To=asked["body"]["address"],
            Subject=f"Re: {asked['body']['subject']}",
            In_Reply_To=known,
            References=known,
        )
        assert self.takes(mail) == int(conversation_id)
        newest = select(Entry.id).where(Entry.conversation_id == int(conversation_id)).order_by(Entry.id.desc())
        return self.all(newest)[0]

    def conversation_of(self, message_id: str) -> int:
        """Waits until that mail is an entry."""
        query = select(Entry.conversation_id).join(Mail, Mail.entry_id == Entry.id).where(Mail.message_id == message_id)
        until(lambda: self.all(query), 40)
        return self.all(query)[0]

    def hold_back(self, conversation_id: int, seconds: float) -> None:
        """Its answer is due in so many seconds, as if it had come at another time."""

        def write(unit: Unit) -> None:
            found = unit.lock(Conversation, conversation_id)
            assert found is not None
            found.due_at = clock.now() + int(seconds * clock.SECOND)

        self.write(write)

    def api(
        self, method: str, path: str, body: object = None, *, who: str = "sara", version: str = "", web: int = 0
    ) -> Any:
        """What the API answers `who`, decoded; an answer without content is None."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}", "If-Match": version}
        answer = asking.request(method, f"{self.url_of(web)}/api/v1{path}", json=body, headers=headers, timeout=30)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def change(self, method: str, conversation_id: int | str, part: str, body: object = None, who: str = "sara") -> Any:
        """Of a conversation as it is now: `change("PUT", 42, "closure")`."""
        version = self.conversation(conversation_id, who)["conversation"]["version"]
        return self.api(method, f"/conversations/{conversation_id}/{part}", body, who=who, version=f'"{version}"')

    def conversation(self, conversation_id: int | str, who: str = "sara") -> Any:
        """Its page."""
        return self.api("GET", f"/conversations/{conversation_id}", who=who)

    def timeline(self, conversation_id: int | str, who: str = "sara") -> Any:
        """Its entries, oldest first."""
        return self.api("GET", f"/conversations/{conversation_id}/timeline?limit=100", who=who)["items"]

    def lets_go(self) -> None:
        """What could still be taken back leaves now: nobody who means to is hurried, and nobody else waits."""

        def write(unit: Unit) -> None:
            now = clock.now()
            held = update(Delivery).where(Delivery.state == "queued", Delivery.not_before > now)
            unit.change(held.values(not_before=now))

        self.write(write)

    def outgoing(self, count: int, seconds: float = 40) -> Sequence[EmailMessage]:
        """Lets go what is held back, and waits until so many mails have left; oldest first."""
        folder = self.folder / "outgoing"
        self.lets_go()
        until(lambda: len(list(folder.glob("*.eml"))) >= count, seconds)
        found = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        assert len(found) == count, [each.name for each in found]
        return [message_from_bytes(each.read_bytes(), policy=policy.default) for each in found]


def _first(story: Story, to: str, number: int) -> EmailMessage:
    """What its citizen wrote first."""
    headers = {
        "From": f'"{story.citizen.name}" <{story.citizen.email}>',
        "To": to,
        "Subject": story.subject,
        "Date": format_datetime(localtime()),
        "Message-ID": f"<fill.{to.partition('@')[0]}.{number}@post.example>",
    }
    return letter(story.messages[0].text, **headers)
