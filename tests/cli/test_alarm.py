"""`torg alarm`: whom IT is told by, what is the matter, and sentences for what can't be."""

from tests.cli.commands import Torg


def test_whom_is_told(either: Torg) -> None:
    assert "Nobody is told of alarms yet" in either("alarm", "list").out
    assert "Nothing is the matter" in either("alarm", "open").out
    mail = either("alarm", "add", "--mail", "it@granvik.example", "--json").json["id"]
    call = either("alarm", "add", "--webhook", "https://alarm.granvik.example/torg", "--again-hours", "12")
    assert "Calls are signed with the key " in call.out
    shown = either("alarm", "list", "--json").json["items"]
    assert [(each["kind"], each["again_hours"], each["last_told_at"]) for each in shown] == [
        ("mail", 4, None), ("webhook", 12, None),
    ]  # fmt: skip
    assert either("alarm", "try", mail).out == "A trial is on its way.\n"
    assert either("alarm", "list", "--json").json["items"][0]["state"] == "queued"
    either("alarm", "remove", mail)
    assert len(either("alarm", "list", "--json").json["items"]) == 1


def test_where_alarms_go_is_changed_and_what_is_not_named_stays(either: Torg) -> None:
    made = either("alarm", "add", "--mail", "it@granvik.example", "--municipality", "granvik", "--json").json["id"]

    def told() -> tuple[object, ...]:
        (shown,) = either("alarm", "list", "--json").json["items"]
        return shown["address"], shown["municipality"], shown["again_hours"]

    assert either("alarm", "set", made, "--address", "vakt@granvik.example").out == f"Changed alarm target {made}.\n"
    assert told() == ("vakt@granvik.example", "granvik", 4)
    either("alarm", "set", made, "--again-hours", "12", "--municipality", "")
    assert told() == ("vakt@granvik.example", None, 12)
    assert "say what to change" in either("alarm", "set", made, status=1).err
    assert "is no mail address" in either("alarm", "set", made, "--address", "it", status=1).err
    assert "torg alarm list shows" in either("alarm", "set", "17", "--again-hours", "1", status=1).err
    assert told() == ("vakt@granvik.example", None, 12)


def test_what_cannot_be(either: Torg) -> None:
    assert "--mail ADDRESS or --webhook URL" in either("alarm", "add", status=1).err
    assert "is no mail address" in either("alarm", "add", "--mail", "it", status=1).err
    assert "https://" in either("alarm", "add", "--webhook", "http://it.granvik.example/", status=1).err
    again = either("alarm", "add", "--mail", "it@granvik.example", "--again-hours", "0", status=1).err
    assert "from 1 to 168" in again
    assert "torg alarm list shows" in either("alarm", "try", "17", status=1).err
    assert "There is no alarm target 17" in either("alarm", "remove", "17", status=1).err
