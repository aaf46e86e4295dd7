"""Certificates and the authority that signed them, made on the spot."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
PEM = serialization.Encoding.PEM


def server_context(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """The server's TLS context, and the file that a client trusts."""
    made = Authority(folder)
    return made.serving(), made.trusted


class Authority:
    """Signs certificates: of localhost, and of who comes to it. `trusted`: the file with its own; `pem`: its text."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key, self._name = folder, ec.generate_private_key(ec.SECP256R1()), _name("Test authority")
        own = (
            _certificate(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.trusted = folder / "authority.pem"
        self.trusted.write_bytes(own.public_bytes(PEM))
        self.pem = self.trusted.read_text()

    def pair(self, name: str, days: int = 1) -> tuple[str, str]:
        """A certificate and its key. `days`: how long it is good; less than none: it is over."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            _certificate(_name(name), self._name, key.public_key(), days)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return certificate.public_bytes(PEM).decode(), private.decode()

    def serving(self) -> ssl.SSLContext:
        """Of a server on localhost."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate, key = self.pair("localhost")
        chain = self._folder / "server.pem"
        chain.write_text(key + certificate)
        context.load_cert_chain(chain)
        return context

    def demanding(self) -> ssl.SSLContext:
        """The same, that lets in who has a certificate of this authority only."""
        context = self.serving()
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.trusted)
        return context


def encrypted(key: str) -> str:
    """The same key, behind a password."""
    private = serialization.load_pem_private_key(key.encode(), None)
    return private.private_bytes(
        PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"hemligt")
    ).decode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int = 1
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 9 * DAY)
        .not_valid_after(now + days * DAY)
    )
