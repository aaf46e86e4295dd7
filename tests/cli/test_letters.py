"""`torg letterhead` and `torg canned`: what stands below mails, and what is kept ready."""

from tests.cli.commands import Torg


def test_a_letterhead_is_set_in_parts_and_shown(torg: Torg) -> None:
    (torg.folder / "signature.txt").write_text("{{agent}}\nGranvik\n", encoding="utf-8")
    torg("letterhead", "set", "--municipality", "granvik", "--signature-file", str(torg.folder / "signature.txt"))
    torg("letterhead", "set", "--municipality", "granvik", "--quotes", "no")
    torg("letterhead", "set", "--municipality", "granvik", "--queue", "Kundtjänst", "--signature", "Kundtjänst")
    assert torg("letterhead", "list", "--municipality", "granvik", "--json").json["items"] == [
        {"queue": None, "quotes": False, "greeting": "", "signature": "{{agent}}\nGranvik"},
        {"queue": "Kundtjänst", "quotes": None, "greeting": "", "signature": "Kundtjänst"},
    ]
    refused = torg("letterhead", "set", "--municipality", "granvik", "--signature", "{{7*7}}", status=1)
    assert "{{agent}}, {{queue}}, {{municipality}}" in refused.err


def test_an_answer_is_kept_ready_worded_anew_and_removed(torg: Torg) -> None:
    words = ("--title", "Hej", "--title", "en=Hello", "--text", "Hej {{citizen}}", "--text", "en=Hello")
    made = torg("canned", "add", "--municipality", "granvik", *words, "--json").json["id"]
    (line,) = torg("canned", "list", "--municipality", "granvik", "--json").json["items"]
    assert line == {
        "id": made,
        "queue": None,
        "title": {"sv": "Hej", "en": "Hello"},
        "text": {"sv": "Hej {{citizen}}", "en": "Hello"},
    }
    torg("canned", "set", made, "--title", "Hej då", "--text", "Hej då")
    assert "Hej då" in torg("canned", "list", "--municipality", "granvik").out
    torg("canned", "remove", made)
    assert torg("canned", "list", "--municipality", "granvik").out == "There is no canned answer yet.\n"
    assert "torg canned list" in torg("canned", "remove", made, status=1).err
