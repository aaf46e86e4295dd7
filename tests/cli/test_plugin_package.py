"""A package of one's own: written by a command, it passes at once; what breaks a rule is told in a line."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import Torg

ROOT = Path(__file__).parents[2]
FORBIDDEN = "from hub.storage.unit import Unit\n"


@pytest.fixture
def new(empty: Torg, monkeypatch: pytest.MonkeyPatch) -> Torg:
    monkeypatch.chdir(empty.folder)
    return empty


def lines(torg: Torg, folder: str, status: int = 0) -> dict[str, str]:
    """What was looked at -> what is said of it."""
    said: dict[str, str] = {}
    for line in torg("plugins", "check", folder, status=status).out.splitlines():
        if line.startswith(("ok  ", "no  ")):
            said[line[4:]] = "" if line.startswith("ok") else "no"
            last = line[4:]
        else:
            said[last] += line
    return said


ASKED = ("connector", "--asked")


@pytest.mark.parametrize("what", [("connector",), ASKED, ("lookup",)], ids=" ".join)
def test_a_new_one_passes_at_once(new: Torg, what: tuple[str, ...]) -> None:
    assert "README.md" in new("plugins", "new", *what, "door_phone", "--title", "Dörrtelefon").out
    said = lines(new, "torg-door-phone")
    assert not any(said.values()), said
    assert any(each.startswith("its tests: ") and " passed" in each for each in said)
    assert "torg_door_phone.py: registers door_phone" in said
    texts = {file: file.read_text() for file in (new.folder / "torg-door-phone").rglob("*.*") if file.suffix != ".pyc"}
    assert not [file for file, text in texts.items() if "$" in text and file.suffix != ".md"]
    assert "Dörrtelefon" in texts[new.folder / "torg-door-phone" / "README.md"]


@pytest.mark.parametrize(
    "tool",
    [
        ["ruff", "check", "--config"],
        ["ruff", "format", "--check", "--config"],
        pytest.param(["mypy", "--config-file"], marks=pytest.mark.large),
    ],
    ids=["lint", "format", "types"],
)
def test_a_new_one_is_as_tidy_as_ours(new: Torg, tool: list[str]) -> None:
    for number, what in enumerate((("connector",), ASKED, ("lookup",))):
        new("plugins", "new", *what, f"door_{number}")
        command = [sys.executable, "-m", *tool, f"{ROOT}/pyproject.toml", "."]
        run = subprocess.run(command, cwd=f"torg-door-{number}", capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


HTML = "visible_text=text, html=f'<p onclick=x>{text}',"
SMALL = {
    "await self._ask(NEVER)": ("pass", "test_check_tells_of_a_source_that_is_away"),
    "raise AuthFailed(": ("raise Unreachable(", "test_a_log_in_that_is_refused_has_its_name: "),
    "visible_text=text,": (HTML, "test_items_are_well_formed: AssertionError: html is shown to agents"),
    "attachments=[_attached(file) for file in message.files],": ("", "test_a_file_is_whole: ValueError"),
}
KEY_IN_ADDRESS = {
    '"since": str(since)': ('"since": str(since), "key": self.config.key.reveal()', "a secret is in the address"),
}
NO_PLACE = {'{"source": Outside(config.base_url, (("GET", "/messages"),))}': ("{}", "`places` names no source")}


@pytest.mark.parametrize("wrong", [SMALL, KEY_IN_ADDRESS, NO_PLACE], ids=["small", "key in address", "no place"])
def test_what_is_wrong_in_one_that_asks_is_told(new: Torg, wrong: dict[str, tuple[str, str]]) -> None:
    new("plugins", "new", *ASKED, "permit_office")
    module = new.folder / "torg-permit-office" / "torg_permit_office.py"
    text = module.read_text()
    for right, (instead, _) in wrong.items():
        assert right in text
        text = text.replace(right, instead)
    module.write_text(text)
    said = lines(new, "torg-permit-office", status=1)["its tests"]
    assert [told for _, told in wrong.values() if told not in said] == []


def test_a_lookup_is_never_told_that_it_asks(new: Torg) -> None:
    assert "every lookup asks" in new("plugins", "new", "lookup", "permits", "--asked", status=1).err


def test_a_folder_that_is_there_is_left_alone(new: Torg) -> None:
    new("plugins", "new", "lookup", "parking")
    assert "another name" in new("plugins", "new", "connector", "parking", status=1).err


@pytest.mark.parametrize("name", ["Door", "door-phone", "1door", "../door", "d" * 41])
def test_a_name_is_one_of_settings(new: Torg, name: str) -> None:
    assert "a-z" in new("plugins", "new", "lookup", name, status=1).err


def test_a_title_is_a_line(new: Torg) -> None:
    assert "one line" in new("plugins", "new", "lookup", "parking", "--title", 'P"', status=1).err


def test_what_breaks_a_rule_is_told(new: Torg) -> None:
    new("plugins", "new", "connector", "smtp")
    package = new.folder / "torg-smtp"
    module = package / "torg_smtp.py"
    text = module.read_text()
    module.write_text(FORBIDDEN + text.replace('Meta(title="Key", description=', "Meta(description="))
    for test in (package / "tests").glob("*.py"):
        test.write_text("def test_it() -> None:\n    assert False\n")
    said = lines(new, "torg-smtp", status=1)
    assert "Line 1 imports hub.storage.unit" in said["torg_smtp.py: imports"]
    assert "smtp is what connectors.smtp brings already" in said["torg_smtp.py: names are free"]
    assert said["smtp: settings have titles"].startswith("no    key")
    assert "test_it: assert False" in said["its tests"]
    assert "1 failed" in said["its tests"]
    module.write_text("import nothing_of_that_name\n")
    (package / "tests").rename(package / "no_tests")
    said = lines(new, "torg-smtp", status=1)
    assert "nothing_of_that_name" in said["torg_smtp.py: registers"]
    assert "There are none" in said["its tests"]


def test_what_is_no_package_is_told(new: Torg) -> None:
    assert "There is none" in lines(new, ".", status=1)["pyproject.toml"]
    Path("pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert "entry point" in lines(new, ".", status=1)["pyproject.toml"]
    Path("pyproject.toml").write_text("[project.entry-points.torg]\nx = 'torg_x'\n")
    assert 'add "torg"' in lines(new, ".", status=1)["pyproject.toml"]
    Path("pyproject.toml").write_text("[project]\ndependencies = ['torg']\n[project.entry-points.torg]\nx = 'torg_x'\n")
    assert "no such module" in lines(new, ".", status=1)["x = torg_x"]
