"""A source that demands our certificate, or is certified by an authority of its own: a real one, by TLS."""

import asyncio
import ssl
from pathlib import Path
from typing import Annotated, Any

import pytest
from msgspec import Meta

from hub.contract import Config, Misconfigured, Secret, Subject, Unreachable, Unreadable
from hub.contract.config import read_config
from hub.lookups.open import close_lookup, opened
from plugins.lookups.rest import Rest
from plugins.lookups.rest.settings import RestConfig
from tests.connectors.smtp.certificates import Authority, encrypted
from tests.lookups.far_side import far_side
from tests.lookups.test_open import Reader


class TlsSettings(Config, frozen=True):
    base_url: Annotated[str, Meta(title="Address")] = ""
    authorities: Annotated[str, Meta(title="Authorities")] = ""
    client_certificate: Annotated[Secret | None, Meta(title="Certificate")] = None
    client_key: Annotated[Secret | None, Meta(title="Key")] = None


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"))


def asked(server: ssl.SSLContext, **settings: Any) -> tuple[bytes, list[bytes]]:
    async def ask() -> tuple[bytes, list[bytes]]:
        async with far_side(server) as side:
            config = TlsSettings(base_url=f"https://localhost:{side.port}", **settings)
            lookup = opened(Reader, config)
            try:
                answer = await lookup.tools.http.request("GET", "/invoices/17")
            finally:
                await close_lookup(lookup)
            return answer.content, side.ledger

    return asyncio.run(ask())


def test_our_certificate_is_shown_to_who_demands_it(ours: Authority) -> None:
    server = ours.demanding()
    certificate, key = ours.pair("torg")
    pair = {"client_certificate": Secret(certificate), "client_key": Secret(key)}
    content, ledger = asked(server, authorities=ours.pem, **pair)
    assert content == b"answer"
    assert len(ledger) == 1
    with pytest.raises(Unreachable):
        asked(server, authorities=ours.pem)


def test_the_generic_source_has_these_settings(ours: Authority) -> None:
    certificate, key = ours.pair("torg")

    async def ask() -> list[bytes]:
        async with far_side(ours.demanding()) as side:
            settings = {
                "base_url": f"https://localhost:{side.port}",
                "authorities": ours.pem,
                "client_certificate": certificate,
                "client_key": key,
                "card": "fields",
                "fields": {"title": "a"},
                "about": {"case": "b"},
                "by": {"case": {"path": "/{value}"}},
            }
            lookup = opened(Rest, read_config(RestConfig, settings))
            with pytest.raises(Unreadable):
                await lookup.find(Subject("case", "17"))
            await close_lookup(lookup)
            return side.ledger

    (asked,) = asyncio.run(ask())
    assert asked.startswith(b"GET /17 ")


def test_a_certificate_of_somebody_elses_authority_is_not_taken(ours: Authority, tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).pair("torg")
    with pytest.raises(Unreachable):
        asked(
            ours.demanding(),
            authorities=ours.pem,
            client_certificate=Secret(certificate),
            client_key=Secret(key),
        )


def test_an_authority_of_our_own_is_the_only_one(ours: Authority, tmp_path: Path) -> None:
    assert asked(ours.serving(), authorities=ours.pem)[0] == b"answer"
    with pytest.raises(Unreachable, match="certificate"):
        asked(ours.serving(), authorities=Authority(tmp_path).pem)
    with pytest.raises(Unreachable, match="certificate"):
        asked(ours.serving())


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"authorities": "not PEM"}, "authorities"),
        ({"authorities": "\0"}, "authorities"),
        ({"authorities": "å"}, "authorities"),
        ({"client_key": Secret("not PEM")}, "client_key"),
        ({"client_key": Secret("not PEM"), "client_certificate": Secret("not PEM")}, "client_key"),
    ],
)
def test_what_cannot_be_used_is_told_when_it_is_set(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        opened(Reader, TlsSettings(base_url="https://localhost", **settings))
    assert raised.value.field == field
    assert "not PEM" not in str(raised.value)


def test_a_key_of_another_or_encrypted_is_told(ours: Authority) -> None:
    certificate, key = ours.pair("torg")
    _, other = ours.pair("other")
    for wrong in (other, encrypted(key)):
        with pytest.raises(Misconfigured, match="not encrypted"):
            opened(
                Reader,
                TlsSettings(
                    base_url="https://localhost", client_certificate=Secret(certificate), client_key=Secret(wrong)
                ),
            )
