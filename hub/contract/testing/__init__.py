"""Contract tests that a connector's author inherits, in seven lines; needs pytest.

    from pathlib import Path
    from torg_doorknocker import Doorknocker
    from hub.contract.testing import ConnectorTests

    class TestDoorknocker(ConnectorTests):
        connector = Doorknocker
        samples = sorted(Path(__file__).parent.glob("samples/*"))

One that sends inherits SendTests, one that listens ListenTests, and says how its other side is played.
"""

from hub.contract.testing.connector import ConnectorTests
from hub.contract.testing.listen import ListenTests
from hub.contract.testing.send import Manner, OtherSide, SendTests

__all__ = ["ConnectorTests", "ListenTests", "Manner", "OtherSide", "SendTests"]
