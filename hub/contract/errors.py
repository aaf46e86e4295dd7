"""What a plugin may raise. Each name says what the hub does; the message is shown to a person of IT or to an agent.

A vendor's own errors end in the plugin: `raise Unreachable("…") from error`. Anything else that escapes is a bug:
the one item is set aside with its trace, counted and shown, and the next goes on.
"""


class PluginError(Exception):
    """Base of the errors with a meaning to the hub."""


class Unreachable(PluginError):
    """The other side doesn't answer. The hub backs off and tries again."""


class AuthFailed(PluginError):
    """Our credentials aren't accepted. The hub pauses the channel and asks an admin; a web call gets 401."""


class Misconfigured(PluginError):
    """A setting can't be right. The hub stops the channel and shows the sentence beside the field."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class Unreadable(PluginError):
    """This raw event can't be parsed. The hub quarantines it: visible, downloadable, replayable."""


class Refused(PluginError):
    """The other side said no, for good. The hub tells the agent, with the other side's words."""


class Deferred(PluginError):
    """The other side said: not now. The hub tries again later."""


class NotKept(PluginError):
    """Raised by `keep`: storage is in trouble and nothing was stored. Tell the source to come back."""
