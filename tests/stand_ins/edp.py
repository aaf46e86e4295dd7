"""EDP Future Web, as its wire format is described: nobody has published a recording of it.

    with Edp({"ÅVÄGEN 2 -6, Henån (12345)": [{"WasteType": "Slam", "NextWastePickup": "Vecka 27", …}]}) as source:
        source.takes = "form"
        source.base_url, source.ledger

Two requests: a search that answers buildings with their numbers in parentheses, and what is fetched at one of them.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import parse_qs

from tests.stand_ins.matching import Asked
from tests.stand_ins.recorded import Recorded

ROOT = "/FutureWebBasic/SimpleWastePickup"


class Edp(Recorded):
    """`takes`: where it looks for the text, in the address or in a form; where that isn't, it answers `refusal`."""

    def __init__(self, buildings: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        super().__init__()
        self.buildings = buildings
        self.takes: Literal["query", "form"] = "query"
        self.refusal = 400
        self.base_url = f"{self.address}{ROOT}"

    def _reply(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        answers = {
            ("POST", f"{ROOT}/SearchAdress"): self._search,
            ("GET", f"{ROOT}/GetWastePickupSchedule"): self._schedule,
        }
        answer = answers.get((asked.method, asked.path))
        status, said = answer(asked) if answer else (404, None)
        body = b"<h2>Error</h2>" if said is None else json.dumps(said, ensure_ascii=False).encode()
        return status, {"Content-Type": "text/html" if said is None else "application/json; charset=utf-8"}, body

    def _search(self, asked: Asked) -> tuple[int, object]:
        if "content-length" not in asked.headers:
            return 411, None  # IIS wants it, of an empty body, too
        is_form = asked.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        form = parse_qs(asked.body.decode()) if is_form else {}
        text = (asked.query if self.takes == "query" else form).get("searchText")
        if not text:
            return self.refusal, None
        found = [building for building in self.buildings if text[0].casefold() in building.casefold()]
        return 200, {"Succeeded": bool(found), "Buildings": found}

    def _schedule(self, asked: Asked) -> tuple[int, object]:
        (building,) = asked.query.get("address", [""])
        return 200, {"RhServices": list(self.buildings.get(building, ()))}
