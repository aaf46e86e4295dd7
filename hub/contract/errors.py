"""What a plugin may raise. Each name says what the hub does; the message is shown to a person of IT or to an agent.

A vendor's own errors end in the plugin: `raise Unreachable("…") from error`. Anything else that escapes is a bug:
the one item is set aside with its trace, counted and shown, and the next goes on.
"""

from collections.abc import Sequence


class PluginError(Exception):
    """Base of the errors with a meaning to the hub."""


class _Waits(PluginError):
    """`wait`: seconds that the other side asks us to stay away (Retry-After); None: the hub's own pace."""

    def __init__(self, sentence: str = "", *, wait: float | None = None) -> None:
        super().__init__(sentence)
        self.wait = wait


class Unreachable(_Waits):
    """The other side doesn't answer. The hub backs off, at least for as long as it asks, and tries again."""


class TooLarge(Unreachable):
    """Its answer is larger than what its place allows; nothing of it was kept."""


class AuthFailed(PluginError):
    """Our credentials aren't accepted. The hub pauses the channel and asks an admin; a web call gets 401."""


class Misconfigured(PluginError):
    """A setting can't be right. The hub stops the channel and shows the sentence beside the field."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class Unreadable(PluginError):
    """This can't be read. A raw event is quarantined: visible, replayable; of a source's answer nothing is shown."""


class Refused(PluginError):
    """The other side said no, for good. The hub tells the agent, with the other side's words."""


class Deferred(_Waits):
    """The other side said: not now. The hub tries again later, not before the time that it asks for."""


class NotKept(PluginError):
    """Raised by `keep`: storage is in trouble and nothing was stored. Tell the source to come back."""


class DidYouMean(PluginError):
    """Several could be meant by what was asked by. `suggestions`: each can be asked by instead, as it is written.

    One that holds an identity number isn't shown.
    """

    def __init__(self, suggestions: Sequence[str]) -> None:
        super().__init__("Several could be meant.")
        self.suggestions = tuple(suggestions)
