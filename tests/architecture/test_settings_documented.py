"""README.md has every setting in its table, with the default it really has."""

import re

from hub.settings import Settings
from tests.architecture.source import ROOT

ROW = re.compile(r"\| `([a-z_]+)` \| `(TORG_[A-Z_]+)` \| (.+?) \| (.+) \|")


def test_the_table_of_settings_is_true() -> None:
    told = [row.groups() for row in map(ROW.fullmatch, (ROOT / "README.md").read_text("utf-8").splitlines()) if row]
    documented = {name: (variable, default) for name, variable, default, _ in told}
    real = {name: (f"TORG_{name.upper()}", _shown(value)) for name, value in _defaults().items()}
    missing, gone = real.keys() - documented, documented.keys() - real
    assert not missing, f"Give these settings a row in README.md: {sorted(missing)}"
    assert not gone, f"README.md tells of settings there are none of: {sorted(gone)}"
    wrong = {name: f"{documented[name]} should be {real[name]}" for name in real if documented[name] != real[name]}
    assert not wrong, f"Set README.md right: {wrong}"
    assert len(told) == len(documented), "README.md has two rows for one setting"


def _defaults() -> dict[str, object]:
    settings = Settings()
    return {name: getattr(settings, name) for name in Settings.__struct_fields__}


def _shown(value: object) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{','.join(value) if isinstance(value, tuple) else value}`"
