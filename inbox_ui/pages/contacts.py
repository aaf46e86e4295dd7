"""Contacts: a call or a visit in its own view, as whoever takes it sees it and writes it down."""

import secrets
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from msgspec import Meta, Struct

from hub.edge import contacting, looking, steering, talking, writing
from hub.edge.contacting import ContactAdded, NewContact
from hub.edge.desk import Desk
from hub.edge.idempotency import asked
from hub.edge.names import names
from hub.edge.parameters import PathId
from hub.edge.person import READ, WORK
from hub.edge.steering import NewOrder
from hub.edge.versions import etag
from hub.edge.writing import BeginOffer
from hub.errors import Invalid
from inbox_ui import registering, thread, times
from inbox_ui.context import whole
from inbox_ui.forms import SENDER, sender_of, usable
from inbox_ui.rendering import Asking, is_part, onward, page
from inbox_ui.view import View
from inbox_ui.words import alphabetical, word
from inbox_ui.words import gettext as _


class Begun(Struct):
    """`sender`: whom it is for; without it the first that is one's own. `key`: so that two presses are one.

    `instead`: address of the one that it takes the place of, for whom it was meant wrongly.
    """

    kind: Annotated[str, Meta(pattern="^(call|visit)$")]
    sender: Annotated[str, Meta(pattern=SENDER)] | None = None
    key: Annotated[str, Meta(max_length=100, pattern=r"^[\x21-\x7e]*$")] = ""
    instead: Annotated[str, Meta(pattern="^([1-9][0-9]{0,18} [1-9][0-9]{0,18} [0-9a-f]{16})?$")] = ""


class Order(Struct):
    """`target`: a number; `colleague`: one of ours instead, by id."""

    verb: Annotated[str, Meta(max_length=20)]
    target: Annotated[str, Meta(max_length=60)] = ""
    colleague: Annotated[str, Meta(max_length=20)] = ""


class Version(Struct):
    """Of what is written down."""

    version: Annotated[str, Meta(max_length=20)] = ""


@post("/contacts", opt=WORK)
async def begin(
    desk: NamedDependency[Desk], view: NamedDependency[View], data: URLEncodedBody[Begun]
) -> Response[bytes]:
    """One that no exchange tells of: its view opens."""
    offers = await desk.read(writing.offer_begin)
    if not offers:
        raise Invalid("kind", _("You work no queue, so there is none that a call could be for."))
    sender = sender_of(data.sender or _name(offers[0]))
    said = msgspec.convert({"kind": data.kind, "municipality": sender.municipality, "queue": sender.queue}, NewContact)
    answer = await desk.write(contacting.begin, said, asked(data.key or None, "POST /contacts", said))
    made = msgspec.json.decode(answer.body, type=ContactAdded)
    if data.instead and not answer.again:
        conversation_id, entry_id, version = data.instead.split(" ")
        await desk.write(contacting.discard, int(conversation_id), int(entry_id), etag(version))
    await desk.write(contacting.take, int(made.conversation_id))
    return onward(_address(view, made.conversation_id, made.id))


@get("/conversations/{conversation_id:int}/contacts/{entry_id:int}", opt=READ)
async def show(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    entry_id: PathId,
) -> Response[bytes]:
    """Greeting, caller, how it came, and the form; the citizen and other systems beside it. Reading it is logged."""
    values = await whole(request, desk, view)
    shown = await _shown(request, desk, values, conversation_id, entry_id)
    return page(request, "contacts/page.html", **{**values, **shown}, pane="contacts/_contact.html")


@get("/conversations/{conversation_id:int}/contacts/{entry_id:int}/caller", opt=READ)
async def show_head(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    entry_id: PathId,
) -> Response[bytes]:
    """Who it may be, and how the call stands, as it is now; what is filled in stays."""
    return await _head(request, desk, view, conversation_id, entry_id)


@post("/conversations/{conversation_id:int}/contacts/{entry_id:int}", opt=WORK, status_code=200)
async def register(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    entry_id: PathId,
) -> Response[bytes]:
    """Written down; whoever was busy with it is ready for the next."""
    form = await request.form()
    if form.get("stay"):
        await desk.write(contacting.keep, conversation_id, entry_id, registering.begun(form))
        return _onward(request, _address(view, conversation_id, entry_id))
    _serial, called = await names(desk)
    said = registering.registration(form, called)
    await desk.write(contacting.register, conversation_id, entry_id, etag(str(form.get("version") or "")), said)
    await desk.write(contacting.ready)
    return _onward(request, f"{view.href}&told=registered-{conversation_id}-{entry_id}")


@post("/conversations/{conversation_id:int}/contacts/{entry_id:int}/draft", opt=WORK, status_code=204)
async def keep(request: Asking, desk: NamedDependency[Desk], conversation_id: PathId, entry_id: PathId) -> None:
    """What is filled in so far, as it is typed."""
    await desk.write(contacting.keep, conversation_id, entry_id, registering.begun(await request.form()))


@post("/conversations/{conversation_id:int}/contacts/{entry_id:int}/end", opt=WORK, status_code=200)
async def finish(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    entry_id: PathId,
) -> Response[bytes]:
    """They have hung up, of a call that no exchange tells of."""
    await desk.write(contacting.finish, conversation_id, entry_id)
    if not is_part(request):
        return onward(_address(view, conversation_id, entry_id))
    return await _head(request, desk, view, conversation_id, entry_id)


@post("/conversations/{conversation_id:int}/contacts/{entry_id:int}/orders", opt=WORK, status_code=200)
async def order(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    entry_id: PathId,
    data: URLEncodedBody[Order],
) -> Response[bytes]:
    """Hold, transfer, hang up, or answer: told to the exchange, where it can be told."""
    said = usable({"verb": data.verb, "target": data.target, "person": data.colleague or None}, NewOrder)
    await steering.steer(desk, request.app.state.registry, conversation_id, entry_id, said)
    if data.verb == "answer":
        await desk.write(contacting.take, conversation_id)
        return _onward(request, _address(view, conversation_id, entry_id))
    if not is_part(request):
        return onward(_address(view, conversation_id, entry_id))
    return await _head(request, desk, view, conversation_id, entry_id)


@post("/conversations/{conversation_id:int}/contacts/{entry_id:int}/discard", opt=WORK, status_code=200)
async def discard(
    request: Asking,
    desk: NamedDependency[Desk],
    view: NamedDependency[View],
    conversation_id: PathId,
    entry_id: PathId,
    data: URLEncodedBody[Version],
) -> Response[bytes]:
    """It wasn't one after all."""
    await desk.write(contacting.discard, conversation_id, entry_id, etag(data.version))
    await desk.write(contacting.ready)
    return _onward(request, view.href)


async def _head(request: Asking, desk: Desk, view: View, conversation_id: int, entry_id: int) -> Response[bytes]:
    values = await whole(request, desk, view)
    shown = await _shown(request, desk, values, conversation_id, entry_id)
    return page(request, "contacts/_changed.html", **{**values, **shown})


async def _shown(
    request: Asking, desk: Desk, values: dict[str, Any], conversation_id: int, entry_id: int
) -> dict[str, Any]:
    contact = await desk.look(talking.look, conversation_id, entry_id)
    looked = await desk.look(looking.look_at, conversation_id)
    names = values["names"]
    municipality = names.municipalities[looked.page.conversation.municipality_id]
    offers = await desk.read(writing.offer_begin) if contact.by_hand else []
    kind = await desk.read(steering.kind_of, conversation_id, entry_id)
    order = {each: alphabetical(word(names.topics[each].words)) for each in contact.topics}
    keyed = contact.topics if len(contact.topics) <= registering.KEYED else contact.topics[: registering.KEYED - 1]
    return {
        **await thread.asked(request, desk, conversation_id),
        **thread.head(looked),
        **thread.others(request, desk, conversation_id),
        **registering.filled(contact, looked),
        **registering.choices(contact),
        "contact": contact,
        "text_length": registering.text_length(contact),
        "municipality": municipality,
        "offers": offers,
        "name_of": _name,
        "keyed": keyed,
        "further": sorted(contact.topics[len(keyed) :], key=order.__getitem__),
        "hops": registering.journey(contact, names, looked.page.conversation.queue_id),
        "beside": False,
        "one_time": secrets.token_urlsafe(16),
        "now_is": times.now(),
        "controls": steering.can_steer(request.app.state.registry, kind),
        "colleagues": await desk.read(steering.colleagues) if kind is not None else [],
        "unnamed": looked.page.citizen.protection == "yes" or talking.is_unnamed(looked.page.citizen.name),
    }


def _onward(request: Asking, address: str) -> Response[bytes]:
    return Response(b"", headers={"HX-Redirect": address}) if is_part(request) else onward(address)


def _address(view: View, conversation_id: int | str, entry_id: int | str) -> str:
    return f"/conversations/{conversation_id}/contacts/{entry_id}?{view.query}"


def _name(offer: BeginOffer) -> str:
    """As `forms.sender_of` reads it."""
    return f"{offer.municipality_id} {offer.queue_id}"


ROUTES = (begin, show, show_head, register, keep, finish, order, discard)
