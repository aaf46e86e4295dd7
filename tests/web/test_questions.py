"""A new question in an answer to something closed: what the API and the page say, and the way back."""

from typing import Any

from sqlalchemy import select

from hub.access.audit import Audit
from hub.inbox import question
from hub.inbox.conversation import Conversation
from hub.inbox.entry import Entry
from hub.storage.unit import Unit
from tests.web.test_misdirection import looked
from tests.web.world import World, must


def answered(world: World, *, another: bool = True) -> tuple[int, int]:
    """Something that was closed, and the mail that has opened it again."""
    one = world.mail()

    def write(unit: Unit) -> int:
        conversation = must(unit.lock(Conversation, one))
        conversation.close(unit, world.actor("sara").id)
        conversation.closed_at = None
        conversation.append_change(unit, None, "reopened", {question.ASKED: True} if another else {})
        body: dict[str, Any] = {"subject": "Bygglov", "name": "", "address": "", "full_text": None, "problems": []}
        entry = Entry(kind="mail", author_kind="citizen", visibility="public", text="Får jag bygga?", body=body)
        return conversation.append(unit, entry).id

    return one, world.do(write)


def test_it_is_asked_once_and_of_that_mail(world: World) -> None:
    one, mail = answered(world)
    assert looked(world, one).asks == str(mail)
    done = world.change("PUT", f"/conversations/{one}/same-question", version=world.version(one))
    assert done.status_code == 200, done.text
    assert looked(world, one).asks is None
    assert looked(world, answered(world, another=False)[0]).asks is None


def test_it_becomes_a_conversation_of_its_own_and_one_again(world: World) -> None:
    one, mail = answered(world)
    path = f"/conversations/{one}/new-questions"
    done = world.change("PUT", f"{path}/{mail}", version=world.version(one))
    assert done.status_code == 200, done.text
    own = int(done.json()["id"])
    assert (done.json()["subject"], done.headers["etag"]) == ("Bygglov", world.version(own))
    assert [each["id"] for each in world.everything(f"/conversations/{own}/timeline") if each["kind"] == "mail"] == [
        str(mail)
    ]
    assert looked(world, one).asks is None
    again = world.change("DELETE", f"{path}/{own}", version=world.version(one))
    assert (again.status_code, again.json()["closed_at"]) == (200, None), again.text
    assert str(mail) in [each["id"] for each in world.everything(f"/conversations/{one}/timeline")]
    assert world.change("DELETE", f"{path}/{own}", version=world.version(one)).status_code == 404
    acts = world.do(lambda unit: unit.all(select(Audit.act).where(Audit.act.like("conversation.part%"))))
    assert sorted(acts) == ["conversation.part", "conversation.parted"]


def test_the_first_mail_and_anothers_are_no_new_question(world: World) -> None:
    one, _ = answered(world)
    first = next(each["id"] for each in world.everything(f"/conversations/{one}/timeline") if each["kind"] == "mail")
    path = f"/conversations/{one}/new-questions"
    assert world.change("PUT", f"{path}/{first}", version=world.version(one)).status_code == 422
    _, elsewhere = answered(world)
    assert world.change("PUT", f"{path}/{elsewhere}", version=world.version(one)).status_code == 404
