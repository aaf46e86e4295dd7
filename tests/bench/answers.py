"""Answers: written at the desk one after the other, until each has left by SMTP."""

import time

import httpx
from sqlalchemy import func, select

from hub.inbox.delivery import UNSETTLED, Delivery
from hub.storage.unit import Unit
from tests.bench.installation import BENCH, Installation
from tests.bench.meter import Meter
from tests.bench.web import desk, figures, shown

ANSWERS = 200
_SECONDS = 120.0
_WAITING = select(func.count()).where(Delivery.state.in_(UNSETTLED))


def send(installation: Installation, meter: Meter) -> dict[str, float]:
    """`reply`: ms of the request; `answers`: a second, until the mail server has the last; processor ms of each."""
    with desk(installation) as client:
        ids, token = shown(client)
        for number in range(10):  # the first pay for imports
            _reply(client, ids[number], token)
        _all_left(installation)
        taken: list[float] = []
        meter.begin()
        begun = time.perf_counter()
        for number in range(ANSWERS):
            before = time.perf_counter()
            _reply(client, ids[number % len(ids)], token)
            taken.append(1000 * (time.perf_counter() - before))
        _all_left(installation)
        seconds = time.perf_counter() - begun
        spent = {f"answer {who}": each for who, each in meter.each(ANSWERS).items()}
        return figures("reply", taken) | {"answers": ANSWERS / seconds} | spent


def _reply(client: httpx.Client, conversation: str, token: str) -> None:
    form = {"_csrf_token": token, "text": "Hej, det ordnar vi.", "then": "open"}
    client.post(f"/conversations/{conversation}/replies", data=form, headers={"HX-Request": "true"}).raise_for_status()


def _all_left(installation: Installation) -> None:
    end = time.monotonic() + _SECONDS
    while installation.storage.read_now(BENCH, _waiting):
        if time.monotonic() > end:
            raise TimeoutError(f"answers wait after {_SECONDS:.0f} s:\n{installation.log()[-2000:]}")
        time.sleep(0.01)


def _waiting(unit: Unit) -> int:
    return int(unit.first(_WAITING) or 0)
