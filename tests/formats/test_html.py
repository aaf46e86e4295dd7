"""HTML from outside: what stays, what goes, and its text."""

import pytest

from hub.formats import html

GONE = {
    "script": "<script>alert(1)</script>x",
    "handler": "<p onclick=alert(1)>x</p>",
    "javascript link": '<a href="javascript:alert(1)">x</a>',
    "javascript link in disguise": '<a href="jav&#x0A;ascript:alert(1)">x</a>',
    "data link": '<a href="data:text/html,alert(1)">x</a>',
    "relative link": '<a href="//evil.example/alert(1)">x</a>',
    "remote picture": '<img src="https://evil.example/alert(1).gif">x',
    "protocol-relative picture": '<img src="//evil.example/alert(1).gif">x',
    "data picture": '<img src="data:image/svg+xml,alert(1)">x',
    "srcset": '<img srcset="https://evil.example/alert(1).gif 2x">x',
    "background": '<table background="https://evil.example/alert(1).gif"><tr><td>x</td></tr></table>',
    "style url": '<p style="background-color:url(https://evil.example/alert(1))">x</p>',
    "style escape": r'<p style="color:\75rl(https://evil.example/alert(1))">x</p>',
    "style expression": '<p style="width:expression(alert(1))">x</p>',
    "style position": '<p style="position:fixed;alert(1)">x</p>',
    "style element": "<style>@import 'alert(1)'</style>x",
    "svg": '<svg><animate onbegin="alert(1)" attributeName=x></svg>x',
    "mathml": 'x<math><mtext><table><mglyph><style><img src=1 onerror="alert(1)"></table></math>x',
    "form": '<form action="https://evil.example/alert(1)"><input name=a><button>x</button></form>',
    "iframe": '<iframe src="https://evil.example/alert(1)"></iframe>x',
    "object": '<object data="alert(1)"></object>x',
    "meta": '<meta http-equiv=refresh content="0;url=alert(1)">x',
    "base": '<base href="https://evil.example/alert(1)">x',
    "link": '<link rel=stylesheet href="https://evil.example/alert(1)">x',
    "id": '<p id="alert(1)" name="alert(1)" class="alert(1)">x</p>',
    "comment": "<!-- alert(1) -->x",
    "title": "<title>alert(1)</title>x",
    "noscript": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">x</p></noscript>x',
}


@pytest.mark.parametrize("name", GONE)
def test_dangerous_things_go(name: str) -> None:
    safe = html.sanitise(GONE[name])
    assert "x" in safe
    assert "alert(1)" not in safe.replace('="&lt;/noscript', "")
    assert "evil" not in safe


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ('<img src="cid:bild@x" alt="b">', 'src="cid:bild@x"'),
        ('<a href="https://x.se/a?b=1&amp;c=2">x</a>', 'href="https://x.se/a?b=1&amp;c=2"'),
        ('<a href="https://x.se">x</a>', 'rel="noopener noreferrer"'),
        ('<a href="mailto:a@x.se">x</a>', "mailto:a@x.se"),
        ('<a href="tel:+4670">x</a>', "tel:+4670"),
        ('<p style="color: red; position: fixed">x</p>', 'style="color:red"'),
        ('<p style="color:rgb(1, 2, 3)">x</p>', "rgb(1, 2, 3)"),
        ('<td colspan="2">', ""),
        ("<table><tr><td colspan=2>x</td></tr></table>", 'colspan="2"'),
        ("<blockquote>x</blockquote>", "<blockquote>x</blockquote>"),
        ("Å & < b", "Å &amp; &lt; b"),
    ],
)
def test_harmless_things_stay(source: str, kept: str) -> None:
    assert kept in html.sanitise(source)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<p>Hej</p><p>på  dig</p>", "Hej\n\npå dig"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<ul><li>ett</li><li>två<ul><li>inre</li></ul></li></ul>", "- ett\n- två\n  - inre"),
        ("<ol><li>ett</li><li>två</li></ol>", "1. ett\n2. två"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a\tb\nc\td"),
        ("<a href='https://x.se'>länk</a>", "länk"),
        ("<blockquote><p>a</p><p>b</p></blockquote><p>svar</p>", "> a\n>\n> b\n\nsvar"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<style>p{}</style><title>t</title><script>s</script>x", "x"),
        ("a&nbsp;b &aring;", "a b å"),
        ("<p>a<span>b</span> <b>c</b></p>", "ab c"),
        ("<h1>Rubrik</h1>text", "Rubrik\n\ntext"),
        ("", ""),
    ],
)
def test_to_text(source: str, text: str) -> None:
    assert html.to_text(source) == text


def test_too_deep_html_is_shown_as_its_text() -> None:
    source = "<div>" * 5000 + "hej & <b>du</b>" + "</div>" * 5000
    assert "5001" in (html.too_costly(source) or "")
    assert html.sanitise(source) == "<pre>hej &amp; du</pre>"


def test_an_ordinary_long_thread_is_not_too_costly() -> None:
    source = "<blockquote><div><table><tr><td>" * 60 + "x" * 100_000 + "</td></tr></table></div></blockquote>" * 60
    assert html.too_costly(source + "<p>rad" * 5000) is None
