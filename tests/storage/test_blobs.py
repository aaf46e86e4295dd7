"""Blobs: by the sha256 of their content, each owner's own, on disk before anybody may name them."""

import hashlib
import os
from pathlib import Path

import pytest

from hub.errors import Corrupt
from hub.storage.blobs import Blobs

CONTENT = b"\0\xff letter" * 10_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NAME = f"attachments/7/{SHA256}"


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """In a folder that isn't there yet."""
    return Blobs(tmp_path / "var" / "blobs")


def files(tmp_path: Path) -> list[Path]:
    return sorted(path for path in tmp_path.rglob("*") if path.is_file())


def test_what_was_put_is_got(blobs: Blobs) -> None:
    blobs.put_many({NAME: CONTENT})
    assert blobs.get(NAME) == CONTENT


def test_a_file_is_named_by_its_content_under_its_owner(blobs: Blobs, tmp_path: Path) -> None:
    blobs.put_many({NAME: CONTENT})
    assert files(tmp_path) == [tmp_path / "var/blobs/attachments/7" / SHA256[:2] / SHA256]


def test_the_same_content_twice_is_one_file(blobs: Blobs, tmp_path: Path) -> None:
    blobs.put_many({NAME: CONTENT})
    (path,) = files(tmp_path)
    before = path.stat()
    blobs.put_many({NAME: CONTENT})
    assert files(tmp_path) == [path]
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_same_content_of_two_owners_is_two_files_so_that_one_can_be_erased(blobs: Blobs, tmp_path: Path) -> None:
    blobs.put_many({NAME: CONTENT})
    other = f"attachments/8/{SHA256}"
    blobs.put_many({other: CONTENT})
    mine, _ = files(tmp_path)
    mine.unlink()
    assert blobs.get(other) == CONTENT
    with pytest.raises(Corrupt):
        blobs.get(NAME)


def test_content_is_flushed_before_it_is_named_and_every_folder_after(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[tuple[str, Path]] = []
    fdatasync, fsync, rename = os.fdatasync, os.fsync, Path.rename

    def flush_file(handle: int) -> None:
        done.append(("flushed", Path(f"/proc/self/fd/{handle}").readlink()))
        fdatasync(handle)

    def flush_folder(handle: int) -> None:
        done.append(("folder", Path(f"/proc/self/fd/{handle}").readlink()))
        fsync(handle)

    def name(self: Path, target: Path) -> Path:
        assert self.read_bytes() == CONTENT
        done.append(("named", self))
        return rename(self, target)

    monkeypatch.setattr(os, "fdatasync", flush_file)
    monkeypatch.setattr(os, "fsync", flush_folder)
    monkeypatch.setattr(Path, "rename", name)
    blobs.put_many({NAME: CONTENT})
    assert [what for what, _ in done] == ["flushed", "named", "folder", "folder", "folder", "folder"]
    assert done[0][1] == done[1][1]
    root = tmp_path / "var" / "blobs"
    owner = root / "attachments" / "7"
    assert {path for what, path in done if what == "folder"} == {root, owner.parent, owner, owner / SHA256[:2]}


def test_many_are_put_at_once(blobs: Blobs) -> None:
    contents = {hashlib.sha256(bytes([i])).hexdigest(): bytes([i]) for i in range(50)}
    blobs.put_many({f"raw/1/{sha256}": content for sha256, content in contents.items()})
    assert all(blobs.get(f"raw/1/{sha256}") == content for sha256, content in contents.items())


@pytest.mark.parametrize("place", [0, len(CONTENT) // 2, len(CONTENT) - 1])
def test_a_flipped_bit_is_corrupt(blobs: Blobs, tmp_path: Path, place: int) -> None:
    blobs.put_many({NAME: CONTENT})
    (path,) = files(tmp_path)
    flipped = bytearray(CONTENT)
    flipped[place] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(Corrupt, match=f"{NAME} isn't what was stored: restore it"):
        blobs.get(NAME)


def test_a_file_cut_short_is_corrupt(blobs: Blobs, tmp_path: Path) -> None:
    blobs.put_many({NAME: CONTENT})
    os.truncate(files(tmp_path)[0], 100)
    with pytest.raises(Corrupt):
        blobs.get(NAME)


def test_a_missing_file_is_corrupt(blobs: Blobs) -> None:
    with pytest.raises(Corrupt, match=f"{NAME} is missing: restore the blob folder"):
        blobs.get(NAME)
