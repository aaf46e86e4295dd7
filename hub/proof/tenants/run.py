"""The run: the world is planted, every route called by everybody, statuses and bytes compared."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from http import HTTPStatus
from urllib.parse import unquote

from hub.app import Hub, create_app
from hub.proof import faults, ledgers
from hub.proof.faults import START_SECONDS, Victim
from hub.proof.installation import Installation, Where, dsn, fresh
from hub.proof.ledgers import Report
from hub.proof.ports import free_ports
from hub.proof.source import Source
from hub.proof.tenants import walls
from hub.proof.tenants.calls import call, state
from hub.proof.tenants.cells import TABLES
from hub.proof.tenants.matrix import CALLERS, CHANNELS, LOOKUPS, PLACES, QUEUES, ROUTES
from hub.proof.tenants.probes import ASKER, Probe, probes
from hub.proof.tenants.ready import Call
from hub.proof.tenants.world import CANARY, World, channel_of, mail_to, plant_centre, plant_mail

_LISTED = {"/api/v1/conversations": "id", "/api/v1/search": "conversation_id"}
"""Lists that must name exactly the conversations that may be opened, and by which field."""
_SHOWN_TO_NOBODY = {"channel config", "department address", "people address"}
"""No route tells of them."""


def prove(
    where: Where,
    say: Callable[[str], None],
    *,
    orm_filter: bool = True,
    callers: Collection[str] = CALLERS.keys(),
    routes: Collection[str] = ROUTES.keys(),
) -> Report:
    """Runs it, in a temporary folder and on an empty database. Without the ORM's filter: PostgreSQL only.

    `callers`, `routes`: fewer than all prove nothing, but find what a test has broken.
    """
    web, *ports = free_ports(1 + len(CHANNELS))
    # Without its pages, which are the same functions behind a cookie.
    settings = {"port": web, "undo_seconds": 3600, "sweep_seconds": 60, "screen": "", "parse_children": 1}
    with fresh(where, settings) as installation, ExitStack() as stack:
        served = _served(installation)
        world = installation.write(plant_centre, installation, dict(zip(CHANNELS, ports, strict=True)))
        server = _Server(installation, web, orm_filter=orm_filter)
        stack.callback(server.stop)
        _write_to_it(installation, world, server)
        installation.write(plant_mail, world)
        run = stack.enter_context(closing(Run(installation, world, web, callers)))
        run.findings += [f"{route} is in no table of the matrix" for route in sorted(served - ROUTES.keys())]
        run.findings += [f"{route} is in the matrix and not served" for route in sorted(ROUTES.keys() - served)]
        run.ask_all(routes)
        say(f"{run.calls} calls of the matrix made")
        run.probe()
        run.findings += run.unseen()
        figures: dict[str, object] = {
            "filter of the ORM": "on" if orm_filter else "off",
            "routes": len(served),
            "callers": len(callers),
            "cells": run.cells,
            "calls": run.calls,
            "canaries": len(world.canaries.owner),
            "wrong statuses": run.wrong,
            "refused, and yet changed": run.changed,
            "foreign canaries": run.leaks.total(),
            "wrong lists and counts": run.lists,
            "canaries seen by their own": len(run.seen),
        }
        if installation.database_url.startswith("postgresql"):
            more, findings = walls.check(dsn(installation.database_url), world.ids["municipality"])
            figures |= more | {"gaps in the wall": len(findings)}
            run.findings += findings
        return Report("tenants", figures, run.findings)


class Run:
    """All calls, and what was wrong with their answers."""

    def __init__(self, installation: Installation, world: World, port: int, callers: Collection[str]) -> None:
        self.findings: list[str] = []
        self.leaks: Counter[str] = Counter()
        self.seen: set[str] = set()
        self.calls = self.cells = self.wrong = self.changed = self.lists = 0
        self._installation, self._world, self._port, self._callers = installation, world, port, callers
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def close(self) -> None:
        """Its connection."""
        self._connection.close()

    def ask_all(self, routes: Collection[str]) -> None:
        """Every one of these and every thing of its table, by everybody."""
        for route, entry in ROUTES.items():
            if route not in routes:
                continue
            cells = {caller: TABLES[entry.table][caller] for caller in self._callers}
            if entry.column is not None:
                self._ask_for(route, None, {caller: row[entry.column] for caller, row in cells.items()})
                continue
            for thing in TABLES[entry.table][ASKER]:
                self._ask_for(route, thing, {caller: row[thing] for caller, row in cells.items()})

    def probe(self) -> None:
        """The probes, by everybody; only the asker's statuses are written down."""
        made = self._installation.write(lambda unit: list(probes(unit, self._world)))
        for caller in self._callers:
            for each in made:
                status, shown = self._ask(caller, each.call, each.name)
                if caller == ASKER:
                    self._judge(each, status, shown)
            for method in ("OPTIONS", "HEAD"):
                self._ask(caller, Call(method, "/api/v1/conversations"), method)

    def unseen(self) -> Iterator[str]:
        """Canaries that nobody was shown, though somebody may: then their not being shown to others proves nothing."""
        for word, (kind, name) in self._world.canaries.owner.items():
            if word not in self.seen and kind not in _SHOWN_TO_NOBODY:
                yield f"a canary of {kind} {name} was shown to nobody at all"

    def _ask_for(self, route: str, thing: str | None, cells: Mapping[str, str]) -> None:
        """Made ready anew for whoever comes after one who got it, but where it was only read; who is refused leaves it
        as it was.
        """
        ready: Call | None = None
        before: object = None
        refused: list[str] = []
        for caller, cell in cells.items():
            if ready is None:
                ready = self._installation.write(call, self._world, route, thing)
                before, refused = self._state(route, thing), []
            if cell == "ok":
                self._compare_state(refused, route, thing, before)
                refused = []
            else:
                refused.append(caller)
            answered = self._cell(caller, route, thing, cell, ready)
            if answered < HTTPStatus.BAD_REQUEST and ready.method != "GET":
                self._compare_state(refused, route, thing, before)
                ready = None
        if ready is not None:
            self._compare_state(refused, route, thing, before)

    def _state(self, route: str, thing: str | None) -> object:
        if thing is None or ROUTES[route].table not in {"work", "lift", "break", "pause"}:
            return None
        return self._installation.read(state, self._world, thing)

    def _compare_state(self, refused: Sequence[str], route: str, thing: str | None, before: object) -> None:
        """Once for all who were refused one after the other."""
        if refused and (after := self._state(route, thing)) != before:
            self.changed += 1
            callers = ", ".join(refused)
            self.findings.append(f"{callers}: {route} of {thing} was refused, and changed it: {before} to {after}")

    def _cell(self, caller: str, route: str, thing: str | None, cell: str, asked: Call) -> int:
        self.cells += 1
        status, shown = self._ask(caller, asked, route, thing)
        expected = ROUTES[route].ok if cell == "ok" else int(cell)
        if status != expected:
            self.wrong += 1
            self.findings.append(
                f"{caller}: {route} of {thing or 'the list'} answers {status}, not {expected}: {shown[:200]!r}"
            )
        if thing is None and cell == "ok" and status == expected:
            self._list(caller, asked.path.partition("?")[0], shown)
        return status

    def _ask(self, caller: str, asked: Call, what: str, thing: str | None = None) -> tuple[int, bytes]:
        """Status and body; every byte that came is searched for canaries."""
        self.calls += 1
        token = self._world.tokens[caller]
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body: str | bytes | None = None
        if isinstance(asked.body, bytes):
            body, headers["Content-Type"] = asked.body, "multipart/form-data; boundary=proof"
        elif asked.body is not None:
            body, headers["Content-Type"] = json.dumps(asked.body), "application/json"
        self._connection.request(asked.method, asked.path, body, headers | asked.headers)
        answer = self._connection.getresponse()
        content = answer.read()
        said = content + b"\n" + "\n".join(f"{name}: {unquote(value)}" for name, value in answer.getheaders()).encode()
        if answer.will_close:
            self._connection.close()
        allowed, owners = _allowed(caller, what), self._world.canaries.owner
        for word in owners.keys() & {found.decode() for found in CANARY.findall(said.lower())}:
            owner = owners[word]
            if owner in allowed:
                self.seen.add(word)
            elif word not in asked.path:  # their own words, given back
                self.leaks[word] += 1
                self.findings.append(f"{caller}: {what} of {thing or '-'} shows a canary of {owner[0]} {owner[1]}")
        return answer.status, content

    def _judge(self, probe: Probe, status: int, shown: bytes) -> None:
        if status != probe.status:
            self.wrong += 1
            self.findings.append(f"{ASKER}: {probe.name} answers {status}, not {probe.status}: {shown[:200]!r}")
        elif probe.empty and json.loads(shown)["items"]:
            self.lists += 1
            self.findings.append(f"{ASKER}: {probe.name} lists something: {shown[:200]!r}")

    def _list(self, caller: str, path: str, shown: bytes) -> None:
        """Nothing too much, and nothing missing."""
        may_open = _ok("open", caller)
        if path in _LISTED:
            places = {str(thing.conversation_id): name for name, thing in self._world.things.items()}
            found = {places.get(item[_LISTED[path]], "?") for item in json.loads(shown)["items"]}
            self._compare(caller, path, found, may_open)
        elif path == "/api/v1/assignments/next":
            taken = {
                name
                for name, thing in self._world.things.items()
                if json.loads(shown)["id"] == str(thing.conversation_id)
            }
            self._compare(caller, f"{path} (of what may be opened)", bool(taken) and taken <= may_open, True)
        elif path == "/api/v1/glass":
            places = {str(thing.conversation_id): name for name, thing in self._world.things.items()}
            told = {places[item["conversation_id"]] for item in json.loads(shown)["items"]}
            self._compare(caller, f"{path} (of what may be opened)", told <= may_open, True)
        elif path == "/api/v1/queues":
            counted = sum(item["open"] for item in json.loads(shown)["items"])
            self._compare(caller, f"{path} (open)", counted, len(may_open))
        elif path == "/api/v1/channels":
            channels = {str(row_id): name for name, row_id in self._world.ids["channel"].items()}
            found = {channels[item["id"]] for item in json.loads(shown)["items"] if item["id"] in channels}
            self._compare(
                caller, path, found, {name for name, cell in TABLES["channel"][caller].items() if cell == "ok"}
            )
        elif path == "/api/v1/raw-events":
            events = {str(thing.raw_event_id): name for name, thing in self._world.things.items()}
            found = {events.get(item["id"], "?") for item in json.loads(shown)["items"]}
            self._compare(caller, path, found, _ok("raw", caller))
        elif path == "/api/v1/made-lookups":
            names = {(code, department or "waste"): name for name, (code, department) in LOOKUPS.items()}
            codes = {str(row_id): code for code, row_id in self._world.ids["municipality"].items()}
            items = [(codes.get(item["municipality_id"], "?"), item["name"]) for item in json.loads(shown)["items"]]
            self._compare(caller, path, {names.get(each, "?") for each in items}, _ok("lookup", caller))
        elif path in {"/api/v1/lookups/asked", "/api/v1/lookups/use"}:
            codes = {str(row_id): code for code, row_id in self._world.ids["municipality"].items()}
            found = {codes.get(item["municipality_id"], "?") for item in json.loads(shown)["items"]}
            roles = {"auditor"} if path.endswith("/asked") else {"auditor", "department"}
            own = {code for code, role, _ in CALLERS[caller].memberships if role in roles}
            self._compare(caller, path, found, own)

    def _compare(self, caller: str, what: str, found: object, expected: object) -> None:
        if found != expected:
            self.lists += 1
            self.findings.append(f"{caller}: {what} shows {found}, not {expected}")


def _allowed(caller: str, route: str) -> set[tuple[str, str]]:
    """(kind, name) of the canaries that this caller may be sent: what the tables say they may open, and the words of
    the municipalities where they are members. The settings of a channel: to who may change them."""
    who = CALLERS[caller]
    if who.shows != "token":
        return set()
    own = {code for code, _, _ in who.memberships}
    allowed = {("municipality", code) for code in own} | {("people", code) for code in own}
    if route.endswith("/contacts/{entry_id:int}"):  # to whom it can be handed over
        allowed |= {("department", code) for code in own}
    allowed |= {("queue", name) for name, areas in QUEUES.items() if own & set(areas)}
    if who.scopes is None:
        allowed |= {("asked", code) for code, role, _ in who.memberships if role == "auditor"}
    opens = _ok("open", caller)
    if route.endswith("/content"):
        opens = opens | _ok("raw", caller)  # breaking glass, with a reason: the mail as it came
        allowed |= {("citizen", place) for place in _ok("raw", caller)}
    if route.endswith("/settings"):  # the addresses that it takes mail for
        theirs = _ok("pause", caller)
        allowed |= {("address", place) for place in PLACES if channel_of(place) in theirs}
    allowed |= {("alarm", name) for name in _ok("target", caller)}
    if "/alarm-targets" in route and _ok("target", caller) == set(CHANNELS):
        # Why a notice didn't go out, in the words of the server that it was to leave by.
        allowed |= {("channel config", name) for name in CHANNELS}
    allowed |= {(kind, place) for place in opens for kind in ("place", "citizen", "address")}
    allowed |= {("citizen", place) for place in _ok("citizen", caller)}
    allowed |= {("raw", place) for place in _ok("raw", caller)}
    allowed |= {("lookup", name) for name in _ok("lookup", caller)}
    return allowed | {("channel", name) for name in _ok("channel", caller)}


def _ok(table: str, caller: str) -> set[str]:
    return {thing for thing, cell in TABLES[table][caller].items() if cell == "ok"}


def _served(installation: Installation) -> set[str]:
    """Method and address of every route of the application, as it is put together to be served."""
    hub = Hub(installation.settings, serves=True, works=False)
    try:
        found = set()
        for route in create_app(hub).routes:
            methods: Sequence[str] = sorted(getattr(route, "methods", ["ANY"]))
            found |= {f"{method} {route.path}" for method in methods if method != "OPTIONS"}
        return found
    finally:
        hub.storage.close()


class _Server:
    """The application in a process of its own."""

    def __init__(self, installation: Installation, port: int, *, orm_filter: bool) -> None:
        self._installation = installation
        self._watch = Victim(installation.folder, installation.environment, port)
        self._process = faults.begin(
            "hub.proof.tenants.server",
            [] if orm_filter else ["--no-orm-filter"],
            installation.folder,
            installation.environment,
            installation.folder / "hub.log",
        )
        self.wait_until_open(port)

    def wait_until_open(self, port: int) -> None:
        if self._process.poll() is not None:
            raise RuntimeError(f"the application didn't start:\n{self._watch.last_words()}")
        self._watch.wait_until_open(port)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def _write_to_it(installation: Installation, world: World, server: _Server) -> None:
    """A mail to each place, by the channel it comes by."""
    for place in PLACES:
        port = world.ports[channel_of(place)]
        server.wait_until_open(port)
        mail = mail_to(world, place)
        world.addresses[f"sha256 {place}"] = mail.sha256
        source = Source(installation.folder / "source.jsonl", port, [mail], connections=1)
        source.allow(1)
        until = time.monotonic() + START_SECONDS
        while not (source.idle and ledgers.waiting(installation.storage) == 0):
            if time.monotonic() > until:
                raise RuntimeError(f"the mail to {place} wasn't read")
            time.sleep(0.01)
        source.stop()
