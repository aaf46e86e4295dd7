"""Files appear whole or not at all, under a name that is safe and the same on every attempt."""

import asyncio
from email import message_from_bytes
from pathlib import Path

import pytest

from connectors.eml_folder import EmlFolder, EmlFolderConfig, file_name
from hub.contract import Deferred, Misconfigured, Unreachable
from tests.connectors.tools import TestTools, outgoing


async def nothing() -> None:
    """The hub has nothing against it."""


def channel(folder: Path) -> EmlFolder:
    return EmlFolder(EmlFolderConfig(folder=str(folder)), TestTools())


def test_a_message_becomes_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "outgoing"
    receipt = asyncio.run(channel(folder).send(outgoing(), nothing))
    (file,) = folder.iterdir()
    assert file.name == receipt.outside_id
    assert file.name.startswith("20251009T085320_1_a@granvik_example_")
    assert message_from_bytes(file.read_bytes())["Message-ID"] == "<1.a@granvik.example>"
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_the_file_gets_its_name_after_handing_over_and_is_whole_then(tmp_path: Path) -> None:
    seen: list[tuple[str, bool]] = []

    def look() -> None:
        seen.extend((file.name, file.read_bytes().endswith(b"\n")) for file in tmp_path.iterdir())

    async def handing_over() -> None:
        look()

    asyncio.run(channel(tmp_path).send(outgoing(), handing_over))
    ((name, whole),) = seen
    assert whole
    assert not name.endswith(".eml")


def test_when_the_hub_gives_up_no_mail_appears(tmp_path: Path) -> None:
    async def lost() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(channel(tmp_path).send(outgoing(), lost))
    assert list(tmp_path.glob("*.eml")) == []
    asyncio.run(channel(tmp_path).send(outgoing(), nothing))
    assert len(list(tmp_path.iterdir())) == 1, "the half of the first attempt is used up by the second"


def test_the_same_message_twice_is_one_file(tmp_path: Path) -> None:
    for _ in range(2):
        asyncio.run(channel(tmp_path).send(outgoing(), nothing))
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("identity", ["<../../etc/passwd@x>", "<a/b\\c:d@x>", "<" + "å" * 500 + "@x>", "<.@x>", "<>"])
def test_the_name_is_safe(identity: str) -> None:
    name = file_name(outgoing(message_id=identity))
    assert len(name) < 140
    assert not set(name) & set("/\\:\0")
    assert name.count(".") == 1
    assert name != file_name(outgoing(message_id=identity + "2"))


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Misconfigured) as wrong:
        asyncio.run(channel(tmp_path / "file" / "folder").check())
    assert wrong.value.field == "folder"
    with pytest.raises(Unreachable):
        asyncio.run(channel(tmp_path / "file" / "folder").send(outgoing(), nothing))


def test_check_makes_the_folder_and_leaves_nothing_in_it(tmp_path: Path) -> None:
    asyncio.run(channel(tmp_path / "new").check())
    assert list((tmp_path / "new").iterdir()) == []


def test_a_name_that_cannot_be_given_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / file_name(outgoing())).mkdir()
    with pytest.raises(Deferred):
        asyncio.run(channel(tmp_path).send(outgoing(), nothing))


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    folder = tmp_path / "outgoing"
    folder.mkdir()
    (folder / f".{file_name(outgoing())}.part").symlink_to(target)
    with pytest.raises(Unreachable):
        asyncio.run(channel(folder).send(outgoing(), nothing))
    assert not target.exists()
