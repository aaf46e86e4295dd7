"""What is tried before a channel is saved: log-in, folders, and a mailbox that must stay shut."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from connectors.graph_mail import GraphMail, require_cloud
from hub.contract import AuthFailed, Misconfigured, PluginError, Unreachable
from tests.connectors.graph_mail.opened import Hub, run
from tests.connectors.smtp.certificates import Authority, encrypted
from tests.stand_ins.graph import Graph
from tests.stand_ins.graph.server import MAILBOX, OTHER

pytest.importorskip("msgraph", reason="torg[msgraph] isn't installed")


@pytest.fixture
def graph() -> Iterator[Graph]:
    with Graph() as graph:
        yield graph


def check(graph: Graph, **settings: Any) -> PluginError | None:
    """What it says against these settings."""
    hub = Hub(graph, **settings)

    async def story(connector: GraphMail) -> None:
        await connector.check()

    try:
        run(hub, story)
    except PluginError as error:
        return error
    return None


def test_a_mailbox_that_is_shut_is_what_is_wanted(graph: Graph) -> None:
    assert check(graph) is None
    assert graph.asked("GET", OTHER), "it was tried"


def test_an_app_that_opens_everybodys_mail_is_not_saved(graph: Graph) -> None:
    graph.open_mailboxes.add(OTHER)
    error = check(graph)
    assert isinstance(error, Misconfigured)
    assert error.field == "forbidden_mailbox"
    assert "RBAC for Applications" in str(error)
    assert "application access policy" in str(error)


def test_a_forbidden_mailbox_that_is_not_there_proves_nothing(graph: Graph) -> None:
    error = check(graph, forbidden_mailbox="ingen@granvik.example")
    assert isinstance(error, Misconfigured)
    assert (error.field, "nothing is proved" in str(error)) == ("forbidden_mailbox", True)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"client_secret": None}, "client_secret"),
        ({"certificate": "-----BEGIN CERTIFICATE-----"}, "client_secret"),
        ({"addresses": {"annan@granvik.example": "granvik/1"}}, "addresses"),
        ({"forbidden_mailbox": MAILBOX}, "forbidden_mailbox"),
        ({"after": "move"}, "move_to"),
        ({"after": "move", "move_to": "Finns inte"}, "folders"),
        ({"folders": ["Finns inte"]}, "folders"),
        ({"notification_url": "http://torg.granvik.example"}, "notification_url"),
        ({"notification_url": "https://torg.granvik.example/calls"}, "notification_url"),
        ({"begin": "2026-13-01"}, "begin"),
        ({"begin": "2999-01-01"}, "begin"),
    ],
)
def test_settings_that_cannot_be_right_are_named(graph: Graph, settings: dict[str, Any], field: str) -> None:
    error = check(graph, **settings)
    assert isinstance(error, Misconfigured)
    assert error.field == field


def test_a_mailbox_that_nobody_knows_is_named(graph: Graph) -> None:
    graph.known_mailboxes.discard(MAILBOX)
    error = check(graph)
    assert isinstance(error, Misconfigured)
    assert error.field == "mailbox"


def test_a_refused_log_in_says_which_setting(graph: Graph) -> None:
    graph.secret = "another"
    error = check(graph)
    assert isinstance(error, AuthFailed)
    assert "client_secret, AADSTS7000215" in str(error)
    assert "hemligt" not in str(error)
    error = check(graph, client_id="other")
    assert "client_id, AADSTS700016" in str(error)
    error = check(graph, tenant="other.example")
    assert "tenant, AADSTS90002" in str(error)


def test_a_log_in_that_cannot_answer_now_is_tried_later(graph: Graph) -> None:
    graph.misbehave("status", path="/token", status=503, retry_after="11")
    error = check(graph)
    assert isinstance(error, Unreachable)
    assert error.wait == 11


def test_a_certificate_logs_in_and_its_key_never_leaves(graph: Graph) -> None:
    pem, key = rsa_pair()
    graph.public_key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    assert check(graph, client_secret=None, certificate=key + pem) is None
    (asked,) = graph.asked("POST", "/token")
    assert b"client_secret" not in asked.content
    other, other_key = rsa_pair()
    error = check(graph, client_secret=None, certificate=other + other_key)
    assert "certificate, AADSTS700027" in str(error)


def test_a_certificate_that_cannot_be_used_says_so_without_repeating_it(graph: Graph, tmp_path: Path) -> None:
    pem, key = rsa_pair()
    for wrong in (
        pem,
        key,
        "nonsense",
        pem + encrypted(key),
        pem + rsa_pair()[1],
        "".join(Authority(tmp_path).pair("app")),
    ):
        error = check(graph, client_secret=None, certificate=wrong)
        assert isinstance(error, Misconfigured)
        assert error.field == "certificate"
        assert "MII" not in str(error)


@pytest.mark.parametrize(
    ("graph_url", "login_url", "field"),
    [
        ("https://graph.microsoft.com", "https://login.microsoftonline.com", None),
        ("https://graph.microsoft.us", "https://login.microsoftonline.us", None),
        ("https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn", None),
        ("https://graph.microsoft.com.evil.example", "https://login.microsoftonline.com", "graph_url"),
        ("http://graph.microsoft.com", "https://login.microsoftonline.com", "graph_url"),
        ("https://graph.microsoft.com/x", "https://login.microsoftonline.com", "graph_url"),
        ("https://graph.microsoft.com", "https://login.chinacloudapi.cn", "login_url"),
        ("https://graph.microsoft.com", "http://127.0.0.1", "login_url"),
        ("http://127.0.0.1", "https://evil.example", "graph_url"),
    ],
)
def test_the_secret_goes_to_microsofts_own_hosts_only(graph_url: str, login_url: str, field: str | None) -> None:
    if field is None:
        require_cloud(graph_url, login_url)
        return
    with pytest.raises(Misconfigured) as error:
        require_cloud(graph_url, login_url)
    assert error.value.field == field


def test_a_link_to_another_host_is_not_followed(graph: Graph) -> None:
    with Graph() as other:
        hub = Hub(graph)
        hub.cursor = (
            b'{"mailbox":"kontakt@granvik.example","began":"2026-11-26T00:00:00Z","folders":{"inbox":{"link":"%s/v1.0/users/x/messages/delta","ends":true}}}'
            % other.address.encode()
        )

        async def story(connector: GraphMail) -> None:
            with pytest.raises(Unreachable, match="another host"):
                await connector.pull(hub.cursor)

        run(hub, story)
        assert other.ledger == []


def rsa_pair() -> tuple[str, str]:
    """A certificate of the app's own and its key, as an admin makes them."""
    key, name = rsa.generate_private_key(65_537, 2048), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "torg")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM).decode(), private.decode()
