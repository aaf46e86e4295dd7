"""A web chat on the municipality's pages: the hub serves it, so this is what there is to set about it, and its check.

Who calls whom: the citizen's browser calls the hub (`/chat/<channel>`); nothing else is called.
"""

from hub.contract import ChatSettings, Hosts, Register, hook_impl
from hub.contract.chat import check


class WebChat(Hosts[ChatSettings]):
    """A script tag on a page, and what the citizen sees behind it."""

    kind = "web_chat"
    title = "Web chat"
    Config = ChatSettings

    async def check(self) -> None:
        check(self.config)


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(WebChat)
