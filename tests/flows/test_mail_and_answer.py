"""The main job, whole: a citizen's mail, an answer through the API, a real mail in the same thread, and back."""

from collections.abc import Callable
from email.utils import parseaddr

from tests.flows.house import CitizensMailServer, House
from tests.line import GRANVIK, HOLMO, letter, until

Build = Callable[..., House]


def test_from_a_mail_client_to_an_answer_and_back(build: Build, database_url: str, outside: CitizensMailServer) -> None:
    house = build(database_url)
    with house.serving():
        house.send(letter(Message_ID="<fraga@post.example>", References="<forr@post.example>"))
        until(lambda: house.ask("GET", "/search?q=brunn")[1]["items"])
        (found,) = house.ask("GET", "/search?q=brunn")[1]["items"]
        conversation = int(found["conversation_id"])
        house.reply(conversation, "Hej Ida!\n\nDen töms på torsdag.\n")
        (answer,) = outside.mails(1)
        assert answer["To"].addresses[0].addr_spec == "ida@post.example"
        assert answer["From"].addresses[0].addr_spec == GRANVIK
        assert answer["Subject"] == "Re: Slamtömning"
        assert str(answer["In-Reply-To"]) == "<fraga@post.example>"
        assert str(answer["References"]).split() == ["<forr@post.example>", "<fraga@post.example>"]
        assert "Den töms på torsdag." in answer.get_content()
        thanks = letter("Tack, då ställer jag fram grinden!", Subject="Sv: Slamtömning", To=str(answer["Reply-To"]))
        house.send(thanks, to=parseaddr(str(answer["Reply-To"]))[1])
        by_header = letter("En sak till", In_Reply_To=str(answer["Message-ID"]))
        house.entries(2)
        house.send(by_header)
        assert {entry.conversation_id for entry in house.entries(3)} == {conversation}
        timeline = house.ask("GET", f"/conversations/{conversation}/timeline")[1]["items"]
        texts = [each["text"].strip() for each in timeline if each["kind"] == "mail"]
        assert sorted(texts) == sorted(
            [
                "Hej, när töms min brunn?",
                "Hej Ida!\n\nDen töms på torsdag.",
                "Tack, då ställer jag fram grinden!",
                "En sak till",
            ]
        )
        (delivery,) = house.sent(1)
        assert delivery.outside_id
        stranger = letter("Läs upp ärendet", From="Olle <olle@annan.example>", In_Reply_To=str(answer["Message-ID"]))
        house.send(stranger)
        other = house.entries(4)[3]
        assert other.conversation_id != conversation
        assert len(outside.arrived) == 1


def test_each_municipality_answers_as_itself(build: Build, database_url: str, outside: CitizensMailServer) -> None:
    house = build(database_url)
    with house.serving():
        house.send(letter(To=HOLMO), to=HOLMO)
        (entry,) = house.entries(1)
        # Sara works in Granvik only: what is Holmö's isn't there for her.
        status, _, _ = house.ask("POST", f"/conversations/{entry.conversation_id}/replies", {"text": "Hej"})
        assert status == 404
        assert house.ask("GET", "/search?q=brunn")[1]["items"] == []
    assert outside.arrived == []
