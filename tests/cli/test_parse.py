"""`torg parse`: exactly the fields that are promised, in the order of the files, and no file ends it."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.cli.commands import Torg

ADDRESSES = ("to", "cc", "reply_to")
FIELDS = [
    "type", "from", "to", "cc", "reply_to", "subject", "text", "visible_text", "html", "sent_at", "message_id",
    "in_reply_to", "references", "automatic", "attachments", "problems",
]  # fmt: skip
MAIL = b"""\
From: =?utf-8?q?Anna_=C3=96berg?= <anna@exempel.example>
To: Kommunen <kommunen@granvik.example>, bygg@granvik.example
Cc: mette@exempel.example
Subject: =?iso-8859-1?q?Sn=F6r=F6jning?=
Date: Tue, 3 Nov 2026 18:00:01 +0100
Message-ID: <1@exempel.example>
In-Reply-To: <0@granvik.example>
References: <z@granvik.example> <0@granvik.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

N\xc3\xa4r plogar ni?

> Hej!
--b
Content-Type: application/pdf
Content-Disposition: attachment; filename="plan.pdf"

%PDF
--b--
"""
DEEP = b"From: a@x.example\n" + b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(80)
)


@pytest.fixture
def bare(tmp_path: Path) -> Torg:
    """No database, and settings that nothing could be opened with: parse asks for neither."""
    torg = Torg(tmp_path, "nonsense")
    (tmp_path / "torg.toml").write_text("broken = = 1")
    return torg


def test_a_mail_has_exactly_the_promised_fields(bare: Torg) -> None:
    (bare.folder / "one.eml").write_bytes(MAIL)
    (item,) = bare("parse", "mail", "one.eml").json
    assert list(item) == FIELDS
    assert (item["type"], item["automatic"], item["problems"]) == ("message", None, [])
    assert item["from"] == {"name": "Anna Öberg", "address": "anna@exempel.example"}
    assert item["to"][0] == {"name": "Kommunen", "address": "kommunen@granvik.example"}
    assert [len(item[name]) for name in ADDRESSES] == [2, 1, 0]
    assert item["subject"] == "Snöröjning"
    assert item["visible_text"] == "När plogar ni?"
    assert "> Hej!" in item["text"]
    assert item["sent_at"] == "2026-11-03T17:00:01Z"
    assert (item["message_id"], item["in_reply_to"]) == ("<1@exempel.example>", "<0@granvik.example>")
    assert item["references"] == ["<z@granvik.example>", "<0@granvik.example>"]
    assert item["html"] is None
    (attachment,) = item["attachments"]
    digest = hashlib.sha256(b"%PDF").hexdigest()
    assert attachment == {
        "name": "plan.pdf", "media_type": "application/pdf", "size": 4, "sha256": digest, "inline": False,
        "content_id": None,
    }  # fmt: skip
    assert {path.name for path in bare.folder.iterdir()} == {"one.eml", "torg.toml"}


def test_what_few_mails_have_is_told_of_those(bare: Torg) -> None:
    bounce = (ROOT / "tests/connectors/mail/samples/report_postfix_unknown.eml").read_bytes()
    (item,) = bare("parse", "mail", "-", said=bounce).json
    assert list(item) == [*FIELDS, "reports"]
    (report,) = item["reports"]
    assert (report["kind"], report["action"], report["status"]) == ("dsn", "failed", "5.1.1")
    assert list(report) == ["kind", "action", "recipients", "status", "message_id", "envelope_id", "words"]


def test_a_mail_connector_s_kind_reads_the_same(bare: Torg) -> None:
    (bare.folder / "one.eml").write_bytes(MAIL)
    assert bare("parse", "smtp_in", "one.eml").json == bare("parse", "mail", "-", said=MAIL).json


def test_many_files_are_told_in_their_order(bare: Torg) -> None:
    names = [f"{number:04}.eml" for number in range(1200)]
    for number, name in enumerate(names):
        (bare.folder / name).write_bytes(MAIL.replace(b"<1@", b"<%d@" % number) + b"x" * (number % 7 * 1000))
    lines = [json.loads(line) for line in bare("parse", "mail", *names).out.splitlines()]
    assert [line["file"] for line in lines] == names
    assert [line["items"][0]["message_id"] for line in lines] == [f"<{n}@exempel.example>" for n in range(1200)]


def test_a_folder_is_the_files_below_it(bare: Torg) -> None:
    (bare.folder / "mails" / "new").mkdir(parents=True)
    for name in ("mails/a.eml", "mails/new/b.eml"):
        (bare.folder / name).write_bytes(MAIL)
    lines = [json.loads(line) for line in bare("parse", "mail", "mails").out.splitlines()]
    assert [line["file"] for line in lines] == ["mails/a.eml", "mails/new/b.eml"]
    assert [item["subject"] for line in lines for item in line["items"]] == ["Snöröjning"] * 2


def test_no_file_ends_it(bare: Torg) -> None:
    (bare.folder / "good.eml").write_bytes(MAIL)
    (bare.folder / "deep.eml").write_bytes(DEEP)
    (bare.folder / "folder").mkdir()
    (bare.folder / "closed.eml").symlink_to("nowhere")
    files = ["deep.eml", "good.eml", "folder", "closed.eml", "/dev/zero", "good.eml"]
    lines = [json.loads(line) for line in bare("parse", "mail", *files).out.splitlines()]
    assert [set(line) - {"file"} for line in lines] == [
        {"error"}, {"items"}, {"error"}, {"error"}, {"error"}, {"items"},
    ]  # fmt: skip
    assert "nested" in lines[0]["error"]
    assert lines[2]["error"] == "It can't be opened: Is a directory."


def test_a_single_unreadable_file_is_an_error(bare: Torg) -> None:
    (bare.folder / "deep.eml").write_bytes(DEEP)
    ran = bare("parse", "mail", "deep.eml", status=1)
    assert ran.err.startswith("torg: deep.eml: ")
    assert (ran.out, ran.err.count("\n")) == ("", 1)
    assert json.loads(bare("parse", "mail", "deep.eml", "--lines").out).keys() == {"file", "error"}
    assert "There is no kind of channel 'post'" in bare("parse", "post", "deep.eml", status=1).err


def test_it_starts_without_web_and_database(tmp_path: Path) -> None:
    """Both cost more time than parsing a mail does."""
    (tmp_path / "one.eml").write_bytes(MAIL)
    told = "import sys; from hub.cli import torg; torg(['parse', 'mail', 'one.eml'], standalone_mode=False);"
    told += "print(sorted({'litestar', 'sqlalchemy', 'uvicorn', 'alembic'} & sys.modules.keys()), file=sys.stderr)"
    ran = subprocess.run(
        [sys.executable, "-c", told],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(ran.stdout)[0]["subject"] == "Snöröjning"
    assert ran.stderr == "[]\n"


@pytest.mark.parametrize("name", ["ledger", "channel", "municipality", "db", "audit", "replay", "plugins"])
def test_no_command_on_the_database_loads_the_web(name: str) -> None:
    told = f"import sys, hub.cli.{name}; print('litestar' in sys.modules, 'uvicorn' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", told], cwd=ROOT, check=True, capture_output=True, text=True)
    assert ran.stdout == "False False\n"


def test_a_recorded_stream_of_an_exchange_is_calls(bare: Torg) -> None:
    samples = ROOT / "tests" / "connectors" / "asterisk_ami" / "samples"
    (call,) = bare("parse", "asterisk_ami", str(samples / "queue_answered.txt")).json
    assert (call["type"], call["from"], call["to"], call["queue"]) == ("call", "0701234567", "0101000000", "bygg")
    assert (call["direction"], call["state"], call["hangup_cause"]) == ("in", "ended", "completed")
    assert (call["answered_by"], call["offered_at"]) == ("202", "2023-11-14T22:13:20Z")
    assert call["transfers"] == call["menu_path"] == []
    (bare.folder / "noise.txt").write_text("Event: PeerStatus\r\nPeer: PJSIP/101\r\n\r\n")
    silent = bare("parse", "asterisk_ami", "noise.txt")
    assert silent.json == []
    assert "noise.txt: there is nothing in it that a channel of asterisk_ami would bring" in silent.err


DAY = """\
Id;Starttid;A-nummer;B-nummer;Kö;Agent;Riktning;Resultat;Väntetid;Samtalstid;Kommentar
4711;2026-11-27 08:15:00;070-174 06 05;019-123 45 00;Vatten;5101;in;Besvarat;0:20;0:02:40;
4712;2026-11-27 08:20:00;;019-123 45 00;"Vatten; avlopp";;in;Tappat;75;;"han sa
vänta"
;2026-11-27 09:00:00;0701740606;019-123 45 00;;5101;Utgående;Besvarat;;61;
"""


def test_a_day_of_an_exchanges_log_gives_all_its_calls(bare: Torg) -> None:
    (bare.folder / "day.csv").write_text(DAY, "utf-8")
    (bare.folder / "tabs.csv").write_bytes(DAY.replace("; a", " a").replace(";", "\t").encode("cp1252"))
    for file, queue in (("day.csv", "Vatten; avlopp"), ("tabs.csv", "Vatten avlopp")):
        calls = bare("parse", "phone_log", file).json
        assert [(each["hangup_cause"], each["queue"], each["wait_seconds"]) for each in calls] == [
            ("completed", "Vatten", 20),
            ("abandoned", queue, 75),
            ("completed", None, 0),
        ]
        assert [each["direction"] for each in calls] == ["in", "in", "out"]
    named = bare("parse", "phone_log", "day.csv", "--set", "columns=number=B-nummer").json
    assert named[0]["from"] == "019-123 45 00"


def test_a_row_that_cannot_be_read_hides_no_other(bare: Torg) -> None:
    (bare.folder / "day.csv").write_text(DAY + "9;i morse;0701\n", "utf-8")
    told = bare("parse", "phone_log", "day.csv", status=1)
    assert len(json.loads(told.out)) == 3
    assert "day.csv: What else is in it can't be read: The row's start" in told.err
    (line,) = [json.loads(line) for line in bare("parse", "phone_log", "--lines", "day.csv").out.splitlines()]
    assert (len(line["items"]), len(line["unread"])) == (3, 1)
    for columns, why in (("columns=start=Tid", "no column Tid; it has: Id, Starttid"), ("separator=x", "which column")):
        assert why in bare("parse", "phone_log", "day.csv", "--set", columns, status=1).err
    assert "leave out --set" in bare("parse", "mail", "day.csv", "--set", "a=b", status=1).err
