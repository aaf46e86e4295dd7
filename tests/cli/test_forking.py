"""A process of several that stands still is killed when the others have had their time."""

import os
import signal
import subprocess
import sys

import pytest

from tests.architecture.source import ROOT
from tests.line import PATIENCE

_STANDS_STILL = """
import os, signal
from hub.cli import forking

forking._ENDS = 1
mine = forking.fork(2)
if mine.number == 1:
    print(os.getpid(), flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)  # and no signal but one ends it
signal.pause()
"""


def test_one_that_stands_still_is_killed_and_the_end_is_as_it_was_asked_for() -> None:
    command = [sys.executable, "-c", _STANDS_STILL]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        still = int(process.stdout.readline())
        process.terminate()
        assert process.wait(PATIENCE) == -signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(still, 0)
