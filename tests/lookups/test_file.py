"""What is wrong in a file is told by its line, however deep it stands; a published file comes back as it was."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from hub.contract import Config
from hub.errors import Invalid
from hub.lookups import definition
from hub.lookups.definition import Declared
from hub.lookups.file import read, write
from hub.plugin_host.manager import load
from hub.plugin_host.registry import LookupClass, Registry

RECIPES = Path(__file__).parents[2] / "plugins" / "lookups" / "recipes"
FILES = sorted(RECIPES.glob("*.toml"))
SECRETS = {"password": "username =", "api_key": "key_header =", "client_secret": "client_id ="}


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load(())


def declared(text: str, registry: Registry, like: str = "") -> tuple[Declared, LookupClass, Config]:
    """With the secrets that the file `like` needs; the same, unless it is said."""

    def secrets(cls: LookupClass) -> Mapping[str, object]:
        plain = (like or text).replace("key_query", "key_header")
        own = {"url": "hemligt"} if cls.kind == "sql" else {}
        return own | {secret: "hemligt" for secret, setting in SECRETS.items() if f"\n{setting}" in plain}

    return read(text, registry, secrets)


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_an_export_is_the_same_again(file: Path, registry: Registry) -> None:
    said, cls, config = declared(file.read_text(), registry)
    plain, secret = definition.apart(config)
    exported = write(msgspec.structs.replace(said, settings=plain), cls)
    assert not re.search(r"^\w+ = (\[\]|\{\}|\"\")$", exported, re.MULTILINE), "what is so anyway isn't said"
    assert not any(each in exported for each in secret.values())
    again, _, same = declared(exported, registry, file.read_text())
    assert (again.name, again.title, same) == (said.name, said.title, config)
    stored = msgspec.json.decode(msgspec.json.encode(plain))
    assert cls.bounds(same) == cls.bounds(config)
    assert write(msgspec.structs.replace(said, settings=stored), cls) == exported


def test_an_export_says_what_its_author_said(registry: Registry) -> None:
    text = (
        'name = "waste"\nkind = "table"\n\n[title]\nsv = "Avfall"\n\n[settings]\ncard = "pickup"\nsays_whom = false\n'
        'path = "/srv/waste.csv"\n\n[settings.fields]\nwaste = "Avfall"\n\n[settings.about]\naddress = "Adress"\n'
    )
    said, cls, config = declared(text, registry)
    plain, _ = definition.apart(config)
    exported = write(msgspec.structs.replace(said, settings=plain), cls)
    assert exported.splitlines()[:6] == text.splitlines()[:6]
    assert sorted(exported.splitlines()) == sorted(text.splitlines())


FORTNOX = (RECIPES / "fortnox.toml").read_text()


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        (
            'path = "/invoices/{value}"',
            'pth = "/invoices/{value}"',
            "by: invoice: pth isn't known here; there are: path",
        ),
        ('path = "/invoices/{value}"', "path = 5", "by: invoice: path = 5 can't be used: it is text"),
        ('path = "/invoices/{value}"', 'path = "/invoices/{no}"', "by.invoice: {no} isn't known here"),
        ('number = "DocumentNumber"', 'numbr = "DocumentNumber"', "fields has no numbr; there are: number"),
        ('total = "Total"', "total = 5", "fields: total = 5 can't be used"),
        ('total = "Total"', 'total = { txt = "a" }', "fields: total: txt isn't known here; there are: text"),
        ('to = "void"', 'to = "viod"', "rules: 1: to = 'viod' can't be used: it is one of paid"),
        ('INTRESTINVOICE = "reminder"', 'INTRESTINVOICE = "rmd"', "values.kind.INTRESTINVOICE: 'rmd' can't be used"),
        ('only = { Booked = "true" }', "only = { Booked = true }", "lists: payments: only: Booked = True can't be"),
        ("[settings.by.customer]", "[settings.by.kund]", "by: kund isn't known here; it is one of identity, customer"),
        ("most = 3", "most = 300", "by: customer: pages: most = 300 can't be used: it is a whole number from 1 to 20"),
        ('details = [{ name = "pay', 'details = [{ nme = "pay', "by: invoice: details: 1: nme isn't known here"),
        ('card = "invoice"', 'card = "invoices"', "card = 'invoices' can't be used: it is one of invoice"),
        ("[settings.about]", "[settings.abuot]", "rest has no setting abuot"),
    ],
)
def test_a_problem_in_a_table_is_told_by_its_line(was: str, becomes: str, words: str, registry: Registry) -> None:
    wrong = FORTNOX.replace(was, becomes)
    with pytest.raises(Invalid) as raised:
        declared(wrong, registry)
    said = str(raised.value)
    number, _, sentence = said.removeprefix("line ").partition(": ")
    assert sentence.startswith(words), said
    line = wrong.splitlines()[int(number) - 1]
    exact = becomes.partition(" = ")[0] in line
    assert exact or line in {"[settings.by.invoice]", "[[settings.rules]]", "[settings.by.customer]"}, line


def test_what_is_missing_is_told_by_its_table(registry: Registry) -> None:
    with pytest.raises(Invalid, match=r"line \d+: by: invoice: path is missing"):
        declared(FORTNOX.replace('path = "/invoices/{value}"', ""), registry)
    with pytest.raises(Invalid, match=r"line \d+: fields.number is missing"):
        declared(FORTNOX.replace('number = "DocumentNumber"', ""), registry)


def test_who_sees_a_line_is_in_the_file(registry: Registry) -> None:
    head = 'name = "tanks"\nkind = "table"\n'
    rest = '\n[title]\nsv = "Tankar"\n\n[settings]\ncard = "fields"\npath = "/srv/tanks.csv"\n\n[settings.fields]\n'
    rest += 'title = "Tank"\n\n[settings.about]\naddress = "Adress"\n'
    covers = 'leads_only = ["title"]\nuntil_asked = ["fields.Kod till bom"]\nnot_in_replies = ["fields"]\n'
    said, cls, config = declared(head + covers + rest, registry)
    assert said.until_asked == ("fields.Kod till bom",)
    plain, _ = definition.apart(config)
    assert write(msgspec.structs.replace(said, settings=plain), cls) == head + covers + rest
    for wrong in ('until_asked = ["due"]\n', 'leads_only = ["fields."]\n', 'not_in_replies = ["lås"]\n'):
        with pytest.raises(Invalid, match=r"^line 3: .*fields\.LABEL"):
            declared(head + wrong + rest, registry)


def test_a_line_that_is_hidden_is_there(registry: Registry) -> None:
    """Misspelt, it was shown to everybody."""
    rest = '[title]\nsv = "Tankar"\n[settings]\ncard = "fields"\npath = "/srv/tanks.csv"\nfields.title = "Tank"\n'
    rest += (
        'about.address = "Adress"\nlines = [{ label = "Kod till bom", value = "K" }, { label = "Fel ", value = "F" }]\n'
    )
    for wrong in (
        'until_asked = ["fields.Kod til bom"]',
        'leads_only = ["fields.Fel"]',
        'not_in_replies = ["fields.x"]',
    ):
        with pytest.raises(Invalid, match=r"^line 3: no line is labelled .*; there are: Kod till bom, Fel $"):
            declared(f'name = "tanks"\nkind = "table"\n{wrong}\n{rest}', registry)
    right = 'until_asked = ["fields.Kod till bom"]\nleads_only = ["fields.Fel "]'
    assert declared(f'name = "tanks"\nkind = "table"\n{right}\n{rest}', registry)[0].leads_only == ("fields.Fel ",)
