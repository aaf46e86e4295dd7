"""Why there is no line to another machine is said so that IT knows what to look at."""

import socket
import ssl

import pytest

from hub.contract import why_no_line


def not_trusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_message = "certificate has expired"
    return error


def no_tls() -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(111, "Connect call failed ('127.0.0.1', 25)"), "nothing answers there"),
        (socket.gaierror(-2, "Name or service not known"), "no address is known by that name"),
        (TimeoutError("timed out"), "no answer came in time"),
        (ConnectionResetError(104, "Connection reset by peer"), "it hung up"),
        (not_trusted(), "its certificate isn't trusted (certificate has expired)"),
        (no_tls(), "it doesn't speak TLS there"),
        (OSError(113, "No route to host"), "No route to host"),
        (EOFError(), "EOFError"),
    ],
)
def test_what_is_in_the_way_is_said_in_words(error: Exception, said: str) -> None:
    wrapped = RuntimeError(f"Error connecting: {error}")
    wrapped.__cause__ = error
    assert why_no_line(error).startswith(said)
    if not said.startswith(("No route", "EOF")):
        assert why_no_line(wrapped) == why_no_line(error)
    assert "rrno" not in why_no_line(error)
