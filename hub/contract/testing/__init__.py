"""Contract tests that a plugin's author inherits, in seven lines; needs pytest.

    from pathlib import Path
    from torg_doorknocker import Doorknocker
    from hub.contract.testing import ConnectorTests

    class TestDoorknocker(ConnectorTests):
        connector = Doorknocker
        samples = sorted(Path(__file__).parent.glob("samples/*"))

One that pulls inherits PullTests, one that listens ListenTests, one that is called ReceiveTests, one that sends
SendTests, one that sends text messages TextTests, one that keeps what was sent KeepSentTests, one that can be told what
to do with a call ControlTests, and says how its other side is played. A lookup's author inherits LookupTests, or
FileLookupTests for one that reads a file, and says what the samples are the answer to. A system that is asked by HTTP
is played by a WebSide.
"""

from hub.contract.testing.connector import ConnectorTests
from hub.contract.testing.control import ControlledSide, ControlTests
from hub.contract.testing.keep_sent import KeepSentTests, SentFolder
from hub.contract.testing.listen import ListenTests
from hub.contract.testing.lookup import FileLookupTests, LookupTests
from hub.contract.testing.pull import PulledSide, PullTests
from hub.contract.testing.receive import ReceiveTests
from hub.contract.testing.send import Manner, OtherSide, SendTests
from hub.contract.testing.stage import Request
from hub.contract.testing.text import TextTests
from hub.contract.testing.web import WebSide

__all__ = [
    "ConnectorTests",
    "ControlTests",
    "ControlledSide",
    "FileLookupTests",
    "KeepSentTests",
    "ListenTests",
    "LookupTests",
    "Manner",
    "OtherSide",
    "PullTests",
    "PulledSide",
    "ReceiveTests",
    "Request",
    "SendTests",
    "SentFolder",
    "TextTests",
    "WebSide",
]
