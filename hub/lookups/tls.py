"""TLS of a lookup's own: authorities that its settings name, a certificate that we show."""

import ssl
import tempfile
from pathlib import Path

from hub.contract import Config, Misconfigured, Secret


def own_tls(config: Config) -> ssl.SSLContext | None:
    """None where the settings have neither: the machine's authorities then. Raises Misconfigured."""
    authorities = getattr(config, "authorities", "")
    certificate, key = (_revealed(getattr(config, name, None)) for name in ("client_certificate", "client_key"))
    if not (authorities or certificate or key):
        return None
    if bool(certificate) != bool(key):
        raise Misconfigured("client_key", "client_certificate and client_key go together: give both or none.")
    try:
        context = ssl.create_default_context(cadata=authorities or None)
    except (ssl.SSLError, ValueError, TypeError) as error:  # the last: not ASCII
        raise Misconfigured("authorities", "authorities can't be read: paste certificates as PEM.") from error
    if certificate:
        _show(context, certificate, key)
    return context


def _show(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """OpenSSL reads them from a file only: one that none but us can open, for as long as it takes."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pair.pem")
        file.write_text(f"{key}\n{certificate}\n", encoding="utf-8")
        try:
            context.load_cert_chain(file, password=_no_password)
        except (ssl.SSLError, ValueError) as error:  # its words name the file, which is gone
            raise Misconfigured(
                "client_key",
                "client_certificate and client_key can't be used: both are PEM, of one pair, the key not encrypted.",
            ) from error


def _no_password() -> str:
    """Asked for when a key is encrypted; without this, OpenSSL would ask at the terminal."""
    return ""


def _revealed(secret: Secret | None) -> str:
    return secret.reveal() if secret else ""
