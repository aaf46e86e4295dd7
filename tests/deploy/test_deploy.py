"""What deploy/ says is true: commands, options and settings exist, files name each other rightly, and the database's
script makes roles that the processes start with."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
import yaml

from hub.cli import COMMANDS, torg
from hub.edge import meter
from hub.proof.ports import free_ports
from hub.settings import Settings, load_settings
from hub.storage.blobs import PUBLIC
from hub.watch import metrics
from tests import asking
from tests.architecture.source import ROOT
from tests.installation import Installation
from tests.line import until
from tests.servers import Missing, Postgres, Valkey

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/torg-*.service"))
SERVICES = [path for path in UNITS if "backup" not in path.name]
HARDENED = {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text("utf-8"))
    return found


def command_of(words: list[str]) -> click.Command:
    """The command they call, with options that it has. Fails the test otherwise."""
    here: click.Command = torg
    with click.Context(here) as context:
        while words and isinstance(here, click.Group) and words[0] != "--help":
            found = here.get_command(context, words[0])
            assert found is not None, words
            here, words = found, words[1:]
    options = {flag for each in here.params for flag in each.opts} | {"--help"}
    for word in words:
        assert not word.startswith("-") or word.partition("=")[0] in options, (word, sorted(options))
    return here


def ours(service: dict[str, Any]) -> bool:
    return service.get("image") == "torg"


def test_the_compose_file_calls_what_there_is(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"database", "valkey", "upgrade", "inside", "worker", "public", "torg"}
    for name, service in services.items():
        assert set(service["networks"]) <= set(compose["networks"])
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            there = source in compose["volumes"] or (DEPLOY / "compose" / source).is_file()
            assert there or source == "${TORG_BACKUP_FOLDER}", volume
        if ours(service):
            command_of(list(service["command"]))
            assert service["read_only"], name
            assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])


def test_its_settings_are_settings(compose: dict[str, Any]) -> None:
    given = dict(line.split("=", 1) for line in _lines(DEPLOY / "compose/env.example"))
    filled = {name: value or "a" * 32 for name, value in given.items()}
    text = (DEPLOY / "compose/compose.yaml").read_text("utf-8")
    asked = set(re.findall(r"\$\{([A-Z_]+)", text))
    assert asked == set(given), "env.example has what the file asks for"
    for name, service in compose["services"].items():
        if ours(service):
            settings = load_settings({key: _filled(value, filled) for key, value in service["environment"].items()})
            assert settings.worker == "separate"
            assert service["env_file"] == ["settings.env"]
            assert ("torg_public:" in settings.database_url) is (name == "public")
            assert (settings.metrics_token is None) is (name == "public"), "the public one serves none"


def test_whatever_else_is_set_is_set_beside_it(compose: dict[str, Any]) -> None:
    """Nobody has to edit the file: what it doesn't give each service has from settings.env, as the example shows."""
    shown = (DEPLOY / "compose/settings.example").read_text("utf-8")
    chosen = dict(re.findall(r"^#?(TORG_[A-Z_]+)=(.+)$", shown, re.M))
    assert {"TORG_SCANNER", "TORG_AUTHSERV_IDS", "TORG_LOOKUP_PLACES", "TORG_WEB_PROCESSES"} <= chosen.keys()
    assert load_settings({"TORG_CONFIG": os.devnull, **chosen}).web_processes > 1
    for name, service in compose["services"].items():
        if ours(service):
            assert not chosen.keys() & service["environment"].keys(), name
    unset = {line.partition("=")[0] for line in _lines(DEPLOY / "compose/settings.example")}
    assert unset == {"TORG_PUBLIC_URL", "TORG_TRUSTED_PROXIES"}, "what has no value by itself"
    for file in (ROOT / ".gitignore", DEPLOY / "Containerfile.dockerignore"):
        assert {"deploy/compose/.env", "deploy/compose/settings.env"} <= {each.lstrip("/") for each in _lines(file)}


def test_the_public_face_has_the_key_and_its_own_files(compose: dict[str, Any]) -> None:
    image = dict(re.findall(r"\b(TORG_\w+)=(\S+)", (DEPLOY / "Containerfile").read_text("utf-8")))
    key, own = Path(image["TORG_KEY_FILE"]).parent, f"{image['TORG_BLOB_FOLDER']}/{PUBLIC}"
    services = compose["services"]
    assert set(services["public"]["volumes"]) == {f"key:{key}:ro", f"public:{own}"}
    for name in ("inside", "worker", "upgrade", "torg"):
        assert {f"key:{key}", f"public:{own}", "torg:/var/lib/torg"} <= set(services[name]["volumes"]), name
    made = re.search(r"install --directory[^&]*?((?: /\S+)+)\n(?=COPY)", (DEPLOY / "Containerfile").read_text("utf-8"))
    assert made
    assert {str(key), own, "/var/lib/torg", "/var/backups/torg"} <= set(made[1].split()), (
        "a volume has its folder's owner"
    )
    unit = list(_lines(DEPLOY / "systemd/torg-public.service"))
    public = dict(line.split("=", 1) for line in _lines(DEPLOY / "systemd/public.env"))
    own = f"{public['TORG_BLOB_FOLDER']}/{PUBLIC}"
    assert {
        f"TemporaryFileSystem={Path(public['TORG_KEY_FILE']).parent}:ro", f"BindPaths={own}",
        f"BindReadOnlyPaths={public['TORG_KEY_FILE']}", f"ReadWritePaths={own}",
    } <= set(unit)  # fmt: skip
    assert [
        each for each in unit if "Paths=" in each and each.split("=")[1] not in {own, public["TORG_KEY_FILE"]}
    ] == []
    assert f" {own}\n" in (DEPLOY / "README.md").read_text("utf-8"), "it has to be there before the unit starts"


def test_a_backup_is_made_without_editing(compose: dict[str, Any]) -> None:
    service = compose["services"]["torg"]
    assert service["profiles"], "`up` doesn't start it"
    (folder,) = (each.partition("}:")[2] for each in service["volumes"] if each.startswith("${TORG_BACKUP_FOLDER}"))
    said = (DEPLOY / "README.md").read_text("utf-8")
    for command in ("backup", "restore"):
        assert re.search(rf"compose\.yaml run --rm torg {command} {folder}/", said), command
    uid = re.search(r"--uid (\d+)", (DEPLOY / "Containerfile").read_text("utf-8"))
    assert uid
    assert f"install -d -o {uid[1]} -m 0700 {folder}\n" in said, "the containers' user writes there"


def _filled(value: str, by: dict[str, str]) -> str:
    return re.sub(r"\$\{([A-Z_]+)[^}]*\}", lambda match: by[match[1]], str(value))


def _lines(path: Path) -> Iterator[str]:
    return (line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#"))


def test_the_image_runs_what_there_is() -> None:
    said = (DEPLOY / "Containerfile").read_text("utf-8")
    for name in re.findall(r"\b(TORG_[A-Z_]+)=", said):
        assert name.removeprefix("TORG_").lower() in Settings.__struct_fields__, name
    assert re.search(r'^CMD \["(\w+)"\]', said, re.M)
    assert "/health/live" in said
    assert "USER torg" in said
    for needed in ("requirements.txt", "pyproject.toml"):
        assert (ROOT / needed).is_file()
    ignored = set(_lines(DEPLOY / "Containerfile.dockerignore"))
    assert not ignored & {"hub", "connectors", "plugins", "inbox_ui", "migrations", "README.md", "LICENSE"}


@pytest.mark.parametrize("name", ["inside", "public"])
def test_environment_files_are_settings(name: str) -> None:
    settings = load_settings(dict(line.split("=", 1) for line in _lines(DEPLOY / f"systemd/{name}.env")))
    for proxy in ("Caddyfile", "nginx.conf"):
        assert f"127.0.0.1:{settings.port}" in (DEPLOY / "proxy" / proxy).read_text("utf-8")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_a_unit_starts_what_there_is_and_little_else(unit: Path) -> None:
    said = [line.split("=", 1) for line in _lines(unit) if "=" in line]
    values = dict(said)
    program, *words = shlex.split(values["ExecStart"])
    assert program == "/opt/torg/bin/torg"
    command_of(words)
    assert HARDENED.items() <= values.items()
    assert values["User"] == ("torg-public" if "public" in unit.name else "torg")
    assert (DEPLOY / "systemd" / Path(values["EnvironmentFile"]).name).is_file()


def test_the_backups_unit_makes_one() -> None:
    said = (DEPLOY / "systemd/torg-backup.service").read_text("utf-8")
    match = re.search(r"exec /opt/torg/bin/torg (\w+) ", said)
    assert match
    assert match[1] in COMMANDS
    assert "ReadWritePaths=/var/lib/torg /var/backups/torg" in said


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="install systemd")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for unit in DEPLOY.glob("systemd/torg-*"):
        (tmp_path / unit.name).write_text(unit.read_text("utf-8").replace("/opt/torg/bin/torg", "/bin/true"), "utf-8")
    units = [str(each).replace("@.service", "@1.service") for each in sorted(tmp_path.iterdir())]
    (tmp_path / "torg-worker@1.service").symlink_to("torg-worker@.service")
    ran = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, timeout=60, check=False)
    about_ours = [line for line in ran.stderr.splitlines() if "torg" in line and "postgresql.service" not in line]
    assert about_ours == [], ran.stderr


def test_proxies_have_two_names_and_pass_streams_on() -> None:
    for name in ("Caddyfile", "nginx.conf"):
        said = (DEPLOY / "proxy" / name).read_text("utf-8")
        assert said.count("{") == said.count("}")
        assert "torg.granvik.example" in said
        assert "kontakt.granvik.example" in said
        assert "/metrics" in said
    assert (DEPLOY / "proxy/nginx.conf").read_text("utf-8").count("proxy_buffering off;") == 2
    assert (DEPLOY / "proxy/Caddyfile").read_text("utf-8").count("flush_interval -1") == 2


def test_the_text_names_what_there_is() -> None:
    said = (DEPLOY / "README.md").read_text("utf-8")
    for path in re.findall(r"`((?:compose|systemd|proxy)/[\w./-]*|Containerfile)`", said):
        assert (DEPLOY / path).exists(), path
    for name in re.findall(r"\btorg_[a-z_]+", said):
        assert name in metrics.HELP.keys() | meter.HELP.keys(), name
    for name in re.findall(r"\bTORG_([A-Z_]+)", said):
        assert name.lower() in Settings.__struct_fields__, name
    for command in re.findall(r"(?:^| |`)(?:/opt/torg/bin/)?torg ((?:[a-z]+ ?)+)", said, re.M):
        words = command.split()
        if words[0] in COMMANDS:
            command_of(words[:1])


def test_the_script_makes_roles_that_the_processes_start_with(tmp_path: Path) -> None:
    """By hand what the containers would do: database.sh, upgrade, two faces, a worker, a backup, each as its role."""
    try:
        database, valkey = Postgres(), Valkey()
    except Missing as missing:
        pytest.skip(str(missing))
    with database, valkey:
        secret = {"TORG_DATABASE_PASSWORD": "inside", "TORG_PUBLIC_PASSWORD": "outside"}
        found = {"PATH": f"{database.program.parent}:{os.environ['PATH']}", "PGHOST": str(database.folder)}
        subprocess.run(
            ["sh", str(DEPLOY / "compose/database.sh")], check=True, capture_output=True,
            env=os.environ | found | secret | {"POSTGRES_USER": "postgres"},
        )  # fmt: skip
        at = f"postgresql+psycopg://{{}}@/torg?host={database.folder}"
        ports = free_ports(2)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TORG_")} | {
            "TORG_KEY_FILE": str(tmp_path / "key"), "TORG_BLOB_FOLDER": str(tmp_path / "blobs"),
            "TORG_REDIS_URL": valkey.url, "TORG_WORKER": "separate", "TORG_LOG_FORMAT": "json",
            "TORG_DATABASE_URL": at.format("torg:inside"), "TORG_CONFIG": os.devnull,
        }  # fmt: skip
        house = Installation.__new__(Installation)
        house.folder, house.environment = tmp_path, environment
        with house.process("db", "upgrade") as upgrade:
            assert upgrade.wait(60) == 0, house.log()
        public = {"TORG_PORT": str(ports[1]), "TORG_DATABASE_URL": at.format("torg_public:outside")}
        with (
            house.process("serve", "--face", "inside", TORG_PORT=str(ports[0])) as inside,
            house.process("serve", "--face", "public", **public) as outside,
            house.process("worker") as worker,
        ):
            for port in ports:
                until(lambda port=port: _is_ready(port))  # type: ignore[misc]  # bound now
            with house.process("backup", str(tmp_path / "backup"), PATH=found["PATH"]) as backup:
                assert backup.wait(60) == 0, house.log()
            assert (tmp_path / "backup/torg.dump").is_file()
            assert [each.poll() for each in (inside, outside, worker)] == [None] * 3, house.log()


def _is_ready(port: int) -> bool:
    try:
        return asking.get(f"http://127.0.0.1:{port}/health/ready").status_code == 200
    except httpx.TransportError:
        return False
