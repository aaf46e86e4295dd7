"""Where a department may point a lookup: folders and hosts that IT lists, and nothing that leads past them."""

from pathlib import Path

import pytest

from hub.contract import Misconfigured
from hub.lookups.places import require_allowed

PLACES = (
    "/srv/export/{municipality}",
    "https://*.granvik.example",
    "http://10.1.0.5:8080",
    "postgresql://db.granvik.example",
    "mssql://sql.granvik.example",
)
ALLOWED = (
    {"path": "/srv/export/granvik/waste.csv"},
    {"url": "sqlite:////srv/export/granvik/economy.db"},
    {"base_url": "https://api.granvik.example/v1"},
    {"base_url": "http://10.1.0.5:8080", "token_url": "https://login.granvik.example/token"},
    {"url": "postgresql://reader:pw@db.granvik.example/economy"},
    {"url": "postgresql+psycopg://reader:pw@db.granvik.example:5432/economy"},
    {"url": "mssql+pyodbc://reader:pw@sql.granvik.example/economy?driver=ODBC+Driver+17+for+SQL+Server"},
)
REFUSED = (
    ("path", {"path": "/srv/export/nesoy/waste.csv"}),
    ("path", {"path": "/srv/export/granvik/../nesoy/waste.csv"}),
    ("path", {"path": "/srv/export/granvikare/waste.csv"}),
    ("url", {"url": "sqlite:////var/lib/torg/torg.db"}),
    ("url", {"url": "sqlite:////srv/export/granvik/../../../var/lib/torg/torg.db"}),
    ("url", {"url": "postgresql:///torg"}),
    ("url", {"url": "postgresql://reader@db.granvik.example/torg?host=/var/run/postgresql"}),
    ("url", {"url": "postgresql://reader@db.granvik.example:6432/economy"}),
    ("url", {"url": "mariadb://reader@db.granvik.example/economy"}),
    ("url", {"url": "mssql+pyodbc://reader@sql.granvik.example/economy?driver=/srv/export/granvik/own.so"}),
    ("url", {"url": "mssql+pyodbc://reader@sql.granvik.example/economy?driver=%2Fsrv%2Fown.so&driver=x"}),
    ("url", {"url": "mssql+pyodbc://reader@sql.granvik.example/economy?driver=..%5Cown.dll"}),
    ("base_url", {"base_url": "http://api.granvik.example"}),
    ("base_url", {"base_url": "https://granvik.example.evil.example"}),
    ("base_url", {"base_url": "https://evilgranvik.example"}),
    ("base_url", {"base_url": "http://127.0.0.1:6379"}),
    ("base_url", {"base_url": "https://api.granvik.example@evil.example"}),
    ("token_url", {"base_url": "https://api.granvik.example", "token_url": "https://evil.example/token"}),
    (
        "elsewhere.addresses",
        {"base_url": "https://api.granvik.example", "elsewhere": {"addresses": "http://127.0.0.1"}},
    ),
)


@pytest.mark.parametrize("settings", ALLOWED)
def test_allowed(settings: dict[str, object]) -> None:
    require_allowed(PLACES, "granvik", settings)


@pytest.mark.parametrize(("field", "settings"), REFUSED)
def test_refused(field: str, settings: dict[str, object]) -> None:
    with pytest.raises(Misconfigured) as refused:
        require_allowed(PLACES, "granvik", settings)
    assert refused.value.field == field
    with pytest.raises(Misconfigured, match=r"may not read from anywhere yet\."):
        require_allowed((), "granvik", settings)


def test_a_link_leads_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "secret.csv").write_text("A\n1\n", encoding="utf-8")
    (tmp_path / "open" / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(Misconfigured, match=f"from there, but from {tmp_path}/open\\."):
        require_allowed((str(tmp_path / "open"),), "granvik", {"path": str(tmp_path / "open" / "link.csv")})
