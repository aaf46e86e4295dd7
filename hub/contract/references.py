"""References: whether what a payer writes can be right, by its check digit. One that isn't is shown, and never sent on.

OCR: modulus 10, ISO/IEC 7812-1 annex B (Bankgirot's manual for OCR references). KID: modulus 10 or modulus 11 with
weights 2 to 7 from the right, whose 10 is written "-" (Bits' and Nets' rules for KID). FIK: modulus 10; card type 71
has 15 digits, 75, 04 and 15 have 16, 73 and 01 have none (the banks' handbook of payment slips).
"""

import re

from hub.contract.cards import PaymentReference

_BETWEEN = re.compile(r"[\s.\u00a0]+")
_FIK = re.compile(r"(?:\+(?P<type>\d\d)<)?(?P<number>\d*)(?:\+\d{7,8})?<?", re.ASCII)
_DIGITS = {"71": (15,), "75": (16,), "04": (16,), "15": (16,), None: (15, 16)}
_WITHOUT_NUMBER = {"73", "01"}
_OCR_LENGTHS = range(2, 26)
_KID = re.compile(r"\d{1,24}[\d-]", re.ASCII)
_WEIGHTS = 6
_ELEVEN = 11


def holds(reference: PaymentReference) -> bool | None:
    """None: this kind of slip has no number of its own that could be checked."""
    plain = _BETWEEN.sub("", reference.value)
    if reference.kind == "ocr":
        return plain.isascii() and plain.isdecimal() and len(plain) in _OCR_LENGTHS and by_ten(plain)
    if reference.kind == "kid":
        return _KID.fullmatch(plain) is not None and (by_ten(plain) or by_eleven(plain))
    return _fik(plain)


def by_ten(digits: str) -> bool:
    """Every other digit from the right counts twice, as the sum of its own digits; together they make tens."""
    if not digits.isdecimal():
        return False
    twice = (sum(divmod(2 * int(each), 10)) for each in digits[-2::-2])
    return (sum(map(int, digits[::-2])) + sum(twice)) % 10 == 0


def by_eleven(digits: str) -> bool:
    """Of a last digit that makes elevens with the others."""
    weighed = sum(int(each) * (2 + place % _WEIGHTS) for place, each in enumerate(reversed(digits[:-1])))
    wanted = -weighed % _ELEVEN
    return digits[-1] == ("-" if wanted == _ELEVEN - 1 else str(wanted))


def _fik(plain: str) -> bool | None:
    found = _FIK.fullmatch(plain)
    if found is None:
        return False
    card, number = found["type"], found["number"]
    if card in _WITHOUT_NUMBER:
        return None if not number else False
    return len(number) in _DIGITS.get(card, ()) and by_ten(number)
