"""`torg audit`: whether the audit is what was written, sealing it, and who looked a citizen up."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from hub import clock
from hub.access import audit
from hub.cli import named
from hub.cli.installation import installation
from hub.cli.output import JSON, print_json
from hub.errors import Invalid

_PAIR = re.compile(r"(centre|\d{1,19})=([0-9a-f]{64})")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@click.group("audit")
def command() -> None:
    """The audit: verify its seals, seal it, tell a citizen who looked."""


@command.command("verify")
@click.option("--head", "given", multiple=True, metavar="FILE|CHAIN=DIGEST", help="A head written down before.")
@click.option(
    "--write-head",
    "head_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the heads here, for the next time.",
)
@JSON
def _verify(given: Sequence[str], head_file: Path | None, as_json: bool) -> None:
    """Check every seal against its rows and the one before, every chain against the head given.

    Exit status 1 when one differs. Whoever has the key file can rewrite a chain: only a head kept
    elsewhere shows that.

    Example: torg audit verify --head heads.json --write-head heads.json
    """
    heads = _heads(given)
    with installation() as here:
        verdict = here.read(audit.verify, heads)
        codes = {str(row_id): code for row_id, code in here.read(named.municipality_codes).items()}
    if as_json:
        print_json(verdict)
    else:
        click.echo(f"{verdict.rows} rows in {verdict.seals} seals, {verdict.unsealed} not sealed yet.")
        for chain, digest in verdict.heads.items():
            click.echo(f"{chain}={digest}" + (f"  ({codes[chain]})" if chain in codes else ""))
        for finding in verdict.findings:
            click.echo(f"{codes.get(finding.chain, finding.chain)}: {finding.sentence}", err=True)
        if not verdict.findings:
            click.echo("Nothing was changed, removed or added.")
    if verdict.findings:
        sys.exit(1)
    if head_file is not None:
        _write_heads(head_file, {**heads, **verdict.heads})


@command.command("seal")
@click.option(
    "--settle",
    type=click.IntRange(0, 86_400),
    default=audit.SETTLE // clock.SECOND,
    show_default=True,
    help="Seconds that a row rests first.",
)
@JSON
def _seal(settle: int, as_json: bool) -> None:
    """Seal the rows that no seal covers yet. A running hub does it by itself.

    Example: torg audit seal
    """
    with installation() as here:
        made = here.write(audit.seal, settle * clock.SECOND)
    if as_json:
        print_json({"seals": made})
    else:
        click.echo(f"Made {made} seals.")


@command.command("looked")
@click.option("--municipality", required=True, help="Whose citizen: code or id.")
@click.option("--citizen", type=click.IntRange(1, 2**63 - 1), help="The citizen's id.")
@click.option("--number-stdin", is_flag=True, help="Or their identity number, from standard input.")
@click.option("--reason", required=True, help="Why it is needed, in a sentence; kept in the audit.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV: UTF-8 with a byte order mark, semicolons.")
@JSON
def _looked(
    *, municipality: str, citizen: int | None, number_stdin: bool, reason: str, as_csv: bool, as_json: bool
) -> None:
    """Tell who looked a citizen up in other systems, when and why: by role and unit, never by name.

    It is about that citizen and for nobody else: make sure whom you hand it to. Read it through first, for a
    purpose may name somebody else.

    Example: torg audit looked --municipality granvik --citizen 7314159265358979 --reason "They ask for it" --csv
    """
    from hub.cli.looked import tell  # noqa: PLC0415 - it loads the web, which no other of these commands needs

    if (citizen is None) is not number_stdin:
        raise click.UsageError("Say who: --citizen ID, or --number-stdin.")
    if as_csv and as_json:
        raise click.UsageError("Ask for CSV or for JSON, not for both.")
    number = sys.stdin.readline().strip() if number_stdin else ""
    tell(municipality, citizen, number, reason, "csv" if as_csv else "json" if as_json else "table")


def _heads(given: Sequence[str]) -> dict[str, str]:
    heads: dict[str, str] = {}
    for each in given:
        pair = _PAIR.fullmatch(each)
        heads |= {pair[1]: pair[2]} if pair else _from_file(Path(each))
    return heads


def _from_file(path: Path) -> dict[str, str]:
    try:
        heads = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except OSError as error:
        raise Invalid("head", f"{path} is neither CHAIN=DIGEST nor a readable file: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise Invalid("head", f"{path} holds no heads: {error}") from error
    if not all(_DIGEST.fullmatch(digest) for digest in heads.values()):
        raise Invalid("head", f"{path} holds no heads: a digest is 64 hexadecimal digits")
    return heads


def _write_heads(path: Path, heads: dict[str, str]) -> None:
    """Whole or not at all: a head half written would be lost."""
    passing = path.with_name(f".{path.name}.new")
    try:
        passing.write_bytes(msgspec.json.format(msgspec.json.encode(heads)) + b"\n")
        passing.replace(path)
    except OSError as error:
        raise Invalid("write_head", f"{path} can't be written: {error.strerror}") from error
