"""Lines: why no connection to another machine comes about, as a half sentence that says what to look at."""

import socket
import ssl
from collections.abc import Iterator

_NO_TLS = "it doesn't speak TLS there: see which port has which encryption"
_WHAT_IS_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG"})
_MEANS = (
    (socket.gaierror, "no address is known by that name: see how it is written, and whether DNS answers"),
    (
        ConnectionRefusedError,
        "nothing answers there: see whether it runs, at that port, and whether a firewall is between",
    ),
    (TimeoutError, "no answer came in time: see whether it runs, at that port, and whether a firewall is between"),
    ((ConnectionResetError, ConnectionAbortedError, BrokenPipeError), "it hung up"),
)


def why_no_line(error: BaseException) -> str:
    """Of the system's or TLS's error, or of a library's that was raised for it. Without a full stop.

    The numbers that errors have are for programs: whoever sets up a channel shall read what to put right.
    """
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate isn't trusted ({(cause.verify_message or 'it cannot be verified').rstrip('.')})"
        if isinstance(cause, ssl.SSLError):
            return _NO_TLS if cause.reason in _WHAT_IS_NO_TLS else f"no encrypted line comes about ({_plain(cause)})"
        for kinds, said in _MEANS:
            if isinstance(cause, kinds):
                return said
    return _plain(error)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _plain(error: BaseException) -> str:
    """In the system's own words, or the library's, on one line."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(said.split()).rstrip(".") or type(error).__name__
