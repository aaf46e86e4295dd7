"""The rules that show on a plugin's class without running it. The hub refuses a class that breaks one."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args

from hub.contract.config import Config
from hub.contract.lookup import Bounds, Identifier, Lookup, Place
from hub.contract.plugin import Connector, Controls, KeepsSent, Listens, Plugin, Pulls, Receives, Sends

KIND = re.compile(r"[a-z][a-z0-9_]*\Z")
_NOBODYS = frozenset({"address", "property"})
"""What can be asked by without asking about somebody."""
ABILITIES: tuple[tuple[type[Connector[Any]], str], ...] = (
    (Pulls, "pull"),
    (Listens, "listen"),
    (Sends, "send"),
    (KeepsSent, "keep_sent"),
    (Controls, "control"),
)


def broken_rules(cls: object) -> Iterator[str]:
    """What a connector's class breaks, a sentence each; nothing when it keeps all rules."""
    if not (inspect.isclass(cls) and issubclass(cls, Connector)):
        yield "A connector is a class that derives from hub.contract.Connector or one of its abilities."
        return
    yield from _of_every_plugin(cls)
    name = cls.__name__
    if not isinstance(inspect.getattr_static(cls, "parse"), staticmethod):
        yield f"{name}.parse must be a staticmethod: it runs in a child without the object."
    elif issubclass(cls, Pulls | Listens) and cls.parse is Connector.parse:
        yield f"{name} {'pulls' if issubclass(cls, Pulls) else 'listens'}, so it needs a parse."
    for ability, method in ABILITIES:
        own = getattr(cls, method, None) if issubclass(cls, ability) else None
        if own is not None and own is getattr(ability, method):
            yield f"{name} is a {ability.__name__} without a method {method}."
        elif own is not None and not inspect.iscoroutinefunction(own):
            yield f"{name}.{method} must be an async method."
    if issubclass(cls, Receives):
        yield from _of_receiving(cls)


def _of_receiving(cls: type[Receives[Any]]) -> Iterator[str]:
    if cls.accept is Receives.accept:
        yield f"{cls.__name__} is a Receives without a method accept."
    elif inspect.iscoroutinefunction(cls.accept) or inspect.iscoroutinefunction(cls.answer):
        yield f"{cls.__name__}.accept and answer must be plain methods: whoever calls waits for them."


def broken_rules_of_lookup(cls: object) -> Iterator[str]:
    """The same for a lookup's class."""
    if not (inspect.isclass(cls) and issubclass(cls, Lookup)):
        yield "A lookup is a class that derives from hub.contract.Lookup."
        return
    yield from _of_every_plugin(cls)
    name = cls.__name__
    if cls.find is Lookup.find or not inspect.iscoroutinefunction(cls.find):
        yield f"{name} needs an async method find."
    known = get_args(Identifier)
    answers = getattr(cls, "answers", None)
    if not isinstance(answers, frozenset) or not answers or not answers <= set(known):
        yield f"{name}.answers must be a frozenset of what it can be asked by: some of {', '.join(known)}."
    else:
        yield from broken_bounds(name, Bounds(answers, cls.allowed_paths, cls.allowed_posts, cls.says_whom, cls.shows))


def broken_bounds(name: str, bounds: Bounds) -> Iterator[str]:
    """What the bounds of a lookup break, those of its class or those that its settings set."""
    if not bounds.says_whom and not bounds.answers <= _NOBODYS:
        only = " or ".join(sorted(_NOBODYS))
        yield f"{name} doesn't say whom its cards are about, so it may be asked by {only} only."
    places: tuple[Bounds | Place, ...] = (bounds, *bounds.elsewhere.values())
    for pattern in (
        path for each in places for path in (*each.allowed_paths, *(path for path, _ in each.allowed_posts))
    ):
        if not _is_path(pattern):
            yield f"{name} lists {pattern!r}, which is no pattern of a path that begins with /."


def _of_every_plugin(cls: type[Plugin[Any]]) -> Iterator[str]:
    name = cls.__name__
    kind, title, config = (getattr(cls, attribute, None) for attribute in ("kind", "title", "Config"))
    if not isinstance(kind, str) or not KIND.match(kind):
        yield f"{name}.kind must be a name of a-z, 0-9 and _, beginning with a letter; it is {kind!r}."
    if not isinstance(title, str) or not title.strip():
        yield f"{name}.title must be a text for people."
    if not (inspect.isclass(config) and issubclass(config, Config)):
        yield f"{name}.Config must be a class that derives from hub.contract.Config."
    elif not (config.__struct_config__.frozen and config.__struct_config__.forbid_unknown_fields):
        yield f"{name}.Config must be frozen and forbid unknown fields."


def _is_path(pattern: object) -> bool:
    try:
        return isinstance(pattern, str) and pattern.startswith("/") and bool(re.compile(pattern))
    except re.error:
        return False
