"""What arq calls when it rings: a word and an id, one line each."""

from typing import Any


async def ring(context: dict[str, Any], what: str, row_id: int) -> None:
    """Wake this process's loops; they look in the database for what there is."""
    context["bell"].ring(what, row_id)
