"""The stand-in's wire: paths, answers, errors, a ledger, and misdeeds on command."""

import base64
import binascii
import json
import re
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit

from hub import clock
from tests.stand_ins.graph.answers import LARGEST, Asked, Misdeed, Said, error, json_answer, refused
from tests.stand_ins.graph.mailbox import Mailbox, Message, folder_id
from tests.stand_ins.graph.outward import CLIENT, TENANT, call, is_signed, notice, shakes_hands
from tests.stand_ins.graph.uploads import Uploads

MAILBOX, OTHER = "kontakt@granvik.example", "kommundirektoren@granvik.example"
SECRET = "hemligt~8Q"
IMMUTABLE = 'IdType="ImmutableId"'


class Graph:
    """Both hosts in one. `open_mailboxes`: whose the app may open."""

    def __init__(self) -> None:
        self.ledger: list[Asked] = []
        self.mailbox = Mailbox(MAILBOX)
        self.open_mailboxes = {MAILBOX}
        self.known_mailboxes = {MAILBOX, OTHER}
        self.sent: list[bytes] = []
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.tokens: set[str] = set()
        self.public_key: Any = None
        self.secret = SECRET
        self.generation = 1
        self.links: dict[str, dict[str, Any]] = {}
        self.page_size = 0
        self.own_message_ids = False
        self.notify = True
        self.notified: list[int] = []
        self._misdeeds: list[Misdeed] = []
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _conversation(self))
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.uploads = Uploads(self.address)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def settings(self) -> dict[str, Any]:
        """That a channel takes."""
        return {
            "mailbox": MAILBOX,
            "addresses": {MAILBOX: "granvik/1", "info@granvik.example": "granvik/1"},
            "tenant": TENANT,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "forbidden_mailbox": OTHER,
            "graph_url": self.address,
            "login_url": self.address,
        }

    def misbehave(self, deed: str, *, path: str = "", method: str | None = None, times: int = 1, **how: Any) -> None:
        """`status` (with code and retry_after), `slow` (seconds), `cut` (the body ends early), `html`, `silent` (done,
        and never answered), `double` (a page names each message twice), `backwards` (a page in another order)."""
        self._misdeeds.append(Misdeed(deed, path, method, times, **how))

    def asked(self, method: str, path: str) -> list[Asked]:
        return [each for each in self.ledger if each.method == method and re.search(path, each.path)]

    def post(self, folder: str, mime: bytes, **how: Any) -> str:
        """A mail arrives; who has subscribed is told, unless `notify` is off."""
        made = self.mailbox.add(folder, mime, **how)
        if self.notify:
            self.tell(folder, made.key)
        return made.key

    def tell(self, folder: str, key: str) -> None:
        """A change notification (concepts/webhooks.md) to every subscription of the folder."""
        for each in self._alive():
            if f"'{folder}'" in each["resource"] or f"'{folder_id(folder)}'" in each["resource"]:
                told = {
                    **notice(each),
                    "changeType": "created",
                    "resource": f"Users/8ee44408-0679-472c-bc2a-692812af3437/Messages/{key}",
                    "resourceData": {"@odata.type": "#Microsoft.Graph.Message", "id": key},
                }
                self.notified.append(call(each["notificationUrl"], {"value": [told]}))

    def tell_of_life(self, event: str) -> None:
        """A lifecycle notification (concepts/webhooks-lifecycle.md); `subscriptionRemoved` removes them."""
        for each in self._alive():
            if event == "subscriptionRemoved":
                self.subscriptions.pop(each["id"])
            self.notified.append(
                call(each["lifecycleNotificationUrl"], {"value": [{**notice(each), "lifecycleEvent": event}]})
            )

    def expire_links(self) -> None:
        """The cache of delta tokens is full: those that were given are forgotten."""
        self.generation += 1

    def end_tokens(self) -> None:
        """Access tokens that were given aren't taken any more."""
        self.tokens.clear()

    def _alive(self) -> list[dict[str, Any]]:
        now = clock.to_datetime(clock.now()).isoformat()
        return [each for each in list(self.subscriptions.values()) if each["expirationDateTime"] > now]

    def answer(self, asked: Asked) -> Said | None:
        """None: it hangs up."""
        deeds = [
            each
            for each in self._misdeeds
            if each.times and each.path in asked.path and each.method in {None, asked.method}
        ]
        for each in deeds:
            each.times -= 1
            if each.deed == "slow":
                time.sleep(each.seconds)
            if each.deed == "status":
                headers = {"Retry-After": each.retry_after} if each.retry_after else {}
                return error(each.status, each.code, **headers)
            if each.deed == "html":
                return Said(502, b"<html><body>Bad Gateway</body></html>", "text/html")
        with self._lock:
            self.ledger.append(asked)
            said = self._answer(asked, {each.deed for each in deeds})
        if any(each.deed == "silent" for each in deeds):
            time.sleep(0.1)
            return None
        if any(each.deed == "cut" for each in deeds):
            said.cut = len(said.body) // 2
        return said

    def _answer(self, asked: Asked, deeds: set[str]) -> Said:  # noqa: PLR0911 - a path each
        if asked.path.endswith("/oauth2/v2.0/token"):
            return self._token(asked)
        if asked.method == "PUT":
            return self.uploads.piece(asked)
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return error(401, "InvalidAuthenticationToken")
        path = re.sub(r"\('([^']*)'\)", r"/\1", asked.path.removeprefix("/v1.0"))
        parts = path.strip("/").split("/")
        if parts[0].lower() == "subscriptions":
            return self._subscription(asked, parts[1:])
        user = parts[1]
        if user not in self.known_mailboxes:
            return error(404, "ErrorInvalidUser")
        if user not in self.open_mailboxes:
            return error(403, "ErrorAccessDenied")
        rest = [part.removesuffix("()") for part in parts[2:]]
        return (
            self._folder(asked, rest[1:], deeds) if rest[0].lower() == "mailfolders" else self._message(asked, rest[1:])
        )

    def _token(self, asked: Asked) -> Said:
        form = {name: values[0] for name, values in parse_qs(asked.content.decode()).items()}
        if TENANT not in asked.path:
            return refused(90002, "invalid_request")
        if form.get("client_id") != CLIENT or form.get("grant_type") != "client_credentials":
            return refused(700016, "unauthorized_client", 400)
        if "client_assertion" in form:
            if not is_signed(form["client_assertion"], self.public_key, self.address + asked.path):
                return refused(700027, "invalid_client", 401)
        elif form.get("client_secret") != self.secret:
            return refused(7000215, "invalid_client", 401)
        token = f"eyJ0.{uuid.uuid4().hex}.c2ln"
        self.tokens.add(token)
        return json_answer({"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token})

    def _folder(self, asked: Asked, rest: list[str], deeds: set[str]) -> Said:
        box = self.mailbox
        if not rest or rest[1:] == ["childFolders"]:
            wanted = re.search(r"displayName eq '(.*)'", asked.query.get("$filter", ""))
            parent = rest[0] if rest else ""
            found = [
                each
                for each, of in box.parents.items()
                if of == parent and (not wanted or box.folders[each] == wanted[1].replace("''", "'"))
            ]
            return json_answer(
                {"@odata.context": self._context("mailFolders"), "value": [self._shown(each) for each in found]}
            )
        folder = box.key_of(rest[0])
        if folder is None:
            return error(404, "ErrorItemNotFound")
        if len(rest) == 1:
            return json_answer(self._shown(rest[0]))
        if rest[-1].endswith("delta"):
            return self._delta(asked, folder, rest[0], deeds)
        return self._list(asked, folder)

    def _shown(self, folder: str) -> dict[str, Any]:
        key = self.mailbox.key_of(folder) or folder
        return {
            "id": folder_id(key) if key in {"inbox", "archive"} else key,
            "displayName": self.mailbox.folders.get(folder, folder.title()),
            "parentFolderId": "AQMkADYAAAIBCAAAAA==",
            "childFolderCount": 0,
            "unreadItemCount": 0,
            "totalItemCount": len(self.mailbox.within(key)),
            "isHidden": False,
        }

    def _delta(self, asked: Asked, folder: str, named: str, deeds: set[str]) -> Said:
        """A link is for generation, place in the log where the next round begins, and which of this round are left."""
        token = asked.query.get("$skiptoken") or asked.query.get("$deltatoken")
        wanted = re.search(r"maxpagesize=(\d+)", asked.headers.get("prefer", ""))
        size = self.page_size or int(wanted[1] if wanted else 10)
        if token is None:
            items = [(each.key, True) for each in self.mailbox.within(folder)][::-1]
            select = [name for name in asked.query.get("$select", "").split(",") if name]
            state: dict[str, Any] = {"at": len(self.mailbox.log), "select": select}
        else:
            state = dict(self.links[token])
            if state["generation"] != self.generation:
                return error(410, "SyncStateNotFound")
            items = (
                [tuple(each) for each in state["left"]] if "left" in state else self.mailbox.since(folder, state["at"])
            )
            if "left" not in state:
                state["at"] = len(self.mailbox.log)
        page, left = items[:size], items[size:]
        value = [self._item(key, state["select"]) for key, _ in page]
        value += value if "double" in deeds else []
        value = value[::-1] if "backwards" in deeds else value
        onwards = {"generation": self.generation, "at": state["at"], "select": state["select"]} | (
            {"left": left} if left else {}
        )
        packed = f"GwcBoTmPuoTQWfcsAbkYM{len(self.links)}_"
        self.links[packed] = onwards
        kind, word = ("@odata.nextLink", "skiptoken") if left else ("@odata.deltaLink", "deltatoken")
        link = f"{self.address}/v1.0/users('{quote(MAILBOX)}')/mailFolders('{named}')/messages/delta?${word}={packed}"
        return json_answer(
            {"@odata.context": f"{self.address}/v1.0/$metadata#Collection(message)", kind: link, "value": value}
        )

    def _item(self, key: str, select: list[str]) -> dict[str, Any]:
        message = self.mailbox.messages.get(key)
        if message is None:
            return {"@odata.type": "#microsoft.graph.message", "id": key, "@removed": {"reason": "deleted"}}
        return {"@odata.type": "#microsoft.graph.message", **message.json(select)}

    def _list(self, asked: Asked, folder: str) -> Said:
        skip, top = int(asked.query.get("$skip", 0)), int(asked.query.get("$top", 10))
        found = self.mailbox.within(folder)
        select = asked.query.get("$select", "").split(",")
        shown: dict[str, Any] = {
            "@odata.context": self._context("messages"),
            "value": [each.json(select) for each in found[skip : skip + top]],
        }
        if len(found) > skip + top:
            query = f"$select={asked.query.get('$select', '')}&$top={top}&$skip={skip + top}"
            shown["@odata.nextLink"] = f"{self.address}{quote(asked.path)}?{query}"
        return json_answer(shown)

    def _message(self, asked: Asked, rest: list[str]) -> Said:  # noqa: PLR0911 - a path each
        box = self.mailbox
        if not rest and asked.method == "POST":
            return self._draft(asked)
        message = box.messages.get(rest[0])
        if message is None:
            return error(404, "ErrorItemNotFound")
        select = [name for name in asked.query.get("$select", "").split(",") if name]
        if rest[1:] == ["$value"]:
            body = message.mime if message.size is None else message.mime + b"x" * (message.size - len(message.mime))
            return Said(200, body, "text/plain")
        if rest[1:] == ["send"]:
            self.sent.append(message.mime)
            message.draft = False
            box.move(message, "sentitems")
            return Said(202)
        if rest[1:2] == ["attachments"]:
            return self.uploads.attach(asked, message, rest[2:])
        if rest[1:] == ["move"]:
            wanted = {name.lower(): value for name, value in json.loads(asked.content).items()}  # as it takes them
            to = box.key_of(wanted["destinationid"])
            if to is None:
                return error(404, "ErrorItemNotFound")
            box.move(message, to)
            return json_answer({"@odata.context": self._context("messages"), **message.json([])}, 201)
        if asked.method == "DELETE":
            box.remove(message)
            return Said(204)
        if asked.method == "PATCH":
            return self._change(message, json.loads(asked.content))
        shown = message.json(select)
        if "singleValueExtendedProperties" in asked.query.get("$expand", ""):
            size = str(message.size or len(message.mime))
            shown["singleValueExtendedProperties"] = [{"id": "Integer 0xe08", "value": size}]
        return json_answer({"@odata.context": self._context("messages/$entity"), **shown})

    def _change(self, message: Message, wanted: Mapping[str, Any]) -> Said:
        if "internetMessageId" in wanted:
            if not message.draft:
                return error(400, "ErrorInvalidPropertyUpdateSentMessage")
            message.mime = re.sub(rb"(?im)^message-id:.*\r?\n", b"", message.mime)
            message.mime = f"Message-ID: {wanted['internetMessageId']}\r\n".encode() + message.mime
            message.message_id = wanted["internetMessageId"]
        message.categories = wanted.get("categories", message.categories)
        self.mailbox.changed(message)
        return json_answer({"@odata.context": self._context("messages/$entity"), **message.json([])})

    def _draft(self, asked: Asked) -> Said:
        if asked.headers.get("content-type") != "text/plain":
            return error(400, "RequestBodyRead")
        if len(asked.content) > LARGEST:
            return error(413, "RequestEntityTooLarge")
        try:
            mime = base64.b64decode(asked.content, validate=True)
        except binascii.Error:
            return error(400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.")
        made = self.mailbox.add("drafts", mime, draft=True)
        if self.own_message_ids:
            made.message_id = f"<{uuid.uuid4().hex}@SWEP280.PROD.OUTLOOK.COM>"
        shown = made.json([]) | {"internetMessageId": made.message_id}
        return json_answer({"@odata.context": self._context("messages/$entity"), **shown}, 201)

    def _subscription(self, asked: Asked, rest: list[str]) -> Said:
        if not rest:
            wanted = json.loads(asked.content)
            until = datetime.fromisoformat(wanted["expirationDateTime"].replace("Z", "+00:00"))
            if until > clock.to_datetime(clock.now()) + timedelta(minutes=4230):
                return error(400, "InvalidRequest")
            if not shakes_hands(wanted["notificationUrl"]):
                return error(400, "InvalidRequest", "Subscription validation request failed.")
            made = {"id": str(uuid.uuid4()), "applicationId": CLIENT, "creatorId": str(uuid.uuid4()), **wanted}
            self.subscriptions[made["id"]] = made | {"expirationDateTime": until.astimezone(UTC).isoformat()}
            return json_answer({"@odata.context": self._context("subscriptions/$entity"), **made}, 201)
        found = self.subscriptions.get(rest[0])
        if found is None:
            return error(404, "ResourceNotFound")
        if asked.method == "DELETE":
            self.subscriptions.pop(rest[0])
            return Said(204)
        until = datetime.fromisoformat(json.loads(asked.content)["expirationDateTime"].replace("Z", "+00:00"))
        found["expirationDateTime"] = until.astimezone(UTC).isoformat()
        return json_answer(found)

    def _context(self, what: str) -> str:
        return f"https://graph.microsoft.com/v1.0/$metadata#users('8ee44408-0679-472c-bc2a-692812af3437')/{what}"


def _conversation(graph: Graph) -> type[BaseHTTPRequestHandler]:
    class Conversation(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _speak(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            said = graph.answer(Asked(self.command, unquote(parts.path), query, headers, content))
            self.close_connection = said is None or bool(said.cut)
            if said is None:
                return
            self.send_response(said.status)
            for name, value in {"Content-Type": said.kind, "request-id": str(uuid.uuid4()), **said.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            with suppress(ConnectionError):  # it has heard enough
                self.wfile.write(said.body[: len(said.body) - said.cut])

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _speak  # noqa: N815 - http.server finds them by these names

        def log_message(self, *_: object) -> None:
            """The ledger is enough."""

    return Conversation
