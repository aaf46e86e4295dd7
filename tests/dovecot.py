"""Dovecot, a real IMAP server, as `servers` has the others: for the connector that fetches mailboxes."""

import base64
import grp
import os
import pwd
import shutil
import signal
from pathlib import Path
from socket import AF_INET, socket
from typing import Any

from hub.proof.ports import free_ports
from tests.servers import Server, nobody, on_path

_SETTINGS = """\
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
ssl = {ssl}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
mail_home = {folder}/home/%u
mail_location = maildir:{folder}/mail/%u
mail_max_userip_connections = 100
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2
}}
passdb {{
  driver = static
  args = password=hemligt
}}
userdb {{
  driver = static
  args = uid={user} gid={group}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


class Dovecot(Server):
    """An IMAP server: every user's password is `hemligt`, and a token that `secret` signs is one, too.

    Whoever has a wrong one is told at once: others let them wait, the longer the oftener.
    """

    title, package, variable = "Dovecot", "dovecot-imapd", "TORG_TEST_DOVECOT"
    secret = b"0123456789abcdef0123456789abcdef"

    def __init__(self, certificate: tuple[str, str] | None = None, **settings: str) -> None:
        """`certificate`: with its key, PEM, for TLS on `tls_port`; `settings`: lines of its configuration."""
        super().__init__()
        self.port, self.tls_port = free_ports(2)
        self._certificate, self._settings = certificate, settings

    @classmethod
    def candidates(cls) -> list[Path]:
        if named := os.environ.get(cls.variable):
            return [Path(named)]
        sbin = Path("/usr/sbin/dovecot")  # not on everybody's PATH
        return [*on_path("dovecot"), *([sbin] if sbin.exists() else [])]

    def whose(self) -> dict[str, Any]:
        """Its mails needn't be root's."""
        return nobody()

    def prepare(self) -> None:
        user = pwd.getpwuid(self.identity["user"] if self.identity else os.geteuid())
        group = grp.getgrgid(user.pw_gid).gr_name
        for each in ("run", "mail", "home", "keys/default/HS256"):
            (self.folder / each).mkdir(parents=True)
        (self.folder / "keys/default/HS256/default").write_text(base64.b64encode(self.secret).decode())
        keys = f"fs:posix:prefix={self.folder}/keys/"
        (self.folder / "oauth2").write_text(
            f"introspection_mode = local\nlocal_validation_key_dict = {keys}\nusername_attribute = email\n"
        )
        values = {"folder": self.folder, "user": user.pw_name, "group": group, "port": self.port}
        conf = _SETTINGS.format(**values, tls_port=self.tls_port, ssl="yes" if self._certificate else "no")
        for name, text in zip(("cert", "key"), self._certificate or (), strict=False):
            (self.folder / name).write_text(text)
            conf += f"ssl_{name} = <{self.folder}/{name}\n"
        (self.folder / "conf").write_text(conf + "".join(f"{key} = {value}\n" for key, value in self._settings.items()))
        if self.identity:
            for path in [self.folder, *self.folder.rglob("*")]:
                shutil.chown(path, user.pw_name, group)

    @property
    def url(self) -> str:
        return f"imap://127.0.0.1:{self.port}"

    def command(self) -> list[str | Path]:
        return [self.program, "-F", "-c", self.folder / "conf"]

    def stop(self) -> None:
        """With its children."""
        self._end(signal.SIGTERM)

    def answers(self) -> bool:
        with socket(AF_INET) as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0
