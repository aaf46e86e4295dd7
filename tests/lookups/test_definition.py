"""What a file declares: published in versions, rolled back, written out again, and told by line where it is wrong."""

import pytest
from sqlalchemy import select

from hub.contract import Config
from hub.errors import Invalid, NotFound
from hub.lookups import definition
from hub.lookups.definition import Declared, Lookup
from hub.lookups.file import read, write
from hub.plugin_host.registry import LookupClass, Registry
from tests.lookups.source import registry
from tests.storage.centre import Centre

FILE = """
name = "invoices"
kind = "ledgered"
seconds = 3

[title]
sv = "Fakturor"

[settings]
base_url = "https://economy.granvik.example/api"
"""


@pytest.fixture
def known() -> Registry:
    return registry()


def _read(text: str, known: Registry, **secrets: str) -> tuple[Declared, LookupClass, Config]:
    return read(text, known, lambda _: secrets)


def test_a_file_is_read_and_written_again(known: Registry) -> None:
    declared, cls, config = _read(FILE, known, password="quiet")
    assert (declared.name, declared.seconds, cls.kind) == ("invoices", 3.0, "ledgered")
    assert "quiet" not in repr(config)
    assert _read(write(declared), known)[0] == declared


@pytest.mark.parametrize(
    ("was", "instead", "field", "words"),
    [
        ("seconds = 3", "seconds = 300", "seconds", "line 4: seconds"),
        ('name = "invoices"', 'name = "In voices"', "name", "line 2: name"),
        ('kind = "ledgered"', 'kind = "ledger"', "kind", "line 3: There is no kind of lookup 'ledger'"),
        ("seconds = 3", "second = 3", "second", "line 4: there is no second; there are: name"),
        ("base_url =", "address =", "address", "line 10: ledgered has no setting address"),
        ('base_url = "https', 'password = "x"\nbase_url = "https', "password", "line 10: password is secret"),
        ("[title]", "[title", "", "line 6"),
        ('kind = "ledgered"\n', "", "", "missing required field `kind`"),
    ],
)
def test_what_is_wrong_is_told_by_line_and_field(
    known: Registry, was: str, instead: str, field: str, words: str
) -> None:
    assert was in FILE
    with pytest.raises(Invalid) as raised:
        _read(FILE.replace(was, instead), known)
    assert raised.value.field == field
    assert words in str(raised.value)


def test_versions_are_kept_and_rolled_back_to(centre: Centre, known: Registry) -> None:
    granvik = centre.ids["granvik"]
    for seconds in (1, 2, 3):
        declared, _, config = _read(FILE.replace("seconds = 3", f"seconds = {seconds}"), known, password=f"p{seconds}")
        centre.do(definition.publish, granvik, declared, config)
    assert centre.do(definition.published, granvik, "invoices").version == 3
    centre.do(definition.roll_back, granvik, "invoices", 1)
    found = centre.do(definition.published, granvik, "invoices")
    assert (found.version, found.declared.seconds, found.values["password"]) == (1, 1.0, "p1")
    centre.do(definition.roll_back, granvik, "invoices", 1)  # it is published already, and stays so
    assert centre.do(definition.published, granvik, "invoices").version == 1
    states = [row.state for row in centre.do(definition.all_of, granvik)]
    assert states == ["retired", "retired", "published"]
    with pytest.raises(NotFound, match="version 9"):
        centre.do(definition.roll_back, granvik, "invoices", 9)
    with pytest.raises(NotFound, match="no lookup invoices here"):
        centre.do(definition.published, centre.ids["nesoy"], "invoices")


def test_what_is_not_set_is_not_written(centre: Centre, known: Registry) -> None:
    declared, _, config = _read(FILE, known)
    made = centre.do(definition.publish, centre.ids["granvik"], declared, config)
    assert _read(write(made.declared), known)[2] == config


def test_secrets_lie_encrypted(centre: Centre, known: Registry) -> None:
    declared, _, config = _read(FILE, known, password="a quiet river")
    centre.do(definition.publish, centre.ids["granvik"], declared, config)
    stored = centre.do(lambda unit: str(unit.all(select(Lookup.definition))))
    assert "river" not in stored
    assert "a quiet river" in centre.do(definition.published, centre.ids["granvik"], "invoices").values.values()
