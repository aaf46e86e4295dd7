"""Keys: what is encrypted can be read in its place with its key, and nowhere else."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from hub.errors import Corrupt, Invalid
from hub.storage.keys import Keys, load_keys
from tests.architecture.source import ROOT

KEYS, OTHER = Keys(b"a" * 32), Keys(b"b" * 32)
PLAIN = "lösenord".encode()


def test_what_is_encrypted_comes_back() -> None:
    assert KEYS.decrypt("channel", "channel/1", KEYS.encrypt("channel", "channel/1", PLAIN)) == PLAIN


def test_the_same_twice_looks_different() -> None:
    assert KEYS.encrypt("channel", "channel/1", PLAIN) != KEYS.encrypt("channel", "channel/1", PLAIN)


def test_the_cipher_does_not_hold_the_plain_bytes() -> None:
    assert PLAIN not in KEYS.encrypt("channel", "channel/1", PLAIN)


@pytest.mark.parametrize(
    ("keys", "purpose", "place"),
    [(OTHER, "channel", "channel/1"), (KEYS, "identity", "channel/1"), (KEYS, "channel", "channel/2")],
)
def test_with_another_key_purpose_or_place_it_is_corrupt(keys: Keys, purpose: str, place: str) -> None:
    cipher = KEYS.encrypt("channel", "channel/1", PLAIN)
    with pytest.raises(Corrupt, match=f"secrets of {place} can't be read with this key file"):
        keys.decrypt(purpose, place, cipher)


def test_every_flipped_bit_is_found() -> None:
    cipher = KEYS.encrypt("channel", "channel/1", PLAIN)
    for place in range(len(cipher)):
        for bit in (1, 128):
            flipped = bytearray(cipher)
            flipped[place] ^= bit
            with pytest.raises(Corrupt):
                KEYS.decrypt("channel", "channel/1", bytes(flipped))


@pytest.mark.parametrize("length", [0, 1, 11, 12, 13, 27])
def test_what_is_too_short_is_corrupt(length: int) -> None:
    with pytest.raises(Corrupt):
        KEYS.decrypt("channel", "channel/1", KEYS.encrypt("channel", "channel/1", PLAIN)[:length])


def test_a_mac_depends_on_key_purpose_and_message() -> None:
    macs = {KEYS.mac("audit", b"x"), KEYS.mac("subject", b"x"), KEYS.mac("audit", b"y"), OTHER.mac("audit", b"x")}
    assert len(macs) == 4
    assert KEYS.mac("audit", b"x") == Keys(b"a" * 32).mac("audit", b"x")
    assert {len(mac) for mac in macs} == {32}


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "torg.key"
    first = load_keys(path)
    assert re.fullmatch(r"[0-9a-f]{64}\n", path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_keys(path).mac("x", b"") == first.mac("x", b"")
    assert [each.name for each in path.parent.iterdir()] == ["torg.key"]


def test_two_key_files_hold_different_keys(tmp_path: Path) -> None:
    assert load_keys(tmp_path / "one").mac("x", b"") != load_keys(tmp_path / "two").mac("x", b"")


@pytest.mark.parametrize("content", ["", "x", "ab" * 31, "ab" * 33, "zz" * 32])
def test_a_file_that_holds_no_key_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "torg.key"
    path.write_text(content)
    with pytest.raises(Invalid, match="64 hexadecimal digits are expected") as refused:
        load_keys(path)
    assert refused.value.field == "key_file"
    assert path.read_text() == content


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from hub.storage.keys import load_keys; sys.stdin.read()\n"
        "print(load_keys(Path(sys.argv[1])).mac('x', b'').hex())"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, tmp_path / "torg.key"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    said = {each.communicate("", timeout=200)[0] for each in started}
    assert said == {load_keys(tmp_path / "torg.key").mac("x", b"").hex() + "\n"}
