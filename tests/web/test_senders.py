"""Senders in words: what a mail server reports says nothing of the citizen's own address."""

from typing import Any

import pytest

from hub.inbox.timeline import MailFields
from inbox_ui import senders


def _mail(automatic: str | None, authentication: str | None) -> MailFields:
    given: dict[str, Any] = dict.fromkeys(MailFields.__struct_fields__)
    return MailFields(**{**given, "automatic": automatic, "authentication": authentication})


@pytest.mark.parametrize("automatic", [None, "auto_reply", "generated"])
def test_a_mail_of_somebodys_says_whether_its_sender_is_known(automatic: str | None) -> None:
    tones = [senders.of_mail(_mail(automatic, each)) for each in ("known dmarc=pass", "unconfirmed", "failed spf=fail")]
    assert [each.tone if each else "none" for each in tones] == [None, "warn", "late"]


@pytest.mark.parametrize("automatic", ["bounce", "receipt", "complaint"])
def test_a_report_of_a_mail_server_says_so_only_when_it_is_forged(automatic: str) -> None:
    assert senders.of_mail(_mail(automatic, "unconfirmed")) is None
    assert senders.of_mail(_mail(automatic, None)) is None
    forged = senders.of_mail(_mail(automatic, "failed dmarc=fail"))
    assert forged is not None
    assert forged.tone == "late"
