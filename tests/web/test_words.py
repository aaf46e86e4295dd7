"""Words: whatever a page shows can be said in another language, and is said in each that there is a folder for."""

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from hub.contract import Misconfigured
from hub.contract.chat import hours_of_week
from hub.inbox import search_words
from inbox_ui import searched, stored, words
from inbox_ui.lookups import sentences
from inbox_ui.words import LOCALE
from tests.architecture.source import ROOT, sources

LANGUAGES = sorted(each.parent.name for each in LOCALE.glob("*/messages.po"))
"""Of the screen; to citizens there are sentences in more."""
CATALOGUES = sorted(each.relative_to(LOCALE).with_suffix("").as_posix() for each in LOCALE.glob("*/*.po"))
TRANSLATED = [each for each in CATALOGUES if not each.startswith("en/")]
TEMPLATES = ROOT / "inbox_ui/templates"
SCRIPTS = ROOT / "inbox_ui/static/desk"
SAID_IN = {"aria-label", "aria-description", "aria-roledescription", "alt", "label", "placeholder", "title"}
"""Attributes that people read or hear."""
ATTRIBUTE = re.compile(r"""([\w:-]+)=("[^"]*"|'[^']*')""")
CLASS_BLOCK = re.compile(r"{% block body_class %}\w*{% endblock %}")
SAME_EVERYWHERE = {"Alt", "Torg", "SHA", "Esc", "Mod", "ModK", *words.LANGUAGES.values()}
"""The program's name, a hash, keys, languages in their own words."""
ASKS = {"N_", "S_", "_", "gettext", "ngettext", "pgettext"}
NOT_SAID = {"KeyError", "Meta", "log.error", "log.warning", "log.info"}
"""Calls whose strings no reader of a page ever sees."""
HEADERS = {"Location", "Vary"}
SAID_ALIKE = {
    "a name, or what its own manual calls it": {
        "Graph", "IT", "LMTP", "Maria Andersson", "Port", "SMS", "SMTP", "STARTTLS",
        "1 SMS", "Scope (OAuth2)", "TLS", "Token", "utf-8, cp1252 …",
    },
    "figures, units and signs": {
        "%(n)s min", "%(n)s ms", "%(n)s s", "%(words)s: %(whom)s", "{host} port {port}: {why}.",
    },
    "the word is the same in another language": {
        "%(num)s alarm", "Administration", "Alarm", "Alarm: {channel}", "Chat", "E-mail", "Find", "Invitation", "Mail",
        "Menu", "Mine", "Open", "Over", "Period", "Person", "Problem:", "Reception", "Send", "Spam", "Status", "Text",
        "Version", "Version %(number)s", "chat", "link", "mail", "open", "period", "sms", "text", "text ({what})",
        "version %(n)s",
    },
}  # fmt: skip
"""By the reason: what a language may say as English does. Anything else that is the same was left untranslated."""
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w*\}")
WORD = re.compile(r"[^\W\d_]{2,}")
PROSE = re.compile(r"^[A-ZÅÄÖ][a-zåäö]|[a-zåäö] [a-zåäö]")
PUT_INTO_THE_PAGE = re.compile(r"""(?:\bsay\(|\btell\(|textContent =|placeholder =|title =)\s*["'`]\s*[^\W\d_]""")
TODAY = date(2026, 11, 26)
_SENTENCES = r"^SENTENCES := (.*)$"
ENVIRONMENT = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Catalog]:
    """What the code asks for, by domain, as `make words` finds it."""
    found = {}
    for domain in ("messages", "sentences"):
        template = tmp_path_factory.mktemp("words") / f"{domain}.pot"
        options, folders = _of_makefile(rf"pybabel (-q extract .*) -o build/{domain}.pot (.*)$")
        options = options.replace("$(SENTENCES)", _of_makefile(_SENTENCES)[0])
        command = ["pybabel", *shlex.split(options), "-o", str(template), *shlex.split(folders)]
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(ROOT)
            CommandLineInterface().run(command)  # type: ignore[no-untyped-call]  # Babel's own gap
        found[domain] = _read(template)
    return found


@pytest.fixture(params=LANGUAGES)
def reader(request: pytest.FixtureRequest) -> Iterator[None]:
    """Somebody who reads in each of the languages."""
    words.speak(request.param, "UTC")
    yield
    words.speak("en", "UTC")


def test_every_language_to_choose_has_a_catalogue() -> None:
    assert {"en", *LANGUAGES} == set(words.LANGUAGES)  # English is what the code says
    assert {f"{each}/sentences" for each in sentences.LANGUAGES} == {each for each in CATALOGUES if "sent" in each}


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_a_catalogue_has_what_the_code_asks_for_and_nothing_else(asked: Mapping[str, Catalog], catalogue: str) -> None:
    there = _catalogue(catalogue)
    wanted, has = set(_keys(asked[catalogue.partition("/")[2]])), set(_keys(there))
    assert (wanted - has, has - wanted) == (set(), set()), "missing, and asked for no more: make words"
    assert not there.obsolete


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_every_message_is_translated(catalogue: str) -> None:
    empty = [each.id for each in _messages(catalogue) if each.fuzzy or not all(_forms(each.string))]
    assert not empty, f"without a translation in {catalogue}: {empty}"


@pytest.mark.parametrize("catalogue", TRANSLATED)
def test_what_is_said_as_in_english_is_so_for_a_reason(catalogue: str) -> None:
    assert _alike(catalogue) <= {each for several in SAID_ALIKE.values() for each in several}, "translate, or list it"


def test_what_may_be_alike_is_so_somewhere() -> None:
    alike = {each for name in TRANSLATED for each in _alike(name)}
    assert {each for several in SAID_ALIKE.values() for each in several} <= alike


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_what_is_filled_in_is_the_same(catalogue: str) -> None:
    wrong = []
    for each in _messages(catalogue):
        wanted = sorted(PLACEHOLDER.findall(_forms(each.id)[-1]))
        for form in _forms(each.string):
            stray = "%" in PLACEHOLDER.sub("", form).replace("%%", "")
            if stray or sorted(PLACEHOLDER.findall(form)) != wanted:
                wrong.append((each.id, form))
    assert not wrong


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_nobody_is_shouted_at_and_what_asks_first_says_so(catalogue: str) -> None:
    wrong = [
        (each.id, form)
        for each in _messages(catalogue)
        for form in _forms(each.string)
        if "!" in form or form != form.strip() or form.endswith("…") != _forms(each.id)[0].endswith("…")
    ]
    assert not wrong


def test_no_template_has_words_of_its_own() -> None:
    found = {
        path.relative_to(TEMPLATES).as_posix(): own
        for path in sorted(TEMPLATES.rglob("*.html"))
        if (own := _said_by(path.read_text(encoding="utf-8")) - SAME_EVERYWHERE)
    }
    assert not found, "put it into {{ _() }}"


def _said_by(template: str) -> set[str]:
    reader = Reader()
    tokens = ENVIRONMENT.lex(CLASS_BLOCK.sub("", template))
    reader.feed("".join(text if kind == "data" else " " for _line, kind, text in tokens))
    reader.close()
    return {word for text in reader.found for word in WORD.findall(text)} | set(_in_expressions(template))


def test_no_module_has_words_of_its_own() -> None:
    found = [
        f"{source.path}:{line}: {text}"
        for source in sources("inbox_ui")
        if source.path != "inbox_ui/build_assets.py"  # speaks to whoever builds
        for line, text in _strings(source.tree)
        if PROSE.search(text) and not _is_technical(text)
    ]
    assert not found, "put it into _()"


def test_scripts_take_their_words_from_the_page() -> None:
    found = {
        path.name: hits
        for path in SCRIPTS.glob("*.js")
        if (hits := PUT_INTO_THE_PAGE.findall(path.read_text(encoding="utf-8")))
    }
    assert not found


def test_what_rows_say_is_what_the_hub_writes() -> None:
    texts = [
        re.sub(r'"\n\s*f?"', "", source.text) for source in sources("hub", "connectors", "plugins")
    ]  # one of two lines
    pieces_of = {
        sentence: [piece.strip() for piece in re.split(r"\{\w+\}", sentence) if piece.strip(" .:")]
        for sentence in stored.SENTENCES
    }
    assert len(pieces_of) > 100
    gone = [
        sentence
        for sentence, pieces in pieces_of.items()
        if not any(all(piece in text for piece in pieces) for text in texts)
    ]
    assert not gone, "it is said otherwise now"


@pytest.mark.usefixtures("reader")
def test_what_rows_say_is_said_with_what_differs_in_it() -> None:
    for sentence in stored.SENTENCES:
        written = PLACEHOLDER.sub("4711", sentence)
        assert stored.stored(f"{written}\n  File x") == PLACEHOLDER.sub("4711", words.gettext(sentence))
    assert stored.stored("550 No such user here") == "550 No such user here"
    nobody = "nothing answers there: see whether it runs, at that port, and whether a firewall is between"
    there = "127.0.0.1 port 25, security none"
    assert stored.stored(f"{there}: {nobody}.") == f"{there}: {words.gettext(nobody)}."
    assert stored.stored("Alarm: Mailbox") == words.gettext("Alarm: {channel}").format(channel="Mailbox")


@pytest.mark.usefixtures("reader")
def test_kinds_of_channels_and_why_settings_are_refused_are_said_in_the_readers_language() -> None:
    found = (re.findall(r'^    title = "(.+)"', source.text, re.M) for source in sources("connectors"))
    titles = [each for several in found for each in several]
    assert len(titles) > 4
    assert not [each for each in titles if not stored.is_known(each)]
    said = "The mail server 10.1.0.5 broke off: Connection refused. Nothing was saved."
    for word in ("broke", "refused", "saved"):
        assert word not in stored.stored(said)


@pytest.mark.usefixtures("reader")
def test_a_search_understands_the_words_that_it_was_understood_by() -> None:
    for name in set(search_words.FILTERS.values()):
        said = searched.searched(name, "2026-11-26")
        assert [each.filter for each in search_words.parse(f"{said.replace(' ', '')} ", TODAY).terms] == [name]
    for name, value in [("is", "overdue"), ("has", "attachment"), ("kind", "mail"), ("assignee", "me")]:
        said = searched.searched(name, value)
        assert search_words.parse(f"{said.replace(' ', '')} ", TODAY).terms == (search_words.Term(name, value),)


class Reader(HTMLParser):
    """Collects what is said: text, and attributes that people read or hear."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base class's
        """A macro's attributes come as text: those are looked for there."""
        self.found += [value for name, value in attrs if value and name in SAID_IN]

    def handle_data(self, data: str) -> None:
        """What is written between tags, but neither style nor script."""
        if self.cdata_elem is None:
            self.found += [value for name, value in ATTRIBUTE.findall(data) if name in SAID_IN]
            self.found.append(ATTRIBUTE.sub("", data))


def _in_expressions(source: str) -> Iterator[str]:
    """Strings that a template writes without asking for their translation."""
    tree = ENVIRONMENT.parse(source)
    asked = {
        id(each)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in ASKS
        for each in call.find_all(nodes.Const)
    }
    for each in tree.find_all(nodes.Const):
        if isinstance(each.value, str) and id(each) not in asked and PROSE.search(each.value):
            yield from WORD.findall(each.value)


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """A module's strings by line, but docstrings, annotations and what is translated where it is shown."""
    beside: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as docstring):
                beside.add(docstring)
            case ast.FunctionDef(returns=ast.AST() as annotation):
                beside.add(annotation)
            case ast.Call(func=function) if ast.unparse(function) in ASKS | NOT_SAID | _errors():
                beside.update(each for argument in node.args for each in ast.walk(argument))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in beside:
            yield node.lineno, node.value


def _errors() -> set[str]:
    """Whose sentences `make words` finds."""
    return set(re.findall(r"-k (\w+)", _of_makefile(_SENTENCES)[0]))


def _of_makefile(pattern: str) -> tuple[str, ...]:
    found = re.search(pattern, (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert found
    return found.groups()


def _is_technical(text: str) -> bool:
    """A header's name, a content security policy, or one of those that are the same everywhere."""
    is_header = re.fullmatch(r"[A-Z]\w*(-[A-Z]\w*)+", text) is not None
    return is_header or text in HEADERS | SAME_EVERYWHERE or "default-src" in text


def _catalogue(name: str) -> Catalog:
    return _read(LOCALE / f"{name}.po", name.partition("/")[0])


def _read(path: Path, language: str | None = None) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


def _messages(catalogue: str) -> list[Message]:
    return [each for each in _catalogue(catalogue) if each.id]


def _alike(catalogue: str) -> set[str]:
    """What it says as the code does."""
    return {form for each in _messages(catalogue) for form in _forms(each.string) if form in _forms(each.id)}


def _keys(catalogue: Catalog) -> Iterator[tuple[str | None, tuple[str, ...]]]:
    for each in catalogue:
        if each.id:
            yield each.context, _forms(each.id)


def _forms(said: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    """Of one message: one, or one and many."""
    return (said,) if isinstance(said, str) else tuple(said or ("",))


def test_why_opening_hours_cannot_be_read_is_said_in_one_language() -> None:
    words.speak("sv", "UTC")
    with pytest.raises(Misconfigured) as said:
        hours_of_week("hours", "mån-fre åtta")
    expected = "'mån-fre åtta' kan inte läsas: skriv mån-fre 08:00-16:00, med ; emellan"
    assert stored.stored(str(said.value)) == expected
    assert stored.stored(f"{said.value}.") == f"{expected}."
