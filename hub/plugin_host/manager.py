"""Loads plugins: ours from the table of contents, others by entry point, all through the same door, each on its own.

What goes wrong in one plugin is a line in `Registry.broken`; the others load.
"""

import importlib
import inspect
import traceback
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from importlib import metadata
from typing import Any

import pluggy
from msgspec import Struct

from hub.contract import ENTRY_POINT_GROUP
from hub.contract import register as specification
from hub.plugin_host.built_in import BUILT_INS
from hub.plugin_host.registry import Broken, BrokenRule, Offer, Registry

SENTENCE_LENGTH = 400
"""Characters of an outside error that are shown."""


def load(
    blocked: Collection[str] = (), built_ins: Sequence[str] = BUILT_INS, group: str = ENTRY_POINT_GROUP
) -> Registry:
    """All plugins but those `blocked` names (a built-in's module, an entry point's name). No plugin makes it raise."""
    manager = pluggy.PluginManager(ENTRY_POINT_GROUP)
    manager.add_hookspecs(specification)
    registry = Registry()
    for candidate in _candidates(built_ins, group):
        if candidate.name in blocked:
            manager.set_blocked(candidate.name)
            registry.leave_out(candidate.name)
            continue
        try:
            offer = _ask(manager, candidate)
            registry.take(candidate.name, candidate.version, offer, built_in=candidate.built_in)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - outside code: whatever it raises, the hub starts
            registry.set_aside(Broken(candidate.name, candidate.version, _sentence(error)))
    return registry


def offered(name: str, module: Callable[[], Any]) -> Offer | str:
    """What one plugin brings, alone; or the sentence that its red line would be."""
    manager = pluggy.PluginManager(ENTRY_POINT_GROUP)
    manager.add_hookspecs(specification)
    try:
        return _ask(manager, _Candidate(name, "", False, module))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - outside code: whatever it raises is told
        return _sentence(error)


class _Candidate(Struct, frozen=True):
    name: str
    version: str
    built_in: bool
    load: Callable[[], Any]


def _candidates(built_ins: Sequence[str], group: str) -> Iterator[_Candidate]:
    ours = _version_of_torg()
    for name in built_ins:
        yield _Candidate(name, ours, True, partial(importlib.import_module, name))
    # Sorted, so that of two plugins with the same kind the same one wins on every start.
    for point in sorted(metadata.entry_points(group=group), key=lambda point: (point.name, point.value)):
        yield _Candidate(point.name, point.dist.version if point.dist else "?", False, point.load)


def _version_of_torg() -> str:
    try:
        return metadata.version("torg")
    except metadata.PackageNotFoundError:  # run from a checkout that isn't installed
        return "?"


def _ask(manager: pluggy.PluginManager, candidate: _Candidate) -> Offer:
    """Import one plugin, register it and call its hook alone: a raising hook would stop the others'."""
    if manager.has_plugin(candidate.name):
        raise BrokenRule("Another plugin has this name already.")
    plugin = candidate.load()
    manager.register(plugin, name=candidate.name)
    try:
        manager.check_pending()  # a wrong hook name is found by nothing else
    except pluggy.PluginValidationError:
        manager.unregister(plugin)  # or the next check would find it again
        raise
    if not manager.get_hookcallers(plugin):
        raise BrokenRule("It has no function register_plugins(register) marked with hub.contract.hook_impl.")
    others = [other for other in manager.get_plugins() if other is not plugin]
    offer = Offer()
    answers = manager.subset_hook_caller("register_plugins", remove_plugins=others)(register=offer)
    for answer in answers:
        if inspect.iscoroutine(answer):
            answer.close()
            raise BrokenRule("register_plugins must be a plain function, not an async one.")
    return offer


def _sentence(error: BaseException) -> str:
    """For a person of IT: what went wrong, and for a bug in which line of the plugin."""
    if isinstance(error, BrokenRule | pluggy.PluginValidationError):
        return str(error)[:SENTENCE_LENGTH]
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}"[:SENTENCE_LENGTH] + where
