"""A mail leaves once, as we wrote it, or it is said why not."""

import asyncio
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.graph_mail import GraphMail
from hub.contract import (
    Address,
    AuthFailed,
    Deferred,
    OutgoingMessage,
    PluginError,
    Refused,
    SentAttachment,
    Unreachable,
)
from tests.connectors.graph_mail.opened import Hub, run
from tests.connectors.tools import outgoing
from tests.stand_ins.graph import Graph

pytest.importorskip("msgraph", reason="torg[msgraph] isn't installed")


@pytest.fixture
def graph() -> Iterator[Graph]:
    with Graph() as graph:
        yield graph


class Sending:
    """`handed_over`: how often the hub was told. `outcome`: what came of it."""

    def __init__(self, graph: Graph, message: OutgoingMessage) -> None:
        self.handed_over = 0
        self.outcome: Any = None

        async def handing_over() -> None:
            self.handed_over += 1

        async def story(connector: GraphMail) -> None:
            try:
                self.outcome = await connector.send(message, handing_over)
            except Exception as error:  # noqa: BLE001 - what it raises is what is tested
                self.outcome = error

        run(Hub(graph), story)


@pytest.mark.parametrize("exchange_names_it", [False, True])
def test_our_message_id_and_headers_leave_and_a_copy_stays(graph: Graph, exchange_names_it: bool) -> None:
    graph.own_message_ids = exchange_names_it
    message = replace(outgoing(), in_reply_to="<7@exempel.example>", references=["<6@exempel.example>"])
    sending = Sending(graph, message)
    sent = message_from_bytes(graph.sent[0], policy=policy.default)
    assert sent["Message-ID"] == message.message_id
    assert (sent["In-Reply-To"], sent["References"]) == ("<7@exempel.example>", "<6@exempel.example>")
    assert sent["Reply-To"] == "kommunen+token@granvik.example"
    (copy,) = graph.mailbox.within("sentitems")
    assert sending.outcome.outside_id == copy.key, "by this name one can look where it is"
    assert graph.mailbox.within("drafts") == []
    assert bool(graph.asked("PATCH", "messages")) == exchange_names_it


def test_who_else_gets_it_stands_in_no_header_for_graph_would_send_to_them_again(graph: Graph) -> None:
    anna, olle = outgoing().recipient, Address("", "olle@exempel.example")
    Sending(graph, replace(outgoing(), to=[anna, olle], cc=[Address("", "eva@exempel.example")]))
    sent = message_from_bytes(graph.sent[0], policy=policy.default)
    assert [each.addr_spec for each in sent["To"].addresses] == ["anna@exempel.example"]
    assert sent["Cc"] is None


def test_it_is_from_an_address_of_the_mailbox(graph: Graph) -> None:
    Sending(graph, replace(outgoing(), sender=Address("Granvik", "info@granvik.example")))
    Sending(graph, outgoing())
    senders = [message_from_bytes(each, policy=policy.default)["From"].addresses[0].addr_spec for each in graph.sent]
    assert senders == ["info@granvik.example", "kontakt@granvik.example"]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "ErrorInvalidRecipients", Refused),
        (403, "ErrorSendAsDenied", Refused),
        (403, "ErrorAccessDenied", Deferred),
        (401, "InvalidAuthenticationToken", Deferred),
        (404, "ErrorItemNotFound", Deferred),
        (429, "ApplicationThrottled", Deferred),
        (503, "ServiceNotAvailable", Deferred),
    ],
)
def test_a_no_is_a_no_and_its_draft_is_taken_away(graph: Graph, status: int, code: str, kind: type[Exception]) -> None:
    graph.misbehave("status", path="/send", status=status, code=code, retry_after="7")
    sending = Sending(graph, outgoing())
    assert isinstance(sending.outcome, kind)
    assert code in str(sending.outcome)
    assert "exempel" not in str(sending.outcome), "nobody's address"
    if isinstance(sending.outcome, Deferred):
        assert sending.outcome.wait == 7
    assert (sending.handed_over, graph.sent, graph.mailbox.within("drafts")) == (1, [], [])


@pytest.mark.parametrize(
    "deed", [{"deed": "status", "status": 500}, {"deed": "status", "status": 504}, {"deed": "silent"}]
)
def test_what_nobody_said_has_no_name_and_is_not_tried_again(graph: Graph, deed: dict[str, Any]) -> None:
    graph.misbehave(path="/send", **deed)
    sending = Sending(graph, outgoing())
    assert isinstance(sending.outcome, Exception)
    assert not isinstance(sending.outcome, PluginError)
    assert sending.handed_over == 1
    assert len(graph.sent) == (deed["deed"] == "silent")


@pytest.mark.parametrize(
    ("deed", "kind"),
    [
        ({"status": 429, "code": "ApplicationThrottled", "retry_after": "30"}, Unreachable),
        ({"status": 500, "code": "InternalServerError"}, Unreachable),
        ({"status": 403, "code": "ErrorAccessDenied"}, AuthFailed),
    ],
)
def test_before_the_point_of_no_return_nothing_is_at_stake(
    graph: Graph, deed: dict[str, Any], kind: type[Exception]
) -> None:
    graph.misbehave("status", path="/messages", method="POST", **deed)
    sending = Sending(graph, outgoing())
    assert isinstance(sending.outcome, kind)
    assert (sending.handed_over, graph.sent, graph.mailbox.within("drafts")) == (0, [], [])


def test_files_that_no_mail_could_hold_are_refused_in_a_sentence(graph: Graph) -> None:
    file = SentAttachment("ritning.pdf", "application/pdf", b"x" * 50_000_001)
    sending = Sending(graph, replace(outgoing(), attachments=[file, file]))
    assert isinstance(sending.outcome, Refused)
    assert "100 MB together" in str(sending.outcome)
    assert graph.ledger == []


def test_large_files_are_brought_piece_by_piece_before_it_is_handed_over(graph: Graph) -> None:
    files = [
        SentAttachment("karta.png", "image/png", bytes(range(256)) * 2_000, "karta@torg"),
        SentAttachment("små åar.txt", "text/plain", b"abc"),
        SentAttachment("mellan.bin", "application/octet-stream", bytes(range(256)) * 10_000),
        SentAttachment("ritning.pdf", "application/pdf", bytes(range(256)) * 40_000),
    ]
    sending = Sending(graph, replace(outgoing(), attachments=files))
    assert sending.handed_over == 1, sending.outcome
    (sent,) = graph.sent
    parsed = message_from_bytes(sent, policy=policy.default)
    found = {part.get_filename(): part.get_content() for part in parsed.walk() if part.get_filename()}
    assert {name: len(content) for name, content in found.items()} == {file.name: len(file.content) for file in files}
    assert found["ritning.pdf"] == files[3].content
    assert parsed["Message-ID"] == outgoing().message_id
    assert len(graph.asked("PUT", "AttachmentSessions")) == 3
    assert max(len(each.content) for each in graph.ledger) < 4_000_000


@pytest.mark.parametrize("path", ["createUploadSession", "AttachmentSessions"])
def test_a_file_that_cannot_be_brought_now_leaves_no_draft(graph: Graph, path: str) -> None:
    graph.misbehave("status", path=path, status=503, retry_after="9")
    file = SentAttachment("ritning.pdf", "application/pdf", b"x" * 5_000_000)
    sending = Sending(graph, replace(outgoing(), attachments=[file]))
    assert isinstance(sending.outcome, Unreachable)
    assert sending.outcome.wait == 9
    assert (sending.handed_over, graph.sent, graph.mailbox.within("drafts")) == (0, [], [])


def test_a_file_goes_to_microsofts_host_only(graph: Graph) -> None:
    graph.uploads.at = "http://evil.example"
    file = SentAttachment("ritning.pdf", "application/pdf", b"x" * 5_000_000)
    sending = Sending(graph, replace(outgoing(), attachments=[file]))
    assert "another host" in str(sending.outcome)
    assert (sending.handed_over, graph.sent) == (0, [])


def test_the_loop_goes_on_while_the_library_is_imported() -> None:
    """It takes a second, in the channel's own thread."""

    async def story() -> int:
        ticks = 0
        with Graph() as graph:
            hub = Hub(graph)
            async with hub.opened() as connector:
                pulling = asyncio.create_task(connector.pull(None))
                while not pulling.done():
                    ticks += 1
                    await asyncio.sleep(0.005)
                await pulling
        return ticks

    assert asyncio.run(story()) > 1
