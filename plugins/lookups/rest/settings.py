"""Settings of a source by HTTP: where it is, how we log in, what may be asked; whether that can be."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from msgspec import Meta, Struct, field

from hub.contract import Bounds, Identifier, Misconfigured, Place, Secret, days, paths
from hub.contract.mapping import CardMapping
from hub.contract.mapping_config import FIELDS, MappedConfig, Source, Wanted

TOKENS = "tokens"
"""The address that tokens are at, among those elsewhere."""
ROW = "row"
"""What stands in braces of the row that details are asked for: `{row.No}`."""
MOST_PAGES, MOST_STEPS = 20, 5
OF_AN_ADDRESS = ("street", "house", "number", "letter", "postcode")
OF_AN_IDENTITY = ("ten", "dashed")
DAYS = ("today", "today_minus_30", "today_plus_30")
"""Beside what was asked by: any number of days, as yyyy-mm-dd in the settings' zone."""

_PATH = re.compile(r"(?:/[\w .~!$&'()*+,=:@{}-]+)+/?|/")
_PLACEHOLDER = re.compile(r"\{[^{}/]+\}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_HEADER, _LINE = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"), re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


class Ask(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One request. Texts in it may have `{value}`, parts of it, `{today_minus_30}`, and `{step.path}` of a step before.

    With `body` (JSON) or `form` it is a POST that reads. `at`: an address of `elsewhere`. `unwrap`: where the answer is
    a text that is JSON itself. `rows`: where they are in it. `nothing`: it says so, that it knows nothing; `denied`:
    it says that it doesn't let us in.
    """

    path: str
    query: dict[str, str] = {}
    body: dict[str, Any] | None = None
    form: dict[str, str] | None = None
    at: str = ""
    unwrap: str = ""
    rows: str = ""
    nothing: Wanted = {}
    denied: Wanted = {}


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """A list of the source's own words: in each row `key` is what `field` has elsewhere, and `value` what it means."""

    field: str
    key: str
    value: str


class Detail(Ask, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A request after it, for each row."""

    name: str


class Step(Detail, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A request before the last. `label`: what a row is called, where one is to be chosen; without it, all go on."""

    label: Source = ""
    words: Words | None = None


class Pages(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An answer in pages: `parameter` of the query is the page's number. `total`: where it says how many there are."""

    parameter: str
    first: int = 1
    most: Annotated[int, Meta(ge=1, le=MOST_PAGES)] = 5
    total: str = ""


class Question(Ask, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """What is asked by one identifier. `details`: asked for each row then, which has them under their name."""

    steps: Annotated[list[Step], Meta(max_length=MOST_STEPS)] = []
    pages: Pages | None = None
    details: Annotated[list[Detail], Meta(max_length=MOST_STEPS)] = []


class RestConfig(MappedConfig, frozen=True, kw_only=True):
    """Where it is, how we log in, what is asked; the rest is how its rows become cards."""

    base_url: Annotated[str, Meta(title="Address", min_length=1)]
    by: Annotated[dict[Identifier, Question], Meta(title="What is asked by an identifier", min_length=1)]
    format: Annotated[Literal["json", "xml"], Meta(title="What it answers in")] = "json"
    in_the_open: Annotated[bool, Meta(title="Without encryption")] = False
    headers: Annotated[dict[str, str], Meta(title="Headers that it wants")] = field(default_factory=dict)
    elsewhere: Annotated[dict[str, str], Meta(title="Other addresses, by a name")] = field(default_factory=dict)
    not_found: Annotated[list[int], Meta(title="Statuses that say: nothing is known")] = field(
        default_factory=lambda: [404]
    )
    probe: Annotated[Ask | None, Meta(title="What is asked when the settings are tried")] = None
    username: Annotated[str, Meta(title="User name (basic)")] = ""
    password: Annotated[Secret | None, Meta(title="Password (basic)")] = None
    api_key: Annotated[Secret | None, Meta(title="API key")] = None
    key_header: Annotated[str, Meta(title="Header of the API key")] = ""
    key_prefix: Annotated[str, Meta(title="What stands before the API key in its header")] = ""
    key_query: Annotated[str, Meta(title="The API key's name in the query, where no header will do")] = ""
    client_id: Annotated[str, Meta(title="Client id (OAuth2)")] = ""
    client_secret: Annotated[Secret | None, Meta(title="Client secret (OAuth2)")] = None
    token_url: Annotated[str, Meta(title="Address of tokens (OAuth2)")] = ""
    token_headers: Annotated[dict[str, str], Meta(title="Headers of the token's request")] = field(default_factory=dict)
    scope: Annotated[str, Meta(title="Scope (OAuth2)")] = ""
    authorities: Annotated[str, Meta(title="Authorities of its certificate (PEM), instead of the machine's")] = ""
    client_certificate: Annotated[Secret | None, Meta(title="Our certificate (PEM)")] = None
    client_key: Annotated[Secret | None, Meta(title="Our certificate's key (PEM)")] = None


def bounds(config: RestConfig) -> Bounds:
    """What these settings let be asked, and nothing else. Raises Misconfigured."""
    CardMapping(config)
    _check_login(config)
    for setting, headers in (("headers", config.headers), ("token_headers", config.token_headers)):
        _check_headers(setting, headers)
    for name in config.elsewhere:
        if not _NAME.fullmatch(name) or name == TOKENS:
            raise Misconfigured(
                f"elsewhere.{name}", f"elsewhere.{name}: a name is one of a-z, 0-9 and _, not {TOKENS}."
            )
    elsewhere = {name: Place(url) for name, url in config.elsewhere.items()}
    reads: dict[str, list[str]] = {"": [], **{name: [] for name in elsewhere}}
    posts: dict[str, list[tuple[str, str]]] = {name: [] for name in reads}
    for setting, ask, known in _asks(config):
        _check(setting, ask, known, config)
        pattern = _pattern(ask.path)
        if ask.body is None and ask.form is None:
            reads[ask.at].append(pattern)
        else:
            posts[ask.at].append((pattern, ""))
    elsewhere = {name: Place(each.base_url, reads[name], posts[name]) for name, each in elsewhere.items()}
    if config.token_url:
        base, path = _token_place(config)
        elsewhere[TOKENS] = Place(base, (), ((re.escape(path), ""),))
    answers = frozenset(config.by)
    return Bounds(answers, reads[""], posts[""], config.says_whom, config.card, elsewhere)


def token_path(config: RestConfig) -> str:
    """Below the address of tokens."""
    return _token_place(config)[1] if config.token_url else ""


def _asks(config: RestConfig) -> Iterator[tuple[str, Ask, set[str]]]:
    """Each request with its setting, and what stands in braces there."""
    for by, question in config.by.items():
        if config.says_whom and by not in config.about:
            raise Misconfigured(f"about.{by}", f"about.{by} is missing: what says that the answer is about that {by}?")
        known = {"value", *(OF_AN_ADDRESS if by == "address" else OF_AN_IDENTITY if by == "identity" else ())}
        names: set[str] = set()
        for number, step in enumerate(question.steps, 1):
            where = f"by.{by}.steps"
            if not _NAME.fullmatch(step.name) or step.name in known | names | {ROW} or days.NAMED.fullmatch(step.name):
                raise Misconfigured(
                    where, f"{where}, number {number}: its name is one of a-z, 0-9 and _, and used once."
                )
            if step.words and step.words.field not in FIELDS[config.card]:
                raise Misconfigured(where, f"{where}, {step.name}: there is no field {step.words.field} on this card.")
            yield f"{where}, {step.name}", step, known | {f"{name}." for name in names}
            names.add(step.name)
        yield f"by.{by}", question, known | {f"{name}." for name in names}
        for detail in question.details:
            if not _NAME.fullmatch(detail.name):
                raise Misconfigured(f"by.{by}.details", f"by.{by}.details: a name is one of a-z, 0-9 and _.")
            yield f"by.{by}.details, {detail.name}", detail, known | {f"{name}." for name in (*names, ROW)}
    if config.probe:
        yield "probe", config.probe, set()


def _check(setting: str, ask: Ask, known: set[str], config: RestConfig) -> None:
    field = setting.partition(",")[0]
    if not _PATH.fullmatch(ask.path) or ".." in ask.path or any(not part for part in ask.path[1:-1].split("/")[:-1]):
        raise Misconfigured(
            field, f"{setting}: path can't be used: write /like/this/{{value}}; what comes after ? stands in query."
        )
    if ask.body is not None and ask.form is not None:
        raise Misconfigured(field, f"{setting}: body and form are two ways of posting: give one.")
    if ask.at and ask.at not in config.elsewhere:
        there = ", ".join(config.elsewhere) or "none"
        raise Misconfigured(field, f"{setting}: there is no {ask.at} in elsewhere; there are: {there}.")
    for text in texts_in([ask.path, ask.query, ask.body, ask.form]):
        for name in paths.names_in(text):
            step, dot, _ = name.partition(".")
            if name not in known and not (dot and f"{step}." in known) and not days.NAMED.fullmatch(name):
                all_known = (*sorted(known), *DAYS)
                there = ", ".join(f"{{{each}}}" if each[-1] != "." else f"{{{each}…}}" for each in all_known)
                raise Misconfigured(field, f"{setting}: {{{name}}} isn't known here; there are: {there}.")


def texts_in(value: object) -> Iterator[str]:
    """Every text in it, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each)


def _pattern(path: str) -> str:
    """Of the path with anything but a slash in its braces."""
    fixed = _PLACEHOLDER.split(path)
    return "[^/]+".join(map(re.escape, fixed))


def _check_login(config: RestConfig) -> None:
    pairs = (("password", config.username, config.password), ("client_secret", config.client_id, config.client_secret))
    for name, who, secret in pairs:
        if bool(who) != bool(secret):
            raise Misconfigured(name, f"{name} and the name that it belongs to go together: give both or none.")
    if (config.key_header or config.key_query) and not config.api_key:
        raise Misconfigured("api_key", "api_key is missing: key_header and key_query say where it goes.")
    if (config.api_key and not (config.key_header or config.key_query)) or (config.key_header and config.key_query):
        raise Misconfigured("key_header", "api_key goes into key_header or, where that won't do, key_query: give one.")
    _check_headers("key_header", {config.key_header: "x"} if config.key_header else {})
    ways = [bool(config.username), config.key_header.lower() == "authorization", bool(config.client_id)]
    if sum(ways) > 1:
        raise Misconfigured("username", "There is one log-in: user name, a key in Authorization, or client id.")
    if bool(config.client_id) != bool(config.token_url):
        raise Misconfigured("token_url", "client_id and token_url go together: give both or none.")


def _check_headers(setting: str, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if setting != "key_header" and name.lower() in {"authorization", "cookie"}:
            raise Misconfigured(setting, f"{setting}: {name} is a log-in, which has settings of its own, kept secret.")
        if not _HEADER.fullmatch(name) or not _LINE.fullmatch(value):
            raise Misconfigured(setting, f"{setting}: a header is a name and one line of ASCII.")


def _token_place(config: RestConfig) -> tuple[str, str]:
    try:
        url = urlsplit(config.token_url)
    except ValueError as error:
        raise Misconfigured("token_url", "token_url isn't an address: write it as https://host/path.") from error
    if url.scheme not in {"http", "https"} or not url.netloc or len(url.path) <= 1 or url.query or url.fragment:
        raise Misconfigured("token_url", "token_url isn't an address: write it as https://host/path.")
    return f"{url.scheme}://{url.netloc}", url.path
