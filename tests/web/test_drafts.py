"""Drafts and uploads: one's own, kept as typed, gone when sent, there again when it is taken back."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from httpx import Response
from sqlalchemy import select

from hub.edge.idempotency import Request
from hub.inbox.delivery import Delivery
from hub.inbox.draft import Draft
from hub.inbox.entry import Attachment
from tests.web.world import World, let_pass

MEGABYTE = 1_000_000


def save(world: World, found: int, who: str = "sara", kind: str = "reply", **said: Any) -> Response:
    return world.ask("PUT", f"/conversations/{found}/drafts/{kind}", who, json=said)


def drafts(world: World, found: int, who: str = "sara") -> Any:
    return world.get(f"/conversations/{found}/drafts", who).json()


def upload(
    world: World,
    found: int,
    content: bytes = b"innehall",
    name: str = "karta.pdf",
    media_type: str = "application/pdf",
    who: str = "sara",
    kind: str = "reply",
    key: str | None = None,
) -> Response:
    file = {"file": (name, content, media_type)}
    headers = {} if key is None else {"Idempotency-Key": key}
    return world.ask("POST", f"/conversations/{found}/uploads", who, files=file, params={"kind": kind}, headers=headers)


def test_a_draft_is_as_it_was_saved_last(world: World) -> None:
    found = world.mail()
    seen = world.get(f"/conversations/{found}").json()["conversation"]["last_entry_id"]
    assert drafts(world, found) == {"own": [], "others": []}
    first = save(world, found, text="Hej", cc=["halv@"], seen_entry_id=seen)
    assert first.status_code == 200
    let_pass(2)
    second = save(world, found, text="Hej igen", subject="S", to=["a@b.se"]).json()
    assert second["saved_at"] > first.json()["saved_at"]
    assert drafts(world, found)["own"] == [second]
    assert second["written"] == {
        "text": "Hej igen",
        "cc": [],
        "to": ["a@b.se"],
        "subject": "S",
        "along": None,
        "queue": None,
        "topics": [],
    }
    assert first.json()["seen_entry_id"] == seen
    assert world.ask("DELETE", f"/conversations/{found}/drafts/reply").status_code == 204
    assert world.ask("DELETE", f"/conversations/{found}/drafts/reply").status_code == 204
    assert drafts(world, found)["own"] == []


def test_others_are_told_the_name_and_never_the_words(world: World) -> None:
    found = world.mail(queue="vatten")
    save(world, found, "vera", text="Hemligt")
    save(world, found, "sara", "note", text="Min")
    seen = drafts(world, found)
    assert [(each["name"], each["kind"]) for each in seen["others"]] == [("Vera", "reply")]
    assert "Hemligt" not in str(seen)
    assert [each["kind"] for each in drafts(world, found, "vera")["own"]] == ["reply"]


def test_who_may_not_open_it_has_no_draft_there(world: World) -> None:
    found = world.mail()
    for who in ("vera", "nils", "ida"):
        assert world.get(f"/conversations/{found}/drafts", who).status_code == 404
        assert save(world, found, who, text="x").status_code == 404
        assert upload(world, found, who=who).status_code == 404
    assert save(world, found, "reader", text="x").status_code == 403
    assert upload(world, found, who="reader").status_code == 403


@pytest.mark.parametrize("said", [{"text": "a\0"}, {"uploads": []}, {"cc": "a"}, {"text": "a" * 100_001}])
def test_what_cannot_be_kept(world: World, said: dict[str, Any]) -> None:
    found = world.mail()
    assert save(world, found, **said).status_code == 400
    assert save(world, found, kind="poem", text="x").status_code in {400, 404}


def test_many_saves_at_the_same_moment_are_one_draft(world: World) -> None:
    found = world.mail()
    with ThreadPoolExecutor(8) as threads:
        statuses = set(threads.map(lambda number: save(world, found, text=str(number)).status_code, range(16)))
    assert statuses == {200}
    assert len(world.do(lambda unit: unit.all(select(Draft)))) == 1


def test_an_upload_goes_along_and_is_fetched_by_its_id(world: World) -> None:
    found = world.mail()
    save(world, found, text="Bifogar")
    made = upload(world, found)
    assert (made.status_code, made.json() | {"id": ""}) == (
        201,
        {"id": "", "name": "karta.pdf", "media_type": "application/pdf", "size": 8},
    )
    other = upload(world, found, b"annat", "annat.txt", "text/plain").json()
    assert [each["name"] for each in drafts(world, found)["own"][0]["uploads"]] == ["karta.pdf", "annat.txt"]
    save(world, found, text="Bifogar bara kartan")
    one = made.json()["id"]
    assert world.get(f"/attachments/{one}").status_code == 404
    sent = world.ask("POST", f"/conversations/{found}/replies", json={"text": "Se bilagan.", "uploads": [one]})
    assert sent.status_code == 201
    assert drafts(world, found)["own"] == []
    content = world.get(f"/attachments/{one}")
    assert (content.content, content.headers["Content-Type"]) == (b"innehall", "application/pdf")
    assert world.get(f"/attachments/{other['id']}").status_code == 404
    entry = world.everything(f"/conversations/{found}/timeline")[-1]
    assert [(each["public_id"], each["name"], each["size"]) for each in entry["attachments"]] == [(one, "karta.pdf", 8)]


def test_an_upload_asked_for_twice_with_one_key_is_there_once(world: World) -> None:
    found, other = world.mail(), world.mail()
    first, second = (upload(world, found, name="Ida Ek, läkarintyg.pdf", key="k1") for _ in range(2))
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.json()["name"] == "Ida Ek, läkarintyg.pdf"
    assert ("Idempotency-Replayed" in first.headers, second.headers["Idempotency-Replayed"]) == (False, "true")
    assert [each["id"] for each in drafts(world, found)["own"][0]["uploads"]] == [first.json()["id"]]
    for refused in (
        upload(world, found, b"annat", name="Ida Ek, läkarintyg.pdf", key="k1"),
        upload(world, found, name="karta.pdf", key="k1"),
        upload(world, found, name="Ida Ek, läkarintyg.pdf", kind="note", key="k1"),
        upload(world, other, name="Ida Ek, läkarintyg.pdf", key="k1"),
    ):
        assert (refused.status_code, refused.json()["field"]) == (422, "Idempotency-Key")
    assert upload(world, found, key="k2").status_code == upload(world, found).status_code == 201
    assert len(drafts(world, found)["own"][0]["uploads"]) == 3


def test_nothing_of_a_file_but_its_id_is_remembered_for_its_key(world: World) -> None:
    found = world.mail()
    made = upload(world, found, name="Ida Ek, läkarintyg.pdf", key="k1").json()
    (kept,) = world.do(lambda unit: unit.all(select(Request)))
    assert msgspec.json.decode(kept.answer) == {"version": None, "body": {"id": made["id"]}}
    assert "Ida" not in f"{kept.route} {kept.body_sha256} {kept.request_key}"


def test_many_uploads_at_the_same_moment_with_one_key(world: World) -> None:
    found = world.mail()
    with ThreadPoolExecutor(8) as threads:
        answers = {
            (made.status_code, made.content)
            for made in threads.map(lambda _: upload(world, found, key="k1"), range(16))
        }
    assert {status for status, _ in answers} == {201}
    assert len(answers) == len(drafts(world, found)["own"][0]["uploads"]) == 1


def test_a_note_may_have_files_too(world: World) -> None:
    found = world.mail()
    one = upload(world, found, kind="note").json()["id"]
    made = world.ask("POST", f"/conversations/{found}/notes", json={"text": "Se", "uploads": [one]})
    assert made.status_code == 201
    assert world.get(f"/attachments/{one}").content == b"innehall"


def test_only_ones_own_uploads_go_along(world: World) -> None:
    found = world.mail(queue="vatten")
    other = world.mail(queue="vatten")
    hers, elsewhere = upload(world, found, who="vera").json()["id"], upload(world, other).json()["id"]
    for foreign in (hers, elsewhere, "nothing"):
        sent = world.ask("POST", f"/conversations/{found}/replies", json={"text": "x", "uploads": [foreign]})
        assert (sent.status_code, sent.json()["field"]) == (422, "uploads")
    assert world.ask("DELETE", f"/conversations/{found}/uploads/{hers}").status_code == 404
    assert world.do(lambda unit: unit.all(select(Delivery))) == []


def test_an_upload_is_taken_away(world: World) -> None:
    found = world.mail()
    one = upload(world, found).json()["id"]
    path = f"/conversations/{found}/uploads/{one}"
    assert world.ask("DELETE", path).status_code == 204
    assert world.ask("DELETE", path).status_code == 404
    assert drafts(world, found)["own"][0]["uploads"] == []


def test_sizes_have_a_limit_each_and_together(world: World) -> None:
    found = world.mail()
    assert upload(world, found, b"").status_code == 422
    assert upload(world, found, b"a" * (25 * MEGABYTE + 1)).json()["field"] == "file"
    assert upload(world, found, b"a" * (25 * MEGABYTE + 100_000)).status_code == 413
    assert upload(world, found, b"a" * (20 * MEGABYTE)).status_code == 201
    over = upload(world, found, b"a" * (6 * MEGABYTE))
    assert (over.status_code, over.json()["detail"]) == (422, "the files of a mail have 25 MB together at most")


def test_what_is_no_file_is_refused(world: World) -> None:
    found = world.mail()
    path = f"/conversations/{found}/uploads"
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    unnamed = b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\nabc\r\n--x--\r\n'
    for options in (
        {"json": {"a": 1}},
        {"data": {"file": "text"}},
        {"content": b"--x", "headers": {"a": "b"}},
        {"content": unnamed, "headers": form},
        {"content": unnamed.replace(b'; filename=""', b""), "headers": form},
        {"files": {"another": ("a.txt", b"abc")}},
    ):
        assert world.ask("POST", path, **options).status_code == 400, options


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("a\u202egpj.exe", "a_gpj.exe"),
        ("å" * 300 + ".pdf", "å" * 146 + ".pdf"),
        ("...", "file"),
    ],
)
def test_names_and_types_are_data(world: World, name: str, kept: str) -> None:
    found = world.mail()
    made = upload(world, found, name=name, media_type="text/html; charset=x").json()
    assert (made["name"], made["media_type"]) == (kept, "text/html")
    odd = upload(world, found, media_type="../x").json()
    assert odd["media_type"] == "application/octet-stream"


def test_what_is_taken_back_is_a_draft_again_with_its_files(world: World) -> None:
    found = world.mail()
    one = upload(world, found).json()["id"]
    said = {"text": "Svar", "cc": ["olle@example.com"], "uploads": [one]}
    sent = world.ask("POST", f"/conversations/{found}/replies", json=said).json()
    undone = world.change("DELETE", f"/conversations/{found}/replies/{sent['id']}")
    assert undone.status_code == 200
    (again,) = drafts(world, found)["own"]
    assert (again["kind"], again["written"]["text"], again["written"]["cc"]) == ("reply", "Svar", ["olle@example.com"])
    (file,) = again["uploads"]
    assert (file["name"], file["id"] == one) == ("karta.pdf", False)
    resent = world.ask("POST", f"/conversations/{found}/replies", json={"text": "Bättre", "uploads": [file["id"]]})
    assert resent.status_code == 201
    assert len(world.do(lambda unit: unit.all(select(Attachment)))) == 2


def test_taking_back_leaves_a_newer_draft_alone(world: World) -> None:
    found = world.mail()
    sent = world.ask("POST", f"/conversations/{found}/replies", json={"text": "Svar"}).json()
    save(world, found, text="Nytt utkast")
    assert world.change("DELETE", f"/conversations/{found}/replies/{sent['id']}").status_code == 200
    assert [each["written"]["text"] for each in drafts(world, found)["own"]] == ["Nytt utkast"]
