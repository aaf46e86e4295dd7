"""The contract's tests."""

from pathlib import Path

from torg_doorknocker import Doorknocker

from hub.contract.testing import ConnectorTests


class TestDoorknocker(ConnectorTests):
    connector = Doorknocker
    samples = sorted(Path(__file__).parent.glob("samples/*"))
