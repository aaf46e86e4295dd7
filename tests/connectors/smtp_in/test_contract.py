"""The contract's own tests."""

import smtplib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from connectors.mail import Mail
from connectors.smtp_in import SmtpIn
from hub.contract.testing import ConnectorTests, ListenTests
from tests.connectors.tools import free_port

SAMPLES = sorted(Path(__file__).parent.glob("samples/*.eml"))


class TestMail(ConnectorTests):
    connector = Mail
    samples = SAMPLES


class TestSmtpIn(ListenTests):
    connector = SmtpIn
    samples = SAMPLES
    settings = {"addresses": {"kommunen@granvik.example": "granvik/1"}}  # noqa: RUF012 - a class of tests, as pytest has it

    def listening(self) -> Mapping[str, Any]:
        return {**self.settings, "port": free_port()}

    def bring(self, settings: Mapping[str, Any], body: bytes) -> bool:
        with smtplib.SMTP("127.0.0.1", settings["port"], local_hostname="client.example", timeout=30) as client:
            try:
                client.sendmail("anna@exempel.example", ["kommunen@granvik.example"], body)
            except smtplib.SMTPDataError:
                return False
            return True
