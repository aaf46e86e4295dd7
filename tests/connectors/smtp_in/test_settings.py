"""Settings that can't be right are told before anything is saved, with the field they stand in."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from connectors.smtp_in import SmtpIn, SmtpInConfig
from hub.contract import Misconfigured
from hub.contract.config import read_config
from tests.connectors.smtp.certificates import Authority
from tests.connectors.smtp_in.conftest import ADDRESSES, Listener
from tests.connectors.tools import TestTools, free_port


def check(**settings: object) -> None:
    values = {"addresses": ADDRESSES, "port": free_port(), **settings}
    asyncio.run(SmtpIn(read_config(SmtpInConfig, values), TestTools()).check())


def test_good_settings_pass_and_leave_the_port_free() -> None:
    port = free_port()
    check(port=port)
    check(port=port)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"addresses": {}}, "addresses"),
        ({"addresses": {"kommunen": "granvik/1"}}, "addresses"),
        ({"addresses": {"@granvik.example": "granvik/1"}}, "addresses"),
        ({"host": "192.0.2.7"}, "host"),
        ({"host": "no-such-host.invalid"}, "host"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, object], field: str) -> None:
    with pytest.raises(Misconfigured) as wrong:
        check(**settings)
    assert wrong.value.field == field
    assert str(wrong.value).endswith(".")


def test_a_certificate_without_its_key_names_the_setting_of_that(tmp_path: Path) -> None:
    certificate, _key = Authority(tmp_path).pair("localhost")
    (tmp_path / "alone.pem").write_text(certificate)
    with pytest.raises(Misconfigured, match="is named by private_key") as wrong:
        check(certificate=str(tmp_path / "alone.pem"))
    assert wrong.value.field == "certificate"


def test_a_port_in_use_is_named_by_check_and_by_listen(listener: Listener) -> None:
    with pytest.raises(Misconfigured, match="in use by another program, or by this channel itself if it runs") as wrong:
        check(port=listener.port)
    assert wrong.value.field == "port"
    with pytest.raises(Misconfigured, match=r"in use by another program\.$"):
        asyncio.run(listener.channel.listen(None))  # type: ignore[arg-type]  # it never gets as far as to keep


@pytest.mark.parametrize(
    "settings",
    [
        {"port": 0},
        {"port": 65536},
        {"protocol": "imap"},
        {"size_limit": 1},
        {"addresses": {"a@b.example": "granvik"}},
        {"hostname": "two words"},
        {"adresses": {}},
    ],
)
def test_what_the_form_refuses(settings: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_config(SmtpInConfig, {"addresses": ADDRESSES, **settings})
