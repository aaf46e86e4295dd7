"""The measures: how long pages, events and turns took, in each part of the run, for each municipality."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.proof.storm.plan import WARM, Limits, Part

RATIO = 1.5
"""What the others' p95 may be in the storm, times the quiet one."""
LEAST = 40
"""Samples that a percentile is held against a limit by: fewer say little of one request in twenty."""
_P95, _P99 = 0.95, 0.99
PAGES = ("list page", "open", "search")
CHAT, HEARD, SHOWN = "chat turn -> agent", "contact -> agent", "contact -> screen"
ALL = (*PAGES, CHAT, HEARD, SHOWN)
_OF_PEOPLE = frozenset({404, 409, 412})
"""Statuses that a colleague causes who was faster."""

Samples = Mapping[tuple[str, int, str], Sequence[float]]
"""Milliseconds by measure, municipality and part."""


def samples(
    lines: Sequence[dict[str, Any]], entries: Mapping[str, int], desks: Sequence[int], parts: Sequence[Part]
) -> tuple[Samples, list[str]]:
    """And what an agent was never told, in words. `desks`: of which municipality; parts by the machine's clock."""
    found: defaultdict[tuple[str, int, str], list[float]] = defaultdict(list)
    seen: dict[str, dict[tuple[int, int], float]] = {"heard": {}, "shown": {}}
    anew: defaultdict[int, list[float]] = defaultdict(list)
    for line in lines:
        if line["does"] == "asked" and line["what"] in PAGES:
            found[line["what"], line["place"], _part(parts, line["at"])].append(1000 * line["took"])
        elif line["does"] in seen:
            seen[line["does"]].setdefault((line["desk"], line["entry"]), line["at"])
        elif line["does"] == "resync":
            anew[line["desk"]].append(line["at"])
    untold: list[str] = []
    for line in lines:
        if line["does"] != "sent" or line["word"] not in entries:
            continue
        part = _part(parts, line["at"])
        for desk in (number for number, place in enumerate(desks) if place == line["place"]):
            key, began = (desk, entries[line["word"]]), line["at"]
            later = min((at for at in anew[desk] if at >= began), default=None)
            heard = _first(seen["heard"].get(key), later)
            if heard is None:
                untold.append(f"desk {desk} was never told of {line['kind']} {line['word']}")
                continue
            found[HEARD if line["first"] else CHAT, line["place"], part].append(1000 * (heard - began))
            shown = _first(seen["shown"].get(key), later)
            if shown is not None and line["first"]:
                found[SHOWN, line["place"], part].append(1000 * (shown - began))
    return found, untold


def _first(one: float | None, other: float | None) -> float | None:
    there = [each for each in (one, other) if each is not None]
    return min(there) if there else None


def _part(parts: Sequence[Part], at: float) -> str:
    return next((each.name for each in parts if at < each.ends), "the end")


def centile(taken: Sequence[float], share: float) -> float:
    """Of sorted ones: the smallest that so many aren't above."""
    return taken[min(len(taken) - 1, int(share * len(taken)))]


def _of(found: Samples, measure: str, places: Iterable[int], part: str) -> list[float]:
    return sorted(each for place in places for each in found.get((measure, place, part), ()))


def table(found: Samples, codes: Sequence[str], parts: Sequence[Part]) -> dict[str, object]:
    """A line for each measure, part and side, and one for each municipality."""
    shown: dict[str, object] = {}
    names = [each.name for each in parts if each.name != WARM]
    for measure in ALL:
        for side, places in (("others", range(1, len(codes))), (codes[0], range(1))):
            for part in names:
                taken = _of(found, measure, places, part)
                if taken:
                    p50, p95, p99 = (f"{centile(taken, share):.0f}" for share in (0.5, _P95, _P99))
                    shown[f"{measure}, {side}, {part}"] = f"p50 {p50}  p95 {p95}  p99 {p99} ms  of {len(taken)}"
    for number, code in enumerate(codes):
        pairs = []
        for measure in ALL:
            quiet, storm = (_of(found, measure, [number], part) for part in ("quiet", "storm"))
            if quiet and storm:
                pairs.append(f"{measure} {centile(quiet, _P95):.0f} -> {centile(storm, _P95):.0f}")
        shown[f"{code}: p95 quiet -> storm, ms"] = "; ".join(pairs)
    return shown


def findings(found: Samples, places: int, parts: Sequence[Part], limits: Limits) -> list[str]:
    """What is slower than promised, and how much the others feel the storm."""
    said: list[str] = []
    shares = [("list page", limits.pages, _P95), ("open", limits.opens, _P95), ("search", limits.search, _P95)]
    shares += [(each, limits.event, _P99) for each in (CHAT, HEARD, SHOWN)]
    for measure, most, share in shares:
        for part in (each.name for each in parts if each.name != WARM):
            taken = _of(found, measure, range(places), part)
            if len(taken) >= LEAST and centile(taken, share) > most:
                said.append(
                    f"slow: {measure}, {part}: p{share * 100:.0f} {centile(taken, share):.0f} ms, of {most:.0f}"
                )
    others = range(1, places)
    for measure in ALL:
        quiet, storm = (_of(found, measure, others, part) for part in ("quiet", "storm"))
        if min(len(quiet), len(storm)) >= LEAST and centile(storm, _P95) > RATIO * centile(quiet, _P95):
            times = centile(storm, _P95) / centile(quiet, _P95)
            said.append(f"slow: {measure}: the others' p95 in the storm is {times:.2f} of the quiet one, of {RATIO}")
    return said


def ratios(found: Samples, places: int) -> dict[str, object]:
    """Of the others, where there are enough of both."""
    shown: dict[str, object] = {}
    for measure in ALL:
        quiet, storm = (_of(found, measure, range(1, places), part) for part in ("quiet", "storm"))
        enough = min(len(quiet), len(storm)) >= LEAST
        figure = (
            f"{centile(storm, _P95) / centile(quiet, _P95):.2f}" if enough else f"too few ({len(quiet)}, {len(storm)})"
        )
        shown[f"others' p95, storm / quiet: {measure}"] = figure
    return shown


def refusals(lines: Sequence[dict[str, Any]]) -> tuple[dict[str, object], list[str]]:
    """What desks asked for, what wasn't given, and what of that no colleague caused."""
    asked = [line for line in lines if line["does"] == "asked"]
    refused = Counter((line["what"], line["status"]) for line in asked if not 200 <= line["status"] < 400)  # noqa: PLR2004 - 2xx and 3xx are success
    figures: dict[str, object] = {"requests of desks": len(asked)}
    spent: defaultdict[str, list[float]] = defaultdict(list)
    for line in asked:
        spent[line["what"]].append(line["took"])
    longest = sorted(spent.items(), key=lambda each: -sum(each[1]))
    figures |= {f"  {what}": f"{len(took)}, {sum(took):.0f} s together" for what, took in longest}
    figures |= {f"  answered {status}: {what}": count for (what, status), count in sorted(refused.items())}
    bad = [
        f"{count} times {what} was answered {status or 'nothing'}"
        for (what, status), count in refused.items()
        if status not in _OF_PEOPLE
    ]
    return figures, bad
