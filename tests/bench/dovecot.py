"""Dovecot with a folder of generated mails, for the floor: what fetching and parsing alone costs in plain Python."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.gen_mail import BASE_TIME, mails
from tests.bench.installation import wait_for
from tests.connectors.tools import free_port

PROGRAM = Path("/usr/sbin/dovecot")
_HERE = Path(__file__).parent
_SETTINGS = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = password=bench
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def floor(count: int) -> float | None:
    """Mails/s of IMAPClient + policy.default, nothing stored, median of three; None without Dovecot."""
    if not PROGRAM.exists():
        return None
    with mailbox(count, 7) as (port, folder):
        said = subprocess.run(
            [
                sys.executable, _HERE / "floor.py", "pipeline", "--imap", f"127.0.0.1:{port}", "--n", str(count),
                "--repeat", "3", "--tmp", folder / "floor",
            ],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
    return float(json.loads(said.splitlines()[0])["mails_s"])


@contextmanager
def mailbox(count: int, seed: int, address: str = "servicecenter@kommun.example") -> Iterator[tuple[int, Path]]:
    """The port and the folder of a server with so many mails to this address in its INBOX; any name, password bench."""
    folder = Path(tempfile.mkdtemp(prefix="dv", dir="/tmp"))
    (folder / "run").mkdir()
    port = free_port()
    (folder / "conf").write_text(_SETTINGS.format(folder=folder, port=port))
    _write_maildir(folder / "mail", count, seed, address)
    for path in [folder, *folder.rglob("*")]:
        shutil.chown(path, "nobody", "nogroup")
    server = subprocess.Popen([PROGRAM, "-F", "-c", folder / "conf"], user="nobody", group="nogroup", extra_groups=[])
    try:
        wait_for(port)
        yield port, folder
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _write_maildir(folder: Path, count: int, seed: int, address: str) -> None:
    for part in ("cur", "new", "tmp"):
        (folder / part).mkdir(parents=True)
    made = mails(count, seed, address)  # type: ignore[no-untyped-call]  # copied in unmodified
    for number, (_, mail) in enumerate(made):
        content = mail.replace(b"\r\n", b"\n")
        at = BASE_TIME + number
        path = folder / "cur" / f"{at}.M{number}P1.bench,S={len(content)}:2,"
        path.write_bytes(content)
        os.utime(path, (at, at))
