"""How many messages a text is sent as."""

import pytest

from hub.formats.sms import length


@pytest.mark.parametrize(
    ("text", "parts", "used", "room"),
    [
        ("", 0, 0, 160),
        ("Hej å ä ö æ ø!", 1, 14, 160),
        ("a" * 160, 1, 160, 160),
        ("a" * 161, 2, 161, 306),
        ("a" * 306, 2, 306, 306),
        ("a" * 307, 3, 307, 459),
        ("€" * 80, 1, 160, 160),
        ("€" * 81, 2, 162, 306),
        ("š" * 70, 1, 70, 70),
        ("š" * 71, 2, 71, 134),
        ("🙂" * 35, 1, 70, 70),
        ("🙂" * 36, 2, 72, 134),
    ],
)
def test_a_text_takes_as_many_messages_as_its_letters_need(text: str, parts: int, used: int, room: int) -> None:
    said = length(text)
    assert (said.parts, said.used, said.room) == (parts, used, room)
