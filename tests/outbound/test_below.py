"""What stands below an answer on the wire: who signs it, and what it answers; nothing that stays in the house (A38)."""

from email.message import EmailMessage
from uuid import uuid4

from hub.channels.route import reply_route
from hub.inbox import forward, letterhead, merge, new_message, note, reply, turn
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.inbox.municipality import Municipality
from hub.inbox.queue import Queue
from hub.storage.unit import Unit
from tests.outbound.conftest import PostOffice
from tests.outbound.test_outbox import Run, run
from tests.web.chats import add_chat
from tests.web.world import must

__all__ = ["run"]


def words(message: EmailMessage, kind: str = "plain") -> str:
    return str(must(message.get_body((kind,))).get_content()).replace("\r\n", "\n")


def sign(office: PostOffice, signature: str, *, quotes: bool) -> None:
    def write(unit: Unit) -> None:
        letterhead.put(unit, must(unit.get(Municipality, office.world.ids["granvik"])), None, signature, quotes)

    office.world.do(write)


def test_an_answer_is_signed_and_quotes_what_it_answers(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        sign(office, "{{agent}}\nGranvik", quotes=True)
        office.world.do(office.answer_to, office.world.mail("Var är den?\n\n/Eva"), "På väg.", 0)
        sign(office, "Ny", quotes=False)  # what is written already leaves as it was written
        await office.outbox.deliver_due()
        (sent,) = office.sink.messages()
        plain = words(sent)
        assert plain.startswith("På väg.\n\n-- \nSara\nGranvik\n\nDen ")
        assert plain.endswith(" skrev du:\n> Var är den?\n>\n> /Eva\n")
        assert "<blockquote" in words(sent, "html")
        office.answer("Klart.")
        await office.outbox.deliver_due()
        assert words(office.sink.messages()[-1]) == "Klart.\n\n-- \nNy\n"

    run(story)


def leave(office: PostOffice, *said: str, email: str = "eva@example.com") -> int:
    """Messages in a chat after hours, to be answered by mail; returns the conversation's id."""

    def write(unit: Unit) -> int:
        channel_id = add_chat(unit, office.world.ids)
        home = must(unit.get(Municipality, office.world.ids["granvik"]))
        queue = must(unit.get(Queue, office.world.ids["kontakt"]))
        visitor = turn.Visitor(uuid4().hex, "", "sv", "", email, "")
        row = turn.begin(unit, channel_id, home, queue, visitor, left=True)
        found = must(unit.get(Conversation, row.conversation_id))
        for each in said:
            turn.say(unit, row, found, each, each)
        return found.id

    return office.world.do(write)


def test_what_was_left_in_a_chat_after_hours_is_quoted_where_it_is_answered_by_mail(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        sign(office, "", quotes=True)
        found = leave(office, "Hej!", "Är vattnet avstängt?")
        assert office.world.get(f"/conversations/{found}/letterhead").json()["quotes"]
        mailed = office.world.mail()

        def write(unit: Unit) -> None:
            route = reply_route(unit, must(unit.get(Conversation, mailed)))
            reply.reply(unit, must(unit.get(Conversation, found)), office.world.ids["sara"], "Nej.", route, 0)

        office.world.do(write)
        await office.outbox.deliver_due()
        assert words(office.sink.messages()[0]).endswith(" skrev du:\n> Hej!\n> Är vattnet avstängt?\n")

    run(story)


def test_a_chat_is_quoted_to_nobody_but_who_was_in_it(run: Run) -> None:
    """It was made part of a conversation of another's."""

    async def story(office: PostOffice) -> None:
        sign(office, "", quotes=True)
        mailed = office.world.mail("Var är den?", sender="per@example.com")
        left = leave(office, "chatt-kanarie", email="eva@example.com")

        def write(unit: Unit) -> None:
            into, other = must(unit.get(Conversation, mailed)), must(unit.get(Conversation, left))
            merge.merge(unit, into, office.world.ids["sara"], other)

        office.world.do(write)
        office.world.do(office.answer_to, mailed, "På väg.", 0)
        await office.outbox.deliver_due()
        (sent,) = office.sink.messages()
        assert sent["To"] == "per@example.com"
        assert "kanarie" not in words(sent)
        assert words(sent).endswith("> Var är den?\n")

    run(story)


def test_where_there_is_nothing_to_quote_none_is_promised(run: Run) -> None:
    async def story(office: PostOffice) -> None:
        sign(office, "Granvik", quotes=True)
        found = leave(office)
        assert not office.world.get(f"/conversations/{found}/letterhead").json()["quotes"]

    run(story)


def test_nothing_internal_leaves_by_any_mail_of_ours(run: Run) -> None:
    """A38: notes, pinned cards, changes and a Bcc; in every kind of mail there is."""

    async def story(office: PostOffice) -> None:
        sign(office, "Granvik", quotes=True)
        sara = office.world.ids["sara"]
        conversation_id = office.world.mail("Var är min faktura?", sender="eva@example.com")

        def write(unit: Unit) -> None:
            found = must(unit.get(Conversation, conversation_id))
            asked = must(unit.get(Entry, found.last_entry_id))
            asked.body = {**asked.body, "bcc": ["hemlig-kanarie@granvik.example"], "full_text": "hel-kanarie"}
            note.add(unit, found, sara, "not-kanarie", [])
            card = {"title": "kort-kanarie"}
            found.append(
                unit,
                Entry(
                    kind="card", author_kind="person", author_id=sara, visibility="internal", text="kort-kanarie",
                    body={"card": card},
                ),
            )  # fmt: skip
            found.append_change(unit, sara, "misdirected", {"where": "handling-kanarie"})
            route = reply_route(unit, found)
            forward.forward(unit, found, sara, "Till er.", route, 0, to=["byra@myndighet.example"])
            reply.reply(unit, found, sara, "Svar.", route, 0, cc=["press@tidning.example"])
            note.add(unit, found, sara, "senare-kanarie", [])
            reply.reply(unit, found, sara, "Ett till.", route, 0, then="close")
            home = must(unit.get(Municipality, office.world.ids["granvik"]))
            queue = must(unit.get(Queue, office.world.ids["kontakt"]))
            new_message.begin(unit, home, queue, sara, "Hej.", route, 0, to="ny@example.com", subject="Nytt")

        office.world.do(write)
        while await office.outbox.deliver_due():
            pass
        assert len(office.sink.arrived) == 5
        for raw, message in zip(office.sink.arrived, office.sink.messages(), strict=True):
            said = "".join([raw.decode(), words(message), words(message, "html")]).lower()
            assert "kanarie" not in said
            assert "\nbcc:" not in said

    run(story)


def test_of_what_is_internal_nothing_can_be_quoted(run: Run) -> None:
    """Whatever stands in the row: an entry that isn't a mail between us and the citizen has no words for a mail."""

    async def story(office: PostOffice) -> None:
        conversation_id = office.world.mail()

        def write(unit: Unit) -> None:
            found = must(unit.get(Conversation, conversation_id))
            secret = note.add(unit, found, office.world.ids["sara"], "not-kanarie", [])
            entry = reply.reply(unit, found, office.world.ids["sara"], "Svar.", reply_route(unit, found), 0)
            entry.body = {**entry.body, "quotes": str(secret.id)}

        office.world.do(write)
        await office.outbox.deliver_due()
        assert words(office.sink.messages()[0]) == "Svar.\n"

    run(story)
