"""What was written, as plain text and as HTML: the same words, and no markup but ours."""

import email
from email import policy
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings

from hub.contract.errors import Refused
from hub.contract.messages import OutgoingMessage, Quoted, SentAttachment
from hub.formats import letter
from hub.formats.charsets import clean
from hub.formats.compose import compose
from hub.formats.mail import parse_mail
from tests.formats.test_compose import TEXT, changed, well_formed

PICTURE = SentAttachment("karta.png", "image/png", b"\x89PNG", "u1@granvik.example")
OURS = {"html", "head", "meta", "body", "p", "br", "div", "blockquote", "a", "img"}


class Read(HTMLParser):
    """Its words with line ends, and its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self.elements = "", list[tuple[str, dict[str, str | None]]]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.words += "\n" if tag in {"p", "br", "div"} else ""

    def handle_data(self, data: str) -> None:
        self.words += data.replace("\n", "").replace("\u00a0", " ")


def parts(message: OutgoingMessage) -> tuple[str, str]:
    """Plain and HTML, as a mail program reads them."""
    body = compose(message)
    well_formed(body)
    read = email.message_from_bytes(body, policy=policy.default)
    assert isinstance(read, EmailMessage)
    assert not read.defects
    found = [read.get_body((kind,)) for kind in ("plain", "html")]
    plain, html = [each.get_content().replace("\r\n", "\n") for each in found if each is not None]
    return plain, html


def test_the_signature_and_what_is_answered_stand_below() -> None:
    plain, html = parts(
        changed(text="Hej!", signature="Sara Lind\nGranvik", quoted=Quoted("Den 3 mars skrev Åsa:", "Var?\n\nNär?"))
    )
    assert plain == "Hej!\n\n-- \nSara Lind\nGranvik\n\nDen 3 mars skrev Åsa:\n> Var?\n>\n> När?\n"
    assert " ".join(Read(html).words.split()) == "Hej! -- Sara Lind Granvik Den 3 mars skrev Åsa: Var? När?"
    elements = [tag for tag, _ in Read(html).elements]
    assert elements.index("div") < elements.index("blockquote")


def test_a_citizens_answer_to_it_folds_all_of_that_away() -> None:
    """By our own reader, as by theirs."""
    sent = letter.plain(
        changed(text="Hej!", signature="Sara", quoted=Quoted("Den 2026-03-03 10:11 skrev Åsa:", "Var?"))
    )
    quoted = "\n".join(f"> {line}" for line in sent.split("\n"))
    head = "Subject: Re\nContent-Type: text/plain; charset=utf-8\n\n"
    theirs = f"{head}Tack!\n\nDen 2026-03-04 09:00 skrev Granvik:\n{quoted}"
    assert parse_mail(theirs.encode(), "k").visible_text.strip() == "Tack!"


@settings(max_examples=150, deadline=None)
@given(text=TEXT, signature=TEXT, quoted=TEXT)
def test_html_has_no_element_but_ours_and_says_the_same(text: str, signature: str, quoted: str) -> None:
    message = changed(text=text, signature=signature, quoted=Quoted("Skrev:", quoted))
    read = Read(letter.html(message))
    assert {tag for tag, _ in read.elements} <= OURS
    said = [clean(text), "--" + clean(signature) if signature.strip() else "", "Skrev:", clean(quoted)]
    assert "".join(read.words.split()) == "".join("".join(said).split())


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "javascript:alert(1)",
        'https://x.se/"onmouseover="alert(1)',
        "https://x.se/<b>",
        "&lt;script&gt;",
        "</body></html><p>",
    ],
)
def test_what_looks_like_markup_is_words(evil: str) -> None:
    for message in (changed(text=evil), changed(signature=evil), changed(quoted=Quoted(evil, evil))):
        read = Read(letter.html(message))
        assert {tag for tag, _ in read.elements} <= OURS
        assert evil in read.words
        for tag, attributes in read.elements:
            assert not [name for name in attributes if name.startswith("on")]
            if tag == "a":
                assert str(attributes["href"]).startswith("https://x.se/")


def test_a_picture_is_shown_where_its_name_stands_and_is_no_file_besides() -> None:
    message = changed(
        text="Se [karta.png] här.", attachments=[PICTURE, SentAttachment("b.pdf", "application/pdf", b"%")]
    )
    plain, html = parts(message)
    assert "[karta.png]" in plain
    assert [attributes["src"] for tag, attributes in Read(html).elements if tag == "img"] == ["cid:u1@granvik.example"]
    read = email.message_from_bytes(compose(message), policy=policy.default)
    kinds = [part.get_content_type() for part in read.walk()]
    assert kinds == [
        "multipart/mixed", "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
        "application/pdf",
    ]  # fmt: skip
    theirs = parse_mail(compose(message), "k")
    assert [(each.name, each.inline, each.content_id) for each in theirs.attachments] == [
        ("karta.png", True, "u1@granvik.example"), ("b.pdf", False, None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("Ingen bild här.", PICTURE),
        ("[karta.svg]", SentAttachment("karta.svg", "image/svg+xml", b"<svg/>", "u1@granvik.example")),
        ("[karta.png]", SentAttachment("karta.png", "image/png", b"\x89PNG")),
    ],
)
def test_what_isnt_shown_is_a_file(text: str, file: SentAttachment) -> None:
    plain, html = parts(changed(text=text, attachments=[file]))
    assert "<img" not in html
    assert text in plain
    assert [each.inline for each in parse_mail(compose(changed(text=text, attachments=[file])), "k").attachments] == [
        False
    ]


def test_a_pictures_name_in_an_address_breaks_nothing() -> None:
    html = letter.html(changed(text="https://x.se/[karta.png] [KARTA.PNG]", attachments=[PICTURE]))
    assert [attributes.get("href") for tag, attributes in Read(html).elements if tag == "a"] == ["https://x.se/"]
    assert html.count("<img") == 1


@pytest.mark.parametrize("evil", ["a\r\nBcc: x@y.se", "a>b", "å", "a b", "a\x00"])
def test_a_content_id_is_one_or_nothing_leaves(evil: str) -> None:
    with pytest.raises(Refused):
        compose(changed(text="[karta.png]", attachments=[SentAttachment("karta.png", "image/png", b"", evil)]))


def test_only_a_program_says_that_it_is_one() -> None:
    assert b"Auto-Submitted" not in compose(changed())
    assert b"\r\nAuto-Submitted: auto-replied\r\n" in compose(changed(automatic=True))


def test_no_mail_has_a_bcc_or_a_lists_header() -> None:
    head = compose(changed(automatic=True)).partition(b"\r\n\r\n")[0].lower()
    assert b"\r\nbcc:" not in head
    assert b"\r\nlist-" not in head
    assert b"\r\nprecedence:" not in head
