"""Words of a source as the cards have them: of those there are, or a currency."""

from hub.contract.mapping_config import NOT_SAID, OTHERWISE, WORDS


def word(owner: str, name: str, said: str) -> str | None:
    """Raises ValueError."""
    words, folded = WORDS[owner, name], said.casefold()
    if folded in words:
        return folded
    if not said and name in NOT_SAID:
        return None
    if (owner, name) in OTHERWISE:
        return OTHERWISE[owner, name]
    raise ValueError("no word of ours")


def currency(said: str) -> str | None:
    code = said.upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):  # noqa: PLR2004 - ISO 4217
        raise ValueError("no currency")
    return code or None
