"""When waste is fetched, from EDP Future Web (Sweden): the pages "next emptying" that anybody may ask. We call it.

By address only: `SearchAdress` knows buildings, `GetWastePickupSchedule` what is fetched there. It says nothing of
anybody, so neither do the cards. Dates come as a day, as a week with or without its year, as a month, or not at all;
where only the week is known the card says the week. Missed pickups it doesn't tell.
"""

from codecs import BOM_UTF8
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from hub.contract import (
    About,
    Answer,
    AnyCard,
    AuthFailed,
    Config,
    Lookup,
    PickupCard,
    Register,
    Subject,
    Unreachable,
    Unreadable,
    hook_impl,
)
from hub.contract.days import SWEDEN, when
from hub.contract.houses import chosen, folded, searched

SEARCH, SCHEDULE = "/SearchAdress", "/GetWastePickupSchedule"
SEPTIC = ("slam", "sluten tank")
"""In `WasteType`, as these words or a part of longer ones."""
NONE = {"-", "–"}
"""How no day is written, beside nothing at all."""
ANOTHER = "EDP Future answered with something that isn't a pickup schedule."
MOST_BUILDINGS, MOST_SERVICES = 2_000, 200
OK = 200


class EdpFutureConfig(Config, frozen=True):
    """Where it stands."""

    base_url: Annotated[str, Meta(title="Address, with /SimpleWastePickup at its end", min_length=1)]


class _Found(Struct, rename="pascal"):
    succeeded: bool | None = None
    buildings: list[str] | None = None


class _Bin(Struct, rename="pascal"):
    container_type: str | None = None
    size: Any = None
    unit: str | None = None


class _Service(Struct, rename="pascal"):
    waste_type: str | None = None
    next_waste_pickup: str | None = None
    waste_pickup_frequency: str | None = None
    bin_type: _Bin | None = None


class _Schedule(Struct, rename="pascal"):
    rh_services: list[_Service] | UnsetType | None = UNSET


T = TypeVar("T", _Found, _Schedule)


class EdpFuture(Lookup[EdpFutureConfig]):
    """Pickups at an address, one card for each container."""

    kind = "edp_future"
    title = "Waste pickups (EDP Future)"
    Config = EdpFutureConfig
    answers = frozenset({"address"})
    allowed_paths = (SCHEDULE,)
    allowed_posts = ((SEARCH, ""),)
    shows = "pickup"
    says_whom = False

    async def check(self) -> None:
        """Searches for a common address: any answer in its shape will do."""
        await self._search("Torggatan 1")

    async def find(self, subject: Subject) -> Sequence[AnyCard]:
        building = chosen(subject.value, await self._search(searched(subject.value)))
        if building is None:
            return []
        answer = await self.tools.http.request("GET", SCHEDULE, query={"address": building})
        services = _read(answer, _Schedule).rh_services
        if isinstance(services, UnsetType):
            raise Unreadable(ANOTHER)
        return [self._card(building, service) for service in (services or [])[:MOST_SERVICES]]

    async def _search(self, text: str) -> list[str]:
        """Some installations take the text in the address, others as a form."""
        answer = await self.tools.http.request("POST", SEARCH, query={"searchText": text})
        if 400 <= answer.status < 500 and answer.status not in {401, 403, 429}:  # noqa: PLR2004 - RFC 9110: it is we who asked wrongly
            headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
            content = urlencode({"searchText": text}).encode()
            answer = await self.tools.http.request("POST", SEARCH, headers=headers, content=content)
        found = _read(answer, _Found)
        if found.succeeded is None and found.buildings is None:  # "nothing found" would be said of an error page
            raise Unreadable(ANOTHER)
        buildings = found.buildings or [] if found.succeeded is not False else []
        return list(dict.fromkeys(building for building in buildings[:MOST_BUILDINGS] if building.strip()))

    def _card(self, building: str, service: _Service) -> PickupCard:
        now = self.tools.now()
        waste, frequency, written = (
            folded(text) for text in (service.waste_type, service.waste_pickup_frequency, service.next_waste_pickup)
        )
        written = written if written not in NONE else ""
        today = now.astimezone(SWEDEN).date()
        pickup = when(written or frequency, today)
        if pickup is None and written:
            frequency = ", ".join(filter(None, (frequency, written)))
        container = service.bin_type or _Bin()
        return PickupCard(
            about=About(address=building),
            as_of=now,
            waste=waste,
            is_septic=any(word in waste.casefold() for word in SEPTIC),
            container=folded(container.container_type),
            size=_size(container.size),
            unit=folded(container.unit),
            frequency=frequency,
            next=pickup,
        )


def _size(written: object) -> Decimal | None:
    try:
        size = Decimal(str(written).replace(",", ".").strip())
    except InvalidOperation:
        return None
    if not size.is_finite() or size <= 0:
        return None
    return size.to_integral_value() if size == size.to_integral_value() else size


def _read(answer: Answer, kind: type[T]) -> T:
    if answer.status in {401, 403}:
        raise AuthFailed("EDP Future doesn't let us in.")
    if answer.status != OK:
        raise Unreachable(f"EDP Future answered with HTTP {answer.status}.")
    try:
        return msgspec.json.decode(answer.content.removeprefix(BOM_UTF8), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(ANOTHER) from error


@hook_impl
def register_plugins(register: Register) -> None:
    register.lookup(EdpFuture)
