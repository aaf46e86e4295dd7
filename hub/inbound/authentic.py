"""Authentic: whether a mail's From address is its sender's own, as far as our own mail gateway has tested it.

Only the topmost Authentication-Results of a server that the setting `authserv_ids` names is read (RFC 8601): the others
anybody could have written. What is stored of it is one line, `known dmarc=pass spf=pass`: the verdict first. A From
address that is one of ours stands there, too (`colleague`, `own`): a mail is never an act of a person of ours.
"""

import re
from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct
from sqlalchemy import select

from hub.access.person import Person
from hub.channels import own
from hub.contract import ReceivedMessage
from hub.storage.unit import Unit

_METHODS = ("dmarc", "dkim", "spf")
_RESULTS = frozenset({"pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror"})
_RESULT = re.compile(r"\s*([a-z0-9-]+)\s*(?:/\s*\d+\s*)?=\s*([a-z]+)", re.I | re.A)
_PROPERTY = re.compile(r"([a-z]+\.[a-z-]+)\s*=\s*([^\s;]+)", re.I | re.A)
_DOMAIN_OF = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}
_LONGEST = 4000
"""Letters that are read: a gateway's own fits many times."""


class Trust(Struct, frozen=True):
    """What a group of mails is measured by."""

    authserv_ids: Collection[str]
    own: frozenset[str]
    colleagues: frozenset[str]

    def of(self, message: ReceivedMessage) -> str | None:
        """What `mail.authentication` says of it; None: nothing is known of its sender."""
        sender = message.sender.address.strip().lower()
        said = verdict(message.authentication_results, self.authserv_ids, sender) if self.authserv_ids else []
        claim = ["own"] if sender in self.own else ["colleague"] if sender in self.colleagues else []
        return " ".join([*said[:1], *claim, *said[1:]]) or None


def trust(unit: Unit, authserv_ids: Collection[str], messages: Sequence[ReceivedMessage]) -> Trust:
    """For these messages: two statements, however many they are."""
    senders = {each.sender.address.strip().lower() for each in messages} - {""}
    colleagues = unit.all(select(Person.email).where(Person.email.in_(senders))) if senders else ()
    return Trust({each.lower() for each in authserv_ids}, own.addresses(unit), frozenset(colleagues))


def verdict(results: Sequence[str], trusted: Collection[str], sender: str) -> list[str]:
    """known | failed | unconfirmed, then what each method gave; `trusted` and `sender` in small letters."""
    domain = sender.rpartition("@")[2]
    for each in results:
        named = each.partition(";")[0].partition("(")[0].split()
        if named and named[0].lower() in trusted:
            return _judged([found for part in _parts(each[:_LONGEST]) if (found := _read(part))], domain)
    return ["unconfirmed"]


def _judged(found: Sequence[tuple[str, str, dict[str, str]]], domain: str) -> list[str]:
    """DMARC decides where the sender's domain has it; else a signature or an envelope of that very domain does."""
    best: dict[str, str] = {}
    aligned = False
    for method, result, said in found:
        if best.get(method) != "pass":
            best[method] = result
        if method != "dmarc" and result == "pass" and domain:
            domains = (said.get(name, "").rpartition("@")[2].lower() for name in _DOMAIN_OF[method])
            aligned = aligned or domain in domains
    dmarc = best.get("dmarc")
    if dmarc == "pass" and domain:
        word = "known"
    elif dmarc in {"fail", "permerror"}:
        word = "failed"
    else:
        word = "known" if aligned and dmarc != "temperror" else "unconfirmed"
    return [word, *(f"{method}={best[method]}" for method in _METHODS if method in best)]


def _read(part: str) -> tuple[str, str, dict[str, str]] | None:
    found = _RESULT.match(part)
    if found is None or found[1].lower() not in _METHODS:
        return None
    result = found[2].lower()
    said = {name.lower(): value.strip('"') for name, value in _PROPERTY.findall(part[found.end() :])}
    return found[1].lower(), result if result in _RESULTS else "none", said


def _parts(value: str) -> Iterator[str]:
    """Between semicolons, without comments, which nest: once through, whatever stands there."""
    part: list[str] = []
    depth, quoted, escaped = 0, False, False
    for sign in value:
        if escaped:
            escaped = False
        elif sign == "\\" and (quoted or depth):
            escaped = True
            continue
        elif quoted:
            quoted = sign != '"'
        elif sign == "(":
            depth += 1
            continue
        elif sign == ")" and depth:
            depth -= 1
            continue
        elif sign == '"' and not depth:
            quoted = True
        elif sign == ";" and not depth:
            yield "".join(part)
            part = []
            continue
        if not depth:
            part.append(sign)
    yield "".join(part)
