"""Number: a telephone number as the world writes it (E.164), of what an exchange wrote. A hint, never an identity."""

from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    format_number,
    is_possible_number,
    is_valid_number,
    number_type,
    parse,
)

_WITHHELD = frozenset({"", "anonymous", "anonym", "private", "restricted", "unavailable", "unknown", "withheld"})
_LONGEST = 40


def e164(written: str | None, country: str) -> str | None:
    """`+46191234567`; None for one that is withheld, an extension, or no number. `country`: where who dials it is.

    Exchanges write `46191234567` as often as `+46191234567`: what is no number of the country's own may be one of
    another's without its plus.
    """
    said = (written or "").strip()
    if is_withheld(said) or len(said) > _LONGEST:
        return None
    said = said.removeprefix("tel:").removeprefix("sip:").partition("@")[0]
    bare = said.isdecimal() and not said.startswith("0")
    found = [_read(said, country), _read(f"+{said}", country) if bare else None]
    good = next((each for each in found if each is not None and is_valid_number(each)), None)
    if good is None and not bare:  # of a range that the library doesn't know yet, or any more
        good = next((each for each in found if each is not None and is_possible_number(each)), None)
    return None if good is None else format_number(good, PhoneNumberFormat.E164)


def is_withheld(written: str | None) -> bool:
    """The caller doesn't want it to be known, or the exchange doesn't know it."""
    return (written or "").strip().casefold() in _WITHHELD


def takes_texts(number: str | None) -> bool:
    """A mobile telephone's, as far as its country's plan tells; `number` in E.164."""
    found = _read(number, "SE") if number else None
    mobile = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return found is not None and number_type(found) in mobile


def _read(said: str, country: str) -> PhoneNumber | None:
    try:
        return parse(said, country)
    except NumberParseException:
        return None
