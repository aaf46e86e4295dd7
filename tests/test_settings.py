"""Settings: the file, the environment over it, and a sentence that helps whoever got one wrong."""

import os
from pathlib import Path

import msgspec
import pytest

from hub.errors import Invalid
from hub.settings import Settings, load_settings


def load(folder: Path, toml: str | bytes = "", **environment: str) -> Settings:
    path = folder / "torg.toml"
    path.write_bytes(toml.encode() if isinstance(toml, str) else toml)
    return load_settings({"TORG_CONFIG": str(path), **environment})


def test_without_file_and_environment_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings({}) == Settings()


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"TORG_CONFIG names .*none\.toml, and there is no such file"):
        load_settings({"TORG_CONFIG": str(tmp_path / "none.toml")})


def test_the_file_is_torg_toml_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "torg.toml").write_text("port = 8001\n")
    assert load_settings({}).port == 8001


def test_without_a_mapping_the_processs_environment_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in os.environ if each.startswith("TORG_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TORG_PORT", "8002")
    assert load_settings().port == 8002


def test_the_environment_lies_over_the_file(tmp_path: Path) -> None:
    toml = 'host = "0.0.0.0"\nport = 8001\nsweep_seconds = 5\nrouters = ["a"]\n'
    found = load(tmp_path, toml, TORG_PORT="9000", TORG_SWEEP_SECONDS="2.5", TORG_LOG_LEVEL="debug")
    assert (found.host, found.port, found.sweep_seconds) == ("0.0.0.0", 9000, 2.5)  # noqa: S104 - a value, not a server
    assert (found.log_level, found.routers) == ("debug", ("a",))


def test_lists_in_the_environment_are_parted_by_commas(tmp_path: Path) -> None:
    assert load(tmp_path, TORG_ROUTERS="first,second").routers == ("first", "second")
    assert load(tmp_path, TORG_BLOCKED_PLUGINS="one").blocked_plugins == ("one",)


@pytest.mark.parametrize("name", ["TORG_CRASH_POINT", "TORG_CRASH_AFTER", "TORG_TEST_NO_SKIPS", "PORT", "torg_port"])
def test_what_is_no_setting_in_the_environment_is_left_alone(tmp_path: Path, name: str) -> None:
    assert load(tmp_path, **{name: "x"}) == Settings()


@pytest.mark.parametrize(
    ("toml", "name", "value", "allowed"),
    [
        ("port = 0", "port", "0", "a whole number from 1 to 65535"),
        ("port = 70000", "port", "70000", "a whole number from 1 to 65535"),
        ('port = "many"', "port", "'many'", "a whole number from 1 to 65535"),
        ("undo_seconds = -1", "undo_seconds", "-1", "a whole number from 0 to 86400"),
        ("lease_seconds = 0", "lease_seconds", "0", "a whole number from 1 to 3600"),
        ("sweep_seconds = 0.0", "sweep_seconds", "0.0", "a number, over 0 and at most 300"),
        ("parse_children = 65", "parse_children", "65", "a whole number from 1 to 64"),
        ('worker = "remote"', "worker", "'remote'", "one of embedded, separate"),
        ('log_level = "loud"', "log_level", "'loud'", "one of debug, info, warning, error"),
        ('cookie_secure = "perhaps"', "cookie_secure", "'perhaps'", "true or false"),
        ("database_url = 7", "database_url", "7", "text"),
        ("screen = 7", "screen", "7", "text"),
        ("routers = 7", "routers", "7", "a list, each of it text"),
    ],
)
def test_a_wrong_value_names_the_setting_the_value_and_what_is_allowed(
    tmp_path: Path, toml: str, name: str, value: str, allowed: str
) -> None:
    with pytest.raises(Invalid) as caught:
        load(tmp_path, toml)
    assert caught.value.field == name
    assert str(caught.value) == f"{name} = {value} can't be used: it is {allowed} ({tmp_path / 'torg.toml'})"


def test_a_wrong_value_in_the_environment_says_the_same(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        load(tmp_path, "port = 8001", TORG_PORT="http")
    assert caught.value.field == "port"
    assert str(caught.value) == "port = 'http' can't be used: it is a whole number from 1 to 65535 (TORG_PORT)"


def test_a_wrong_value_of_the_file_is_no_trouble_once_the_environment_lies_over_it(tmp_path: Path) -> None:
    assert load(tmp_path, "port = 0", TORG_PORT="8003").port == 8003


@pytest.mark.parametrize(("toml", "environment"), [("prot = 1", {}), ("", {"TORG_PROT": "1"}), ("[prot]\na = 1", {})])
def test_an_unknown_setting_is_refused_with_those_there_are(
    tmp_path: Path, toml: str, environment: dict[str, str]
) -> None:
    with pytest.raises(Invalid, match="there is no setting prot; there is: database_url, ") as caught:
        load(tmp_path, toml, **environment)
    assert caught.value.field == "prot"
    assert str(caught.value).endswith("(TORG_PROT)" if environment else f"({tmp_path / 'torg.toml'})")
    assert all(name in str(caught.value) for name in Settings.__struct_fields__)


@pytest.mark.parametrize("toml", ["port 8001", "port = ", b'host = "\xff"', "port = 1\nport = 2"])
def test_broken_toml_names_the_file(tmp_path: Path, toml: str | bytes) -> None:
    with pytest.raises(Invalid, match="isn't valid TOML") as caught:
        load(tmp_path, toml)
    assert str(tmp_path / "torg.toml") in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="can't be read"):
        load_settings({"TORG_CONFIG": str(tmp_path)})


def test_separate_workers_need_redis(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="redis_url") as caught:
        load(tmp_path, TORG_WORKER="separate")
    assert caught.value.field == "worker"
    assert load(tmp_path, TORG_WORKER="separate", TORG_REDIS_URL="redis://localhost").worker == "separate"


def test_settings_do_not_change_once_loaded() -> None:
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]  # frozen: what is tried here


def test_the_defaults_pass_their_own_checks() -> None:
    assert msgspec.convert(msgspec.to_builtins(Settings()), Settings) == Settings()
