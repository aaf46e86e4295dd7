"""Reads mail, brought by whatever: the common parser of all mail connectors (RFC 5322, RFC 2045), as a kind of its own.

`torg parse mail FILE…` uses it. It brings nothing in and sends nothing, so no channel is made of it.
"""

from hub.contract import Config, Connector, Register, hook_impl
from hub.formats import mail


class MailConfig(Config, frozen=True):
    """Nothing to set."""


class Mail(Connector[MailConfig]):
    """A parser only."""

    kind = "mail"
    title = "Mail (parser only)"
    Config = MailConfig

    parse = staticmethod(mail.parse)


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(Mail)
