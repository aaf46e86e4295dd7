"""The queues that a channel's settings name: each must be there, in whatever field it stands."""

import pytest

from hub.channels.channel import Channel
from hub.cli.installation import COMMAND_LINE
from hub.storage.unit import Unit
from tests.cli.commands import Torg
from tests.web.world import must

CHAT = ("channel", "add", "web_chat", "--name", "chat", "--set", "origins=https://www.granvik.example")
TEXTS = (
    *("channel", "add", "elks", "--name", "SMS", "--set", "number=+46766861004", "--set", "username=u"),
    *("--set", "public_url=https://torg.granvik.example", "--set", "texts_only=true"),
    *("--set-file", "password=secret", "--set-file", "key=secret"),
)


@pytest.fixture
def secret(either: Torg) -> Torg:
    """With a file that will do as any secret."""
    (either.folder / "secret").write_text("k" * 24)
    return either


@pytest.mark.parametrize(("add", "field"), [(CHAT, "queue"), (TEXTS, "destination")], ids=["web_chat", "elks"])
def test_a_queue_that_is_not_there_is_refused(secret: Torg, add: tuple[str, ...], field: str) -> None:
    refused = secret(*add, "--set", f"{field}=granvik/Finnsinte", status=1).err
    assert "granvik has no queue Finnsinte; it has: Kundtjänst" in refused
    assert secret("channel", "list", "--json").json["items"] == []


def test_a_chat_goes_to_a_queue_that_is_there(either: Torg) -> None:
    channel = either(*CHAT, "--set", "queue=granvik/Kundtjänst", "--json").json["id"]
    queue = either("queue", "list", "--json").json["items"][0]["id"]
    refused = either("channel", "set", channel, "queue=granvik/Finnsinte", status=1).err
    assert "granvik has no queue Finnsinte" in refused
    assert either("channel", "list", "--json").json["items"][0]["config"]["queue"] == f"granvik/{queue}"
    assert "works" in either("channel", "check", channel).out

    def saved_before(unit: Unit) -> None:
        row = must(unit.get(Channel, int(channel)))
        row.config = {**row.config, "queue": "granvik/Finnsinte"}

    with either.storage() as storage:
        storage.write_now(COMMAND_LINE, saved_before)
    assert "granvik has no queue Finnsinte" in either("channel", "check", channel, status=1).err


def test_a_setting_may_be_given_as_to_the_command_that_added_it(either: Torg) -> None:
    channel = either(*CHAT, "--set", "queue=granvik/Kundtjänst", "--json").json["id"]
    either("channel", "set", channel, "--set", "greeting=Hej", "languages=sv")
    either("channel", "set", channel, "--set", "languages+=en")
    now = either("channel", "list", "--json").json["items"][0]["config"]
    assert (now["greeting"], now["languages"]) == ("Hej", ["sv", "en"])
    assert "isn't of the form NAME=VALUE" in either("channel", "set", channel, "--set", "greeting", status=2).err
