"""The stand-in speaks as Microsoft's documentation has it: its keys are theirs, and so are its refusals."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from tests.stand_ins.graph import Graph
from tests.stand_ins.graph.mailbox import mail
from tests.stand_ins.graph.outward import CLIENT, TENANT
from tests.stand_ins.graph.server import MAILBOX, SECRET
from tests.stand_ins.recorded import samples

INBOX = f"/v1.0/users/{MAILBOX}/mailFolders/inbox/messages"
OURS = frozenset({"receivedDateTime", "isDraft", "subject", "isRead", "sender"})
"""Properties of a message that are asked for by name."""


@pytest.fixture
def graph() -> Any:
    with Graph() as graph:
        yield graph


def example(page: str, holding: str) -> Mapping[str, Any]:
    """The first body of that page with this word in it."""
    examples = json.loads((samples("graph") / "examples.json").read_text(encoding="utf-8"))
    found: Mapping[str, Any] = next(
        each["json"]
        for each in examples
        if each["page"].endswith(page) and each.get("json") and holding in each["text"]
    )
    return found


def ask(graph: Graph, method: str, path: str, body: Any = None, kind: str = "application/json") -> tuple[int, Any, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(graph.address).port, timeout=5)
    headers = {"Authorization": f"Bearer {next(iter(graph.tokens), '')}", "Content-Type": kind}
    connection.request(method, path, body if isinstance(body, str | None) else json.dumps(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, json.loads(content) if content.startswith(b"{") else content


def log_in(graph: Graph) -> None:
    form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "scope": "x/.default"}
    status, _, said = ask(
        graph, "POST", f"/{TENANT}/oauth2/v2.0/token", urlencode(form), "application/x-www-form-urlencoded"
    )
    assert (status, set(said)) == (200, {"token_type", "expires_in", "ext_expires_in", "access_token"})


def test_a_delta_round_has_the_keys_of_theirs(graph: Graph) -> None:
    log_in(graph)
    for number in range(3):
        graph.post("inbox", mail(number))
    graph.page_size = 2
    page = example("delta-query-messages.md", "nextLink")
    _, _, first = ask(graph, "GET", f"{INBOX}/delta()?$select=subject,isRead")
    assert set(first) == set(page)
    assert set(first["value"][0]) - OURS == set(page["value"][0]) - OURS
    _, _, last = ask(graph, "GET", first["@odata.nextLink"].removeprefix(graph.address))
    assert set(last) == set(page) - {"@odata.nextLink"} | {"@odata.deltaLink"}
    graph.mailbox.remove(graph.mailbox.within("inbox")[0])
    _, _, removed = ask(graph, "GET", last["@odata.deltaLink"].removeprefix(graph.address))
    theirs = next(each for each in example("delta-query-messages.md", "@removed")["value"] if "@removed" in each)
    assert [set(each) for each in removed["value"]] == [set(theirs)]


def test_a_subscription_has_keys_of_theirs(graph: Graph) -> None:
    log_in(graph)
    theirs = example("subscription-post-subscriptions.md", "creatorId")
    made = {**theirs, "notificationUrl": "https://127.0.0.1:9/", "expirationDateTime": "2016-11-20T18:23:45.9356913Z"}
    status, _, said = ask(graph, "POST", "/v1.0/subscriptions", made)
    assert (status, said["error"]["code"]) == (400, "InvalidRequest"), "nobody shakes hands there"


def test_errors_and_throttling_are_theirs(graph: Graph) -> None:
    theirs = example("throttling.md", "Retry-After")
    graph.misbehave("status", status=429, code="TooManyRequests", retry_after="2.128")
    status, headers, said = ask(graph, "GET", INBOX)
    assert (status, headers["Retry-After"]) == (429, "2.128")
    assert set(said["error"]) == set(theirs["error"])
    log_in(graph)
    status, _, said = ask(graph, "POST", f"/v1.0/users/{MAILBOX}/messages", "not base64!", "text/plain")
    assert (status, said["error"]["code"]) == (400, example("sendmail.md", "InvalidBase64")["error"]["code"])
    graph.post("inbox", mail())
    _, _, page = ask(graph, "GET", f"{INBOX}/delta()")
    graph.expire_links()
    status, _, said = ask(graph, "GET", page["@odata.deltaLink"].removeprefix(graph.address))
    assert (status, said["error"]["code"]) == (410, "SyncStateNotFound")
