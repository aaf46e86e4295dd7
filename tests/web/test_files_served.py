"""What a stranger's file says of itself and what it is served as (attacks A14, A15): a file to keep, never a page."""

from pathlib import Path
from urllib.parse import unquote

from tests.web.world import World

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
PAGE = b"<!doctype html><script>alert(1)</script>"
POLYGLOT = b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)//<script>alert(1)</script>"
NAMES = (
    "../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/cron.d/x", "C:\\x.exe", "a\x01b.png", "faktura\u202efdp.exe",
    "a" * 4_000 + ".pdf", "CON", "nul.txt", ".htaccess", "\u200b.htaccess", "x.phtml", "x.phar", "x.php5", "x.jsp",
    'a";filename="b.html', "a\r\nX-Injected: y.png", "%2e%2e%2fx", "", "   ", ".", "..",
    "\u2028.html", "räksmörgås.html",
)  # fmt: skip
TYPES = (
    "text/html", "TEXT/HTML", "text/html; charset=utf-7", "image/svg+xml", "application/xhtml+xml", "text/xml",
    "application/xml", "text/javascript", "application/javascript", "application/x-shockwave-flash", "text/css",
    "application/pdf", "image/png", "image/jpeg", "image/gif", "text/plain", "application/x-httpd-php", "text/x-server",
    "multipart/related", "message/rfc822", "application/vnd.ms-htmlhelp", "text/vtt", "application/wasm", "x", "",
    "a/b\r\nX-Injected: y", "text/html,image/png", "*/*", "image/x-icon", "application/manifest+json",
    "text/cache-manifest",
    "application/mbox", "application/octet-stream", "text/calendar", "video/mp4", "font/woff2",
)  # fmt: skip
RUNS_NOTHING = {
    "application/octet-stream", "application/pdf", "image/png", "image/jpeg", "image/gif", "text/plain",
    "text/calendar", "message/rfc822", "video/mp4",
}  # fmt: skip


def test_a14_a15_sixty_files_are_each_a_file_to_keep_and_nothing_else(world: World, tmp_path: Path) -> None:
    files = [(name, "image/jpeg", PAGE) for name in NAMES]
    files += [(f"{n}.jpg", kind, (SVG, PAGE, POLYGLOT)[n % 3]) for n, kind in enumerate(TYPES)]
    assert len(files) == 60
    there = sorted(tmp_path.rglob("*"))
    found = world.mail("Se bilagor.", attachments=files)
    listed = world.everything(f"/conversations/{found}/timeline")[0]["attachments"]
    assert len(listed) == len(files)
    for each in listed:
        answer = world.get(f"/attachments/{each['public_id']}")
        kept, _, name = answer.headers["Content-Disposition"].partition("; filename*=UTF-8''")
        said = unquote(name)
        assert (answer.status_code, kept) == (200, "attachment")
        assert said.isprintable()
        assert said.strip()
        assert not {"/", "\\", '"'} & set(name)
        assert not {"/", "\\"} & set(said)
        assert len(name) < 1_000
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer.headers["Content-Type"].partition(";")[0] in RUNS_NOTHING
        assert "X-Injected" not in answer.headers
    assert sorted(tmp_path.rglob("*")) == there
