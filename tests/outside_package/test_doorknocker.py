"""An outside package is pip-installed, found by its entry point, passes its own test; broken, it is a red line only."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = Path(__file__).parent / "torg-doorknocker"

LIST = """
import json
from hub.plugin_host.manager import load
registry = load()
print(json.dumps({
    "kinds": sorted(registry.connectors),
    "ours": [[plugin.name, plugin.version] for plugin in registry.loaded if not plugin.built_in],
    "broken": [[plugin.name, plugin.version, plugin.sentence] for plugin in registry.broken],
}))
"""
BUILT_IN = [
    "asterisk_ami", "elks", "eml_folder", "graph_mail", "imap", "mail", "phone_log", "phone_webhook", "smtp", "smtp_in",
    "web_chat", "web_form",
]  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package in it, as pip installs it."""
    return install(tmp_path_factory.mktemp("good"))


def test_it_is_found_by_its_entry_point(installed: Path) -> None:
    found = plugins(installed)
    assert found == {"kinds": sorted([*BUILT_IN, "doorknocker"]), "ours": [["doorknocker", "0.3.0"]], "broken": []}


def test_its_own_seven_lines_pass(installed: Path) -> None:
    lines = (PACKAGE / "tests" / "test_doorknocker.py").read_text().splitlines()
    assert len([line for line in lines if line]) == 7
    copy = installed.parent / "source" / "tests"  # away from our own conftest
    run = python(installed, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(copy))
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout


def test_its_import_error_is_a_red_line_and_breaks_nothing(tmp_path: Path) -> None:
    installed = install(tmp_path, "import a_library_that_is_not_there\n")
    found = plugins(installed)
    assert (found["kinds"], found["ours"]) == (BUILT_IN, [])
    ((name, version, sentence),) = found["broken"]
    assert (name, version) == ("doorknocker", "0.3.0")
    assert "No module named 'a_library_that_is_not_there'" in sentence


def install(folder: Path, first_line: str = "") -> Path:
    """From a copy, so that building leaves nothing in the checkout; without a network."""
    source, target = folder / "source", folder / "installed"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__"))
    module = source / "torg_doorknocker.py"
    module.write_text(first_line + module.read_text(encoding="utf-8"), encoding="utf-8")
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    command = [*installer(), *offline, "--target", str(target), str(source)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return target


def installer() -> list[str]:
    """pip, or uv where the environment was made by it and has no pip."""
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "install"]
    return ["uv", "pip", "install", "--python", sys.executable]


def plugins(installed: Path) -> dict[str, Any]:
    run = python(installed, "-c", LIST)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def python(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{installed}"}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=installed, capture_output=True, text=True, check=False
    )
