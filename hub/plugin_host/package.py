"""An outside package as its author has it in a folder: does it keep what Torg asks of one?"""

import ast
import importlib
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_type_hints

from msgspec import Meta, Struct

from hub.contract import ENTRY_POINT_GROUP
from hub.plugin_host.manager import load, offered
from hub.plugin_host.registry import Offer

OPEN_TO_PLUGINS = ("hub.contract", "hub.formats")
_TEST_SECONDS = 600
_LAST_LINES = 15
_WIDE = "1000"
"""Columns of a terminal that shortens no reason."""

_FAILED = re.compile(r"FAILED \S+::(?P<test>test_\w+(?:\[.*?\])?)(?: - (?P<why>.*))?$")
"""A line of pytest's summary."""


class Finding(Struct, frozen=True):
    """One thing that was looked at. `wrong`: what is the matter and what to do; empty: nothing is."""

    what: str
    wrong: str = ""


def check(folder: Path) -> Iterator[Finding]:
    """All that can be told without a channel: what it declares, imports and brings, and its own tests.

    Its code is run. Whatever that raises is a finding.
    """
    declared = _declared(folder)
    if isinstance(declared, str):
        yield Finding("pyproject.toml", declared)
        return
    yield Finding("pyproject.toml")
    for name, module in declared.items():
        yield from _module(folder, name, module)
    yield _tests(folder)


def _declared(folder: Path) -> Mapping[str, str] | str:
    """Entry points of the group, or what is wrong."""
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except FileNotFoundError:
        return f"There is none in {folder}: name the folder that the package is in."
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return f"It can't be read: {error}."
    points = project.get("entry-points", {}).get(ENTRY_POINT_GROUP, {})
    if not points:
        return f'It has no entry point: add [project.entry-points.{ENTRY_POINT_GROUP}] with `name = "module"`.'
    if not any(re.match(r"torg\b", each) for each in project.get("dependencies", ())):
        return 'It doesn\'t say that it needs Torg: add "torg" to its dependencies.'
    return dict(points)


def _module(folder: Path, name: str, module: str) -> Iterator[Finding]:
    file = _file(folder, module)
    if file is None:
        yield Finding(f"{name} = {module}", "There is no such module in the folder: the entry point names another.")
        return
    yield Finding(f"{file.name}: imports", " ".join(_strangers(file)))
    sys.path.insert(0, str(file.parent))
    try:
        offer = offered(name, partial(importlib.import_module, module))
    finally:
        sys.path.remove(str(file.parent))
        sys.modules.pop(module, None)  # it isn't plugged in here
    if isinstance(offer, str):
        yield Finding(f"{file.name}: registers", offer)
        return
    brought = [*(each.kind for each in (*offer.classes, *offer.lookups)), *(name for name, _ in offer.functions)]
    yield Finding(f"{file.name}: registers {', '.join(brought)}", "" if brought else "It registers nothing.")
    yield Finding(f"{file.name}: names are free", " ".join(_taken(name, offer)))
    for cls in (*offer.classes, *offer.lookups):
        untitled = ", ".join(_untitled(cls.Config))
        yield Finding(
            f"{cls.kind}: settings have titles",
            f"{untitled}: the form has nothing to write beside it. Write Annotated[…, Meta(title=…)]."
            if untitled
            else "",
        )


def _file(folder: Path, module: str) -> Path | None:
    path = Path(*module.partition(":")[0].split("."))
    candidates = (root / file for root in (folder, folder / "src") for file in (f"{path}.py", path / "__init__.py"))
    return next((each for each in candidates if each.is_file()), None)


def _strangers(file: Path) -> Iterator[str]:
    """Rooms of the hub that no plugin may enter; the author's other files beside it as well."""
    for each in [file, *sorted(file.parent.glob("*.py"))] if file.name == "__init__.py" else [file]:
        try:
            tree = ast.parse(each.read_bytes())
        except (SyntaxError, ValueError):
            continue  # importing it says it better
        for node in ast.walk(tree):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            of_it = [alias.name for alias in node.names]
            for imported in [node.module or ""] if isinstance(node, ast.ImportFrom) else of_it:
                if imported.partition(".")[0] in {"hub", "connectors", "plugins", "inbox_ui"} and not _is_open(
                    imported
                ):
                    yield f"Line {node.lineno} imports {imported}: a plugin sees {' and '.join(OPEN_TO_PLUGINS)} only."


def _is_open(module: str) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in OPEN_TO_PLUGINS)


def _taken(name: str, offer: Offer) -> Iterator[str]:
    """By another plugin: this one may be installed here already."""
    for plugin in load().loaded:
        if plugin.name == name and not plugin.built_in:
            continue
        for there, ours in (
            (plugin.connectors, [cls.kind for cls in offer.classes]),
            (plugin.lookups, [cls.kind for cls in offer.lookups]),
            (plugin.routers, [router for router, _ in offer.functions]),
        ):
            for each in set(there) & set(ours):
                yield f"{each} is what {plugin.name} brings already: take another name."


def _untitled(config: type[Any]) -> Sequence[str]:
    hints = get_type_hints(config, include_extras=True)
    return [
        name
        for name in config.__struct_fields__
        if not any(isinstance(each, Meta) and each.title for each in getattr(hints[name], "__metadata__", ()))
    ]


def _tests(folder: Path) -> Finding:
    """Its own, in a process of their own."""
    what = "its tests"
    if not any((folder / "tests").glob("test_*.py")):
        return Finding(what, "There are none: inherit those of hub.contract.testing in tests/test_….py.")
    if find_spec("pytest") is None:
        return Finding(what, "They were not run, for pytest isn't installed here: pip install pytest.")
    here = folder.resolve()
    paths = os.pathsep.join([str(here), str(here / "src"), *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        run = subprocess.run(  # noqa: S603 - the author's tests, at the author's wish
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "--tb=short",
                "--rootdir",
                here,
                here / "tests",
            ],
            cwd=here,
            env={**os.environ, "PYTHONPATH": paths, "COLUMNS": _WIDE, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=_TEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Finding(what, f"They take more than {_TEST_SECONDS // 60} minutes.")
    *_, last = run.stdout.strip().splitlines() or [""]
    if run.returncode == 0:
        return Finding(f"{what}: {last}")
    return Finding(what, f"They don't pass:\n{_why((run.stdout + run.stderr).strip().splitlines())}")


def _why(lines: Sequence[str]) -> str:
    """A line for each test that failed, with its reason; else, as where none could begin, the last lines."""
    failed = [match for line in lines if (match := _FAILED.match(line))]
    if not failed:
        return "\n".join(lines[-_LAST_LINES:])
    said = [f"{match['test']}: {match['why'] or 'see pytest'}" for match in failed]
    return "\n".join([*said, f"{lines[-1]}. In its folder, pytest tells more of each."])
