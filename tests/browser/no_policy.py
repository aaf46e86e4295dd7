"""`torg`, whose pages say nothing of what a browser may load or run in them: the wall that isn't there in that test."""

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

from hub.cli import main
from hub.edge.headers import secure
from hub.web import routes


async def _say_all_else(message: Message, scope: Scope) -> None:
    await secure(message, scope)
    if message["type"] == "http.response.start":
        del MutableScopeHeaders.from_message(message)["content-security-policy"]


if __name__ == "__main__":
    routes.secure = _say_all_else  # type: ignore[attr-defined]  # it is that module's by import
    main()
