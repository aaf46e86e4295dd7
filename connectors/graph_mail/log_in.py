"""A token for the app itself (client credentials, RFC 6749 4.4), by secret or by certificate (RFC 7523).

As Microsoft's identity platform wants it; azure-identity would open a network of its own.
"""

import asyncio
import base64
import re
import secrets
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Struct

from hub.contract import Answer, AuthFailed, ConnectorTools, Misconfigured, Secret, Unreachable
from hub.contract.steps import SIGNED_IN

EARLY = timedelta(minutes=5)
"""A token isn't used in its last minutes: pulling a page takes some."""
ASSERTED = 300
"""Seconds that a signed request for a token may be used."""
_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)
_WORDS = {
    7000215: ("client_secret", "it isn't the app's secret (its value is wanted, not its id)"),
    7000222: ("client_secret", "the app's secret has expired: make a new one, or use a certificate"),
    700027: ("certificate", "the certificate isn't the app's: upload its public part to the app registration"),
    700016: ("client_id", "there is no such app in the tenant"),
    90002: ("tenant", "there is no such tenant"),
    900023: ("tenant", "this is no tenant's id and no domain of one"),
}
"""AADSTS code -> the setting to look at, and why. Others are told by their number."""


class Tokens:
    """One for a channel's object. Kept until shortly before it expires."""

    def __init__(
        self, tools: ConnectorTools, tenant: str, client_id: str, secret: Secret | None, certificate: Secret | None
    ) -> None:
        self._tools, self._tenant, self._client_id = tools, tenant, client_id
        self._secret, self._certificate = secret, certificate
        self._token = ""
        self._good_until: datetime | None = None
        self._fetching = asyncio.Lock()

    async def get(self, login_url: str, scope: str) -> str:
        """Raises AuthFailed, Misconfigured, Unreachable."""
        async with self._fetching:
            if not self._token or self._good_until is None or self._tools.now() >= self._good_until:
                with self._tools.step(SIGNED_IN):
                    self._token, seconds = await self._fetch(login_url, scope)
                self._good_until = self._tools.now() + max(timedelta(seconds=seconds) - EARLY, timedelta(seconds=1))
            return self._token

    def forget(self) -> None:
        """It isn't taken any more."""
        self._token = ""

    async def _fetch(self, login_url: str, scope: str) -> tuple[str, int]:
        path = f"/{self._tenant}/oauth2/v2.0/token"
        form = {"grant_type": "client_credentials", "client_id": self._client_id, "scope": scope}
        if self._certificate is not None:
            pem, audience, now = self._certificate.reveal(), login_url + path, self._tools.now()
            form["client_assertion_type"] = _BEARER
            form["client_assertion"] = await self._tools.block(lambda: assertion(pem, self._client_id, audience, now))
        elif self._secret is not None:
            form["client_secret"] = self._secret.reveal()
        answer = await self._tools.elsewhere("login").request(
            "POST",
            path,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            content=urlencode(form).encode(),
        )
        if answer.status != HTTPStatus.OK:
            raise _refusal(answer)
        try:
            found = msgspec.json.decode(answer.content, type=_Token)
        except msgspec.DecodeError as error:
            raise Unreachable("The log-in of Microsoft 365 answers with no token.") from error
        if not found.access_token.isascii() or not found.access_token.isprintable():
            raise Unreachable("The log-in of Microsoft 365 answers with no token.")
        return found.access_token, found.expires_in


class _Token(Struct, frozen=True):
    """RFC 6749 5.1. `expires_in`: seconds."""

    access_token: str
    expires_in: int = 3600


class _Error(Struct, frozen=True):
    """RFC 6749 5.2, with the numbers of Microsoft's own. Its description holds ids, and is left out."""

    error: str = ""
    error_codes: tuple[int, ...] = ()


def assertion(pem: str, client_id: str, audience: str, now: datetime) -> str:
    """A JWT signed by the certificate's key, which the app registration knows. Raises Misconfigured."""
    key, certificate = read_pair(pem)
    begins = int(now.timestamp())
    head = {
        "alg": "PS256",
        "typ": "JWT",
        "x5t#S256": _base64url(certificate.fingerprint(hashes.SHA256())),
    }
    claims = {
        "aud": audience,
        "iss": client_id,
        "sub": client_id,
        "jti": secrets.token_hex(16),
        "nbf": begins,
        "iat": begins,
        "exp": begins + ASSERTED,
    }
    signed = ".".join(_base64url(msgspec.json.encode(part)) for part in (head, claims))
    made_by = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
    return f"{signed}.{_base64url(key.sign(signed.encode(), made_by, hashes.SHA256()))}"


def read_pair(pem: str) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """Of one text with both. Raises Misconfigured, without repeating any of it."""
    why = "certificate holds two PEM blocks, the certificate and its RSA private key, the key not encrypted."
    found = _KEY.search(pem)
    try:
        key: Any = load_pem_private_key(found.group().encode(), None) if found else None
        certificate = x509.load_pem_x509_certificate(_KEY.sub("", pem).encode())
    except (ValueError, TypeError) as error:
        raise Misconfigured("certificate", why) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Misconfigured("certificate", why)
    if certificate.public_key() != key.public_key():
        raise Misconfigured("certificate", "The private key in certificate isn't that of the certificate.")
    return key, certificate


def _refusal(answer: Answer) -> AuthFailed | Misconfigured | Unreachable:
    wait = retry_after(answer.headers.get("retry-after"))
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unreachable(f"The log-in of Microsoft 365 can't answer now ({answer.status}).", wait=wait)
    try:
        said = msgspec.json.decode(answer.content, type=_Error)
    except msgspec.DecodeError:
        said = _Error()
    if said.error == "temporarily_unavailable":
        return Unreachable("The log-in of Microsoft 365 can't answer now.", wait=wait)
    code = next((each for each in said.error_codes if each in _WORDS), None)
    if code is not None:
        field, why = _WORDS[code]
        return AuthFailed(f"Microsoft 365 doesn't accept the log-in: {why} ({field}, AADSTS{code}).")
    shown = f"AADSTS{said.error_codes[0]}" if said.error_codes else re.sub(r"[^a-z_]", "", said.error) or answer.status
    return AuthFailed(f"Microsoft 365 doesn't accept the log-in of the app ({shown}).")


def retry_after(value: str | None) -> float | None:
    """Seconds, an hour at most; a fraction, too, as Graph writes it."""
    try:
        seconds = float(value) if value else None
    except ValueError:
        return None
    return None if seconds is None or not 0 <= seconds < float("inf") else min(seconds, 3600.0)


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
