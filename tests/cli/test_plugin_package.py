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


@pytest.mark.parametrize("what", ["connector", "lookup"])
def test_a_new_one_passes_at_once(new: Torg, what: str) -> None:
    assert "README.md" in new("plugins", "new", what, "door_phone", "--title", "Dörrtelefon").out
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
    for what in ("connector", "lookup"):
        new("plugins", "new", what, f"door_{what}")
        command = [sys.executable, "-m", *tool, f"{ROOT}/pyproject.toml", "."]
        run = subprocess.run(command, cwd=f"torg-door-{what}", capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


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
