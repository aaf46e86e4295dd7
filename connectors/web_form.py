"""Web forms: what was filled in on a form of a municipality's, or sent to its address as JSON.

The public face checks and keeps it (hub/edge/filling.py); here it is read. A municipality's channel is made when its
first form is published; IT says on which sites its forms may stand.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from hub.contract import Config, Hosts, Register, hook_impl
from hub.formats import form

Site = Annotated[str, Meta(pattern=r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$", max_length=200)]


class WebFormConfig(Config, frozen=True):
    """Where the municipality's forms may stand."""

    sites: Annotated[
        Sequence[Site],
        Meta(
            title="Sites that may show its forms",
            description="one a line, as https://www.granvik.example; without any a form stands on its own page alone",
        ),
    ] = ()


class WebForm(Hosts[WebFormConfig]):
    """A municipality's forms."""

    kind = "web_form"
    title = "Web forms"
    Config = WebFormConfig

    parse = staticmethod(form.parse)


@hook_impl
def register_plugins(register: Register) -> None:
    register.connector(WebForm)
