"""Picked: rows of a list. The same is done to each, as if it were alone, and taken back by one press."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody
from msgspec import Meta, Struct

from hub.edge import changing, colleagues, glances, looking
from hub.edge.desk import Desk
from hub.edge.parameters import id_of
from hub.edge.person import WORK
from hub.edge.versions import etag
from hub.errors import Conflict, Invalid, NotAllowed, NotFound
from hub.inbox.desk_list import DeskLine
from hub.inbox.names import Names
from hub.inbox.queries import ConversationLine
from inbox_ui import times
from inbox_ui.context import fragment
from inbox_ui.forms import instant
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.showing import Toast
from inbox_ui.view import View
from inbox_ui.words import ngettext, told, word

MOST = 50
"""Rows that are picked together: as many as a page of the list has."""
_LONGEST = 19
_NUMBER = "[1-9][0-9]{0,18}"
_ONE = rf"{_NUMBER}-[0-9]{{1,18}}"
_VERBS = ("assign", "queue", "wait", "close", "spam", "reopen", "not_spam", "resume")
_TO = "[0-9A-Za-z:.+-]{0,40}"
Ids = Annotated[str, QueryParameter(max_length=2_000, pattern=rf"^{_NUMBER}(,{_NUMBER})*$")]
Verb = Literal["assign", "queue", "wait", "close", "spam", "reopen"]
Refused = Conflict | Invalid | NotAllowed | NotFound


class Picked(Struct, kw_only=True):
    """`which`: ids, each with the version that was seen. `to`: a person, a queue, a time, or the morning of `date`."""

    which: Annotated[str, Meta(max_length=4_000, pattern=rf"^{_ONE}(,{_ONE})*$")]
    verb: Verb
    to: Annotated[str, Meta(max_length=40)] = ""
    date: Annotated[str, Meta(max_length=10)] = ""


class Act(Struct, frozen=True):
    """What is done to one conversation. `version`: on what it was decided; `to`: whom, where or until when."""

    conversation_id: str
    version: str
    verb: str
    to: str = ""

    def __str__(self) -> str:
        return "|".join((self.conversation_id, self.version, self.verb, self.to))


_WRITTEN = rf"{_NUMBER}\|[0-9]{{1,18}}\|({'|'.join(_VERBS)})\|{_TO}"


class Back(Struct, kw_only=True):
    """`acts`: what takes it back, one for each conversation."""

    acts: Annotated[str, Meta(max_length=8_000, pattern=rf"^{_WRITTEN}(,{_WRITTEN})*$")]


@get("/inbox/picked", opt=WORK)
async def show_picked(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], ids: Ids
) -> Response[bytes]:
    """What can be done with all of them together. One that may not be opened isn't among them."""
    return await _shown(request, desk, view, ids.split(","))


@get("/inbox/picked/colleagues", opt=WORK)
async def show_common_colleagues(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], ids: Ids
) -> Response[bytes]:
    """Whom all of them can be given to."""
    values = await fragment(request, desk, view)
    found = [await desk.read(colleagues.colleagues, id_of("ids", each)) for each in ids.split(",")[:MOST]]
    common = set.intersection(*(set(each) for each in found))
    everyone = [each for each in found[0] if each in common]
    return page(request, "conversations/_picked_colleagues.html", **values, colleagues=everyone)


@post("/inbox/picked", opt=WORK, status_code=200)
async def act(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], data: URLEncodedBody[Picked]
) -> Response[bytes]:
    """To each on its own: what was changed meanwhile stays as it is, and stays picked."""
    names = (await fragment(request, desk, view))["names"]
    to = _wanted(desk, data)
    seen = [each.partition("-") for each in data.which.split(",")[:MOST]]
    acts = [Act(row_id, version, data.verb, to) for row_id, _sign, version in seen]
    return await _acted(request, desk, view, acts, _said(data.verb, names), "/inbox/picked/undo")


@post("/inbox/picked/undo", opt=WORK, status_code=200)
async def undo(
    request: Asking, desk: NamedDependency[Desk], view: NamedDependency[View], data: URLEncodedBody[Back]
) -> Response[bytes]:
    """Each as it was, unless somebody has changed it since."""
    acts = [Act(*each.split("|")) for each in data.acts.split(",")[:MOST]]

    def said(count: int, _line: ConversationLine) -> str:
        words = ngettext("%(num)s conversation is as it was", "%(num)s conversations are as they were", count)
        return words % {"num": count}

    return await _acted(request, desk, view, acts, said, "")


async def _acted(
    request: Asking,
    desk: Desk,
    view: View,
    acts: Sequence[Act],
    said: Callable[[int, ConversationLine], str],
    back: str,
) -> Response[bytes]:
    done: list[Act] = []
    refused: list[tuple[Act, Refused]] = []
    line: ConversationLine | None = None
    for each in acts:
        try:
            line, undone = await _do(desk, each)
            done.append(undone)
        except (Conflict, Invalid, NotAllowed, NotFound) as error:
            refused.append((each, error))
    if line is None:
        raise refused[0][1]
    if not is_part(request):
        return onward(view.href)
    words = said(len(done), line)
    if refused:
        left = ngettext("%(num)s stays as it is: %(why)s", "%(num)s stay as they are: %(why)s", len(refused))
        words = f"{words}. {left % {'num': len(refused), 'why': told(refused[0][1])}}"
    fields = {"acts": ",".join(map(str, done))}
    toast = Toast(words, back, fields) if back else Toast(words)
    headers = {"HX-Retarget": "#toast", "HX-Reswap": "innerHTML"}
    return await _shown(request, desk, view, [each.conversation_id for each, _why in refused], toast, headers)


async def _do(desk: Desk, one: Act) -> tuple[ConversationLine, Act]:
    """The conversation as it is then, and what takes that back."""
    row_id, seen = id_of("which", one.conversation_id), etag(one.version)
    was = await desk.read(glances.line, row_id)
    to = ""
    match one.verb:
        case "assign":
            back, to = "assign", was.assignee.id if was.assignee else "none"
            if one.to == "none":
                line = await desk.write(changing.unassign, row_id, seen)
            else:
                line = await desk.write(changing.assign, row_id, seen, _named(one.to))
        case "queue":
            back, to = "queue", was.queue_id
            line = await desk.write(changing.move, row_id, seen, _named(one.to))
        case "wait":
            back, to = "resume", was.wait_until.isoformat() if was.wait_until else ""
            line = await desk.write(changing.wait, row_id, seen, instant(one.to, ""))
        case "resume":
            back, until = "wait", instant(one.to, "") if one.to else None
            line = await desk.write(changing.resume, row_id, seen, until)
        case "close" | "spam":
            back, verb = ("reopen", changing.close) if one.verb == "close" else ("not_spam", changing.mark_spam)
            line = await desk.write(verb, row_id, seen)
        case _:
            back, verb = ("spam", changing.unmark_spam) if was.closed_as == "spam" else ("close", changing.reopen)
            line = await desk.write(verb, row_id, seen)
    return line, Act(line.id, str(line.version), back, to)


def _named(to: str) -> int:
    """A person or a queue. Raises Invalid."""
    if not to.isdecimal() or len(to) > _LONGEST:
        raise Invalid("to", "choose one of those that are offered")
    return id_of("to", to)


async def _shown(
    request: Asking,
    desk: Desk,
    view: View,
    ids: Sequence[str],
    toast: Toast | None = None,
    headers: dict[str, str] | None = None,
) -> Response[bytes]:
    if len(ids) > MOST:
        raise Invalid("ids", "{most} conversations are selected together at most", most=MOST)
    values = await fragment(request, desk, view)
    names: Names = values["names"]
    found = await desk.read(looking.rows, [id_of("ids", each) for each in ids])
    lines = [each.conversation for each in found if isinstance(each, DeskLine)]  # the masked are others' alone
    places = {each.municipality_id for each in lines}
    shown: dict[str, Any] = {
        "lines": lines,
        "ids": ",".join(each.id for each in lines),
        "which": ",".join(f"{each.id}-{each.version}" for each in lines),
        "closed": all(each.closed_at for each in lines),
        "queues": [each for each in names.live_queues if places <= set(names.queues[each].municipality_ids)],
        "waits": times.waits(),
        "tomorrow": times.tomorrow(),
    }
    template = "conversations/_picked.html" if toast is None else "conversations/_acted.html"
    return page(request, template, headers=headers, **values, **shown, toast=toast)


def _wanted(desk: Desk, data: Picked) -> str:
    """Whom, where or until when, as an act names it. Raises Invalid."""
    if data.verb == "assign":
        return str(desk.actor.id) if data.to == "me" else data.to
    return instant(data.to, data.date).isoformat() if data.verb == "wait" else data.to


def _said(verb: Verb, names: Names) -> Callable[[int, ConversationLine], str]:
    """What was done, by how many and by one of them as it is now."""

    def said(count: int, line: ConversationLine) -> str:
        found = {
            "assign": ngettext(
                "%(num)s conversation assigned to %(name)s", "%(num)s conversations assigned to %(name)s", count
            ),
            "none": ngettext(
                "%(num)s conversation assigned to nobody", "%(num)s conversations assigned to nobody", count
            ),
            "queue": ngettext(
                "%(num)s conversation handed over to %(queue)s", "%(num)s conversations handed over to %(queue)s", count
            ),
            "wait": ngettext(
                "%(num)s conversation waits until %(day)s", "%(num)s conversations wait until %(day)s", count
            ),
            "close": ngettext("%(num)s conversation closed", "%(num)s conversations closed", count),
            "spam": ngettext("%(num)s conversation closed as spam", "%(num)s conversations closed as spam", count),
            "reopen": ngettext("%(num)s conversation open again", "%(num)s conversations open again", count),
        }
        return found["none" if verb == "assign" and line.assignee is None else verb] % {
            "num": count,
            "name": line.assignee.name if line.assignee else "",
            "queue": word(names.queues[line.queue_id].words),
            "day": times.day(line.wait_until) if line.wait_until else "",
        }

    return said


ROUTES = (show_picked, show_common_colleagues, act, undo)
