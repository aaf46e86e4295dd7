"""Column types that mean the same on both engines."""

import re
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class CleanText(TypeDecorator[str]):
    """Text without NUL: PostgreSQL refuses it and SQLite would take it. Lone surrogates both drivers refuse."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and "\0" in value:
            raise ValueError("text with a NUL character can't be stored: strip it where it enters")
        return value


# A backslash of the text itself is written as two: what follows those is no escape.
_NUL = re.compile(r"(\\\\)|\\u0000")


class Json(TypeDecorator[Any]):
    """Plain values as JSON text, without NUL. Never searched in: what is searched for has a column."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        said = msgspec.json.encode(value).decode()
        return _NUL.sub(lambda found: found[1] or "", said) if "\\u0000" in said else said

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else msgspec.json.decode(value)


Instant = BigInteger
"""Microseconds since 1970, UTC."""
