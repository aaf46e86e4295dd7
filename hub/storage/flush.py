"""Flush: a file, or the names in a folder, on the disk before anybody relies on it."""

import os
from pathlib import Path


def flush(path: Path | str) -> None:
    """Returns when the disk has it. Raises OSError."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
