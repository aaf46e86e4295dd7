"""Plugins: what is plugged in, what is broken and why, what settings turn off."""

from litestar import Response, get
from litestar.di import NamedDependency

from hub.edge import running
from hub.edge.desk import Desk
from hub.edge.person import IT
from inbox_ui.administration import administration
from inbox_ui.rendering import Asking, page


@get("/plugins", opt=IT)
async def show_plugins(request: Asking, desk: NamedDependency[Desk]) -> Response[bytes]:
    """As this process has loaded them."""
    registry = request.app.state.registry
    shown = {"plugins": running.plugins(registry), "kinds": registry.connectors}
    return page(request, "plugins/page.html", **await administration(request, desk), **shown)


ROUTES = (show_plugins,)
