"""Any source that answers by HTTP in JSON or XML, as its settings declare: what is asked of it, and what of that is
on a card. We call it; nothing but the declared paths can be reached, and only to read.

A question may take steps: an address, its id, the calendar of that. What a source means stands in `recipes/`, not here.
SOAP with its operations, pages that name the next one, and streams are for code.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from hub.contract import (
    Answer,
    AnyCard,
    AuthFailed,
    Bounds,
    Identifier,
    Lookup,
    Misconfigured,
    Register,
    Subject,
    Unreadable,
    hook_impl,
    paths,
)
from hub.contract.bearer import LONG, Bearer, complain
from hub.contract.houses import chosen
from hub.contract.mapping import CardMapping, Row, fits, written
from plugins.lookups.rest.answers import read, rows_in
from plugins.lookups.rest.asking import Known, headers_of, values_of, written_out
from plugins.lookups.rest.settings import ROW, TOKENS, Ask, Pages, Question, RestConfig, Step, bounds, token_path

T = TypeVar("T")

OK, NO_CONTENT = 200, 204
ACCEPT = {"json": "application/json", "xml": "application/xml, text/xml"}
BRANCHES = 10
"""Rows of a step that the next one is asked for."""
MOST_ROWS = 1_000
NOBODYS: Mapping[Identifier, str] = {
    "address": "Torggatan 1",
    "property": "PROV 1:1",
    "invoice": "0",
    "case": "0",
    "customer": "0",
}
"""What is asked by when settings are tried: about nobody."""


class Rest(Lookup[RestConfig]):
    """Rows as cards."""

    kind = "rest"
    title = "Any source by HTTP (JSON or XML)"
    Config = RestConfig
    answers = frozenset({"identity", "customer", "property", "address", "invoice", "case"})

    def __init__(self, config: RestConfig, tools: Any) -> None:
        super().__init__(config, tools)
        self.mapping = CardMapping(config)
        self.who = urlsplit(config.base_url).hostname or "The source"
        self.tokens = Bearer(
            self.tools,
            config.client_id,
            config.client_secret,
            token_path(config),
            config.scope,
            self.who,
            at=TOKENS,
            setting="token_url",
            headers=config.token_headers,
        )

    @classmethod
    def bounds(cls, config: RestConfig) -> Bounds:
        return bounds(config)

    async def check(self) -> None:
        """What the settings name for it; else a question about nobody: any answer in its form will do."""
        await self.tokens.prove()
        if self.config.probe:
            await self._tried("probe", self.config.probe, self._known({}))
            return
        for by in [each for each in NOBODYS if each in self.config.by][:1]:
            question = self.config.by[by]
            where, first = (f"by.{by}.steps", question.steps[0]) if question.steps else (f"by.{by}", question)
            await self._tried(where, first, self._known(values_of(Subject(by, NOBODYS[by]))))

    def _known(self, values: Mapping[str, str], rows: Mapping[str, object] | None = None) -> Known:
        return Known(values, rows, self.tools.now().astimezone(ZoneInfo(self.config.time_zone)).date())

    async def _tried(self, setting: str, ask: Ask, known: Known) -> None:
        try:
            await self._rows(ask, known)
        except Unreadable as error:
            raise Misconfigured(setting, f"{setting}: {error}") from error

    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        question, values = self.config.by[subject.by], values_of(subject)
        words: dict[str, Mapping[str, str]] = {}
        branches: list[dict[str, Row]] = [{}]
        for step in question.steps:
            if step.words:
                rows = await self._rows(step, self._known(values, branches[0]))
                words[step.words.field] = {
                    Known({}, row).get(step.words.key): Known({}, row).get(step.words.value) for row in rows
                }
                continue
            branches = [
                {**branch, step.name: row}
                for branch in branches
                for row in await self._rows(step, self._known(values, branch))
            ]
            branches = _meant(subject, step, branches)
            if not branches:
                return []
        found = [
            {**branch, **row} for branch in branches for row in await self._pages(question, self._known(values, branch))
        ]
        if question.details:
            found = [{**row, **await self._details(question, values, row)} for row in _few(question.path, found)]
        now = self.tools.now()
        return await self.tools.block(lambda: self.mapping.cards(found, now, asked=subject, words=words))

    async def _details(self, question: Question, values: Mapping[str, str], row: Row) -> Row:
        known = self._known(values, {**row, ROW: row})
        return {detail.name: await self._rows(detail, known) for detail in question.details}

    async def _pages(self, question: Question, known: Known) -> list[Row]:
        if question.pages is None:
            return await self._rows(question, known)
        rows: list[Row] = []
        new: list[Row] = []
        first = question.pages.first
        for number in range(first, first + question.pages.most):
            answer = await self._answer(question, known, {question.pages.parameter: str(number)})
            before, new = new, [] if answer is None else rows_in(answer, question.rows)
            if not new or new == before:  # there are no more, or it knows no pages
                break
            rows += new
            if len(rows) >= MOST_ROWS or _is_last(answer, question.pages, number - first + 1):
                break
        return rows[:MOST_ROWS]

    async def _rows(self, ask: Ask, known: Known) -> list[Row]:
        answer = await self._answer(ask, known)
        return [] if answer is None else rows_in(answer, ask.rows)[:MOST_ROWS]

    async def _answer(self, ask: Ask, known: Known, more: Mapping[str, str] | None = None) -> object:
        """As it was read; None where it says that it knows nothing."""
        config, made = self.config, written_out(ask, known)
        query, headers = (
            {**made.query, **(more or {})},
            {"accept": ACCEPT["json" if ask.at else config.format], **made.headers},
        )
        if ask.at:
            http = self.tools.elsewhere(ask.at)
            answer = await http.request(made.method, made.path, query=query, headers=headers, content=made.content)
        else:
            if config.api_key and config.key_query:
                query[config.key_query] = config.api_key.reveal()
            headers |= headers_of(config)

            async def asked(token: Mapping[str, str]) -> Answer:
                return await self.tools.http.request(
                    made.method, made.path, query=query, headers={**headers, **token}, content=made.content
                )

            answer = await self.tokens.asked(asked)
        if answer.status in {*config.not_found, NO_CONTENT}:
            if self.mapping.watch is not None:
                self.mapping.watch.unknown(answer.status)
            return None
        complain(answer, self.who)
        if answer.status != OK:
            raise Unreadable(f"{self.who} doesn't take what it was asked ({answer.status}).")
        return self._said(ask, await self._read(ask, answer))

    async def _read(self, ask: Ask, answer: Answer) -> object:
        """A long answer in the lookup's own thread, so that nobody else waits for it."""
        form = "json" if ask.at else self.config.format  # registers of addresses speak JSON
        if len(answer.content) > LONG:
            return await self.tools.block(lambda: read(answer.content, form, ask.unwrap))
        return read(answer.content, form, ask.unwrap)

    def _said(self, ask: Ask, answer: object) -> object:
        if isinstance(answer, Mapping):
            if ask.denied and fits(answer, ask.denied):
                raise AuthFailed(f"{self.who} says that it doesn't let us in.")
            if ask.nothing and fits(answer, ask.nothing):
                return None
        return answer


def _meant(subject: Subject, step: Step, branches: list[dict[str, Row]]) -> list[dict[str, Row]]:
    """The one that was asked for, where the step has a label. Raises DidYouMean."""
    if step.label:
        try:
            labels = [paths.text(written(branch[step.name], step.label)) for branch in branches]
        except ValueError as error:
            raise Unreadable(f"{step.name}: the label of one is no single text.") from error
        one = chosen(subject.value, list(dict.fromkeys(filter(None, labels))))
        branches = [branch for branch, label in zip(branches, labels, strict=True) if label == one and one]
    return _few(step.path, branches)


def _few(path: str, rows: list[T]) -> list[T]:
    if len(rows) > BRANCHES:
        raise Unreadable(f"{path} answers with too many to ask for each: ask more closely.")
    return rows


def _is_last(answer: object, pages: Pages, number: int) -> bool:
    if not pages.total:
        return False
    try:
        total = paths.number(paths.one(answer, pages.total))
    except ValueError as error:
        raise Unreadable(f"pages.total: what stands at {pages.total} is no number.") from error
    return total is not None and number >= total


@hook_impl
def register_plugins(register: Register) -> None:
    register.lookup(Rest)
