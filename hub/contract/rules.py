"""The rules that show on a connector's class without running it. The hub refuses a class that breaks one."""

import inspect
import re
from collections.abc import Iterator
from typing import Any

from hub.contract.config import Config
from hub.contract.plugin import Connector, Listens, Sends

KIND = re.compile(r"[a-z][a-z0-9_]*\Z")
ABILITIES: tuple[tuple[type[Connector[Any]], str], ...] = ((Listens, "listen"), (Sends, "send"))


def broken_rules(cls: object) -> Iterator[str]:
    """What this class breaks, a sentence each; nothing when it keeps all rules."""
    if not (inspect.isclass(cls) and issubclass(cls, Connector)):
        yield "A connector is a class that derives from hub.contract.Connector or one of its abilities."
        return
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
    if not isinstance(inspect.getattr_static(cls, "parse"), staticmethod):
        yield f"{name}.parse must be a staticmethod: it runs in a child without the object."
    elif issubclass(cls, Listens) and cls.parse is Connector.parse:
        yield f"{name} listens, so it needs a parse."
    for ability, method in ABILITIES:
        own = getattr(cls, method, None) if issubclass(cls, ability) else None
        if own is not None and own is getattr(ability, method):
            yield f"{name} is a {ability.__name__} without a method {method}."
        elif own is not None and not inspect.iscoroutinefunction(own):
            yield f"{name}.{method} must be an async method."
