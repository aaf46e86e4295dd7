"""The contract's own tests, and where a municipality's forms may stand."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.web_form import WebForm, WebFormConfig
from hub.contract import FormAnswer, ReceivedMessage
from hub.contract.config import read_config
from hub.contract.testing import ConnectorTests
from hub.formats.form import MEDIA_TYPE

SAMPLES = Path(__file__).parent / "samples"


class TestWebForm(ConnectorTests):
    connector = WebForm
    settings = {"sites": ["https://www.granvik.example"]}  # noqa: RUF012 - the contract's own form
    samples = sorted(SAMPLES.iterdir())
    media_type = MEDIA_TYPE

    def test_an_identity_number_stays_sealed(self) -> None:
        (message,) = self._parse(self.events(SAMPLES / "with_files.json"))
        assert isinstance(message, ReceivedMessage)
        assert message.form is not None
        sealed: list[FormAnswer] = [each for each in message.form.answers if each.kind == "identity"]
        assert [(each.text, each.sealed) for each in sealed] == [("", ("c2VhbGVk", "k3y"))]
        assert "c2VhbGVk" not in message.text


@pytest.mark.parametrize("site", ["*", "www.granvik.example", "https://www.granvik.example/form", "javascript:x"])
def test_a_site_is_an_address_of_a_host(site: str) -> None:
    settings: dict[str, Any] = {"sites": [site]}
    with pytest.raises(msgspec.ValidationError):
        read_config(WebFormConfig, settings)
