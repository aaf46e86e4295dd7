"""Small packages made on the spot, with real metadata, put where Python finds them."""

import importlib
import sys
from pathlib import Path
from textwrap import dedent

import pytest

GROUP = "torg_test_plugins"

GOOD = '''
    from hub.contract import Config, Connector, hook_impl

    class KnockerConfig(Config, frozen=True):
        """Nothing to set."""

    class Knocker(Connector[KnockerConfig]):
        kind = "{kind}"
        title = "Knocks"
        Config = KnockerConfig

    @hook_impl
    def register_plugins(register):
        register.connector(Knocker)
'''


class Packages:
    """`add` installs a package of one module; all are gone after the test."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        monkeypatch.syspath_prepend(folder)

    def add(self, name: str, code: str, version: str = "1.2.3", point: str | None = None) -> str:
        """The entry point is named as the package, unless `point` says otherwise."""
        self.module(name, code)
        information = self.folder / f"{name}-{version}.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (information / "entry_points.txt").write_text(f"[{GROUP}]\n{point or name} = {name}\n")
        return name

    def module(self, name: str, code: str) -> str:
        """A module without metadata: what a built-in is."""
        (self.folder / f"{name}.py").write_text(dedent(code))
        self._monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()
        return name

    def forget(self) -> None:
        for file in self.folder.glob("*.py"):
            sys.modules.pop(file.stem, None)
