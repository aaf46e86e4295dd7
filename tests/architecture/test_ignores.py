"""A check is switched off for a reason, and the reason stands beside it."""

import io
import re
import tokenize

from tests.architecture.source import ROOMS, Source, sources

SWITCH = re.compile(r"\bnoqa\b(: *[A-Z]+[0-9]+(, *[A-Z]+[0-9]+)*)?|type: *ignore(\[[^]]*\])?")
REASON = re.compile(r"\w+\W+\w+")


def test_every_ignore_says_why() -> None:
    silent = [
        f"{source.path}:{line} {comment}"
        for source in sources(*ROOMS, "migrations", "tests")
        if SWITCH.search(source.text)
        for line, comment in comments(source)
        if SWITCH.search(comment) and not REASON.search(SWITCH.sub("", comment))
    ]
    assert not silent, f"Write the reason, `# noqa: X1 - why` or `# type: ignore[x]  # why`: {silent}"


def comments(source: Source) -> list[tuple[int, str]]:
    """Line and text of each."""
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]
