"""Blobs: by the sha256 of their content, each owner's own, on disk before anybody may name them."""

import errno
import hashlib
import itertools
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hub import clock
from hub.errors import Corrupt, Unavailable
from hub.storage.backup import files_in
from hub.storage.blobs import PUBLIC, Blobs, lasts, passing

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


def test_a_public_face_names_and_reads_what_is_in_its_own_part(blobs: Blobs, tmp_path: Path) -> None:
    public = Blobs(tmp_path / "var" / "blobs", PUBLIC)
    public.put_many({public.own(NAME): CONTENT})
    assert files(tmp_path) == [tmp_path / "var/blobs/public/attachments/7" / SHA256[:2] / SHA256]
    assert blobs.get(public.own(NAME)) == CONTENT
    assert blobs.own(NAME) == NAME


def test_what_passes_is_forgotten_of_either_part(blobs: Blobs, tmp_path: Path) -> None:
    public = Blobs(tmp_path / "var" / "blobs", PUBLIC)
    old, new = (f"{passing('forms/7', day * clock.DAY)}/{SHA256}" for day in (19_000, 19_002))
    blobs.put_many(dict.fromkeys((old, new, NAME), CONTENT))
    public.put_many({public.own(each): CONTENT for each in (old, new, NAME)})
    blobs.forget_passing(19_001 * clock.DAY)
    left = [each.relative_to(tmp_path / "var/blobs").as_posix() for each in files(tmp_path)]
    assert [each for each in left if "19000" in each] == []
    assert [lasts(each) for each in left] == [True, False, True, False]
    assert len(list(files_in(tmp_path / "var/blobs"))) == 2


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


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path]]:
    """What is flushed and named, in its order; each is noted when it has been done."""
    calls: list[tuple[str, Path]] = []
    fdatasync, fsync, rename = os.fdatasync, os.fsync, os.rename

    def flush_file(handle: int) -> None:
        fdatasync(handle)
        calls.append(("flushed", Path(f"/proc/self/fd/{handle}").readlink()))

    def flush_folder(handle: int) -> None:
        calls.append(("folder", Path(f"/proc/self/fd/{handle}").readlink()))
        fsync(handle)

    def name(passing: str, path: str) -> None:
        assert hashlib.sha256(Path(passing).read_bytes()).hexdigest() == Path(path).name
        assert ("flushed", Path(passing)) in calls
        rename(passing, path)
        calls.append(("named", Path(path)))

    monkeypatch.setattr(os, "fdatasync", flush_file)
    monkeypatch.setattr(os, "fsync", flush_folder)
    monkeypatch.setattr(os, "rename", name)
    return calls


def contents_of(count: int) -> dict[str, bytes]:
    made = [bytes([i]) for i in range(count)]
    return {f"raw/1/{hashlib.sha256(each).hexdigest()}": each for each in made}


def test_content_is_flushed_before_it_is_named_and_every_folder_after(
    blobs: Blobs, tmp_path: Path, done: list[tuple[str, Path]]
) -> None:
    blobs.put_many({NAME: CONTENT})
    assert [what for what, _ in done] == ["flushed", "named", "folder", "folder", "folder", "folder"]
    root = tmp_path / "var" / "blobs"
    owner = root / "attachments" / "7"
    assert {path for what, path in done if what == "folder"} == {root, owner.parent, owner, owner / SHA256[:2]}


def test_many_are_put_at_once(blobs: Blobs) -> None:
    contents = contents_of(50)
    blobs.put_many(contents)
    assert all(blobs.get(name) == content for name, content in contents.items())


def test_of_many_no_folder_is_flushed_before_all_have_their_names(
    blobs: Blobs, tmp_path: Path, done: list[tuple[str, Path]]
) -> None:
    contents = contents_of(50)
    blobs.put_many(contents)
    whats = [what for what, _ in done]
    first = whats.index("folder")
    assert sorted(whats[:first]) == ["flushed"] * 50 + ["named"] * 50
    assert set(whats[first:]) == {"folder"}
    root = tmp_path / "var" / "blobs"
    owner = root / "raw" / "1"
    folders = [path for what, path in done if what == "folder"]
    assert sorted(folders) == sorted(
        {root, owner.parent, owner, *(owner / name.rpartition("/")[2][:2] for name in contents)}
    )


def test_many_wait_for_the_disk_together(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """No flush ends before another has begun: one after the other, the first would wait in vain."""

    def meets_another() -> Callable[[int], None]:
        begun, two = itertools.count(1), threading.Event()

        def flush(_: int) -> None:
            if next(begun) > 1:
                two.set()
            assert two.wait(60)

        return flush

    monkeypatch.setattr(os, "fdatasync", meets_another())
    monkeypatch.setattr(os, "fsync", meets_another())
    blobs.put_many(contents_of(5))


def test_where_one_can_not_be_put_the_others_come_to_their_end_and_all_are_put_again(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    fdatasync, left = os.fdatasync, iter([True])

    def fails_once(handle: int) -> None:
        if next(left, False):
            raise OSError(errno.EIO, "no disk")
        time.sleep(0.05)
        fdatasync(handle)

    monkeypatch.setattr(os, "fdatasync", fails_once)
    contents = contents_of(20)
    with pytest.raises(Unavailable, match="Nothing was stored; try again"):
        blobs.put_many(contents)
    there = files(Path(blobs._root))
    assert len(there) == 19
    assert not [each for each in there if each.name.startswith(".")]
    time.sleep(0.1)
    assert files(Path(blobs._root)) == there
    blobs.put_many(contents)
    assert all(blobs.get(name) == content for name, content in contents.items())


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
