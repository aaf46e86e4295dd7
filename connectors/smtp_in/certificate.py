"""The certificate that STARTTLS shows (RFC 3207): read again when its files change, a renewal needs no restart."""

import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from hub.contract import Misconfigured

logger = logging.getLogger(__name__)


class Certificate:
    """Of two files in PEM: the certificate with its chain, and the key; `private_key` empty: in the same file."""

    def __init__(self, certificate: str, private_key: str) -> None:
        self._files = (certificate, private_key or certificate)
        self._key_field = "private_key" if private_key else "certificate"
        self._state: tuple[tuple[int, int, int], ...] = ()
        self._context: ssl.SSLContext | None = None

    def check(self, now: datetime) -> None:
        """Raises Misconfigured for one that can't be used, or whose time is over or hasn't come."""
        self._load()
        try:
            first = x509.load_pem_x509_certificates(Path(self._files[0]).read_bytes())[0]
        except (OSError, ValueError, IndexError) as error:
            raise Misconfigured("certificate", f"{self._files[0]} holds no certificate in PEM.") from error
        if first.not_valid_after_utc < now:
            raise Misconfigured("certificate", f"{self._files[0]}: it ended on {_day(first.not_valid_after_utc)}.")
        if first.not_valid_before_utc > now:
            raise Misconfigured("certificate", f"{self._files[0]}: it begins on {_day(first.not_valid_before_utc)}.")

    def context(self) -> ssl.SSLContext:
        """As the files are now. While a renewal is half done, or wrong, the last good one. Raises Misconfigured."""
        state = tuple(_state(each) for each in self._files)
        if self._context is None or state != self._state:
            try:
                self._context = self._load()
            except Misconfigured as error:
                if self._context is None:
                    raise
                if state != self._state:
                    logger.warning("the certificate as it was read before stays in use: %s", error)
            self._state = state
        return self._context

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        for field, path in zip(("certificate", self._key_field), self._files, strict=True):
            try:
                Path(path).read_bytes()
            except OSError as error:
                raise Misconfigured(field, f"{path} can't be read: {error.strerror}.") from error
        try:
            # Without a word for it a locked key would be asked for on the terminal.
            context.load_cert_chain(*self._files, password=b"")
        except (ssl.SSLError, ValueError) as error:
            why = {
                "KEY_VALUES_MISMATCH": "belongs to another certificate.",
                "BAD_DECRYPT": "is locked by a password; leave it open, readable by this program alone.",
            }
            alone = "holds no certificate with its key in PEM: a key in a file of its own is named by private_key."
            apart = "isn't a key in PEM that goes with the certificate."
            said = why.get(getattr(error, "reason", None) or "", alone if self._key_field == "certificate" else apart)
            raise Misconfigured(self._key_field, f"{self._files[1]} {said}") from error
        return context


def _state(path: str) -> tuple[int, int, int]:
    """What changes with the file, replaced or written over; nothing while it isn't there."""
    try:
        found = Path(path).stat()
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d}"
