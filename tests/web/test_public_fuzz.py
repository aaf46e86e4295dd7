"""The public face, asked by a machine for all that its description allows and more: nothing of it is an error of ours.

`TORG_TEST_LARGE=1` asks for a hundred things of each operation instead of two.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from hub.edge import filling
from hub.inbound.calls import Calls
from hub.inbound.receive import Receiver
from tests.web.form_world import Forms, forms
from tests.web.world import registry

PUBLIC = ("/api/v1/forms/", "/api/v1/cti/", "/calls/", "/chat/")
EXAMPLES = 100 if os.environ.get("TORG_TEST_LARGE") else 2
ENDLESS = "/events"


@pytest.fixture
def there(sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forms]:
    monkeypatch.setattr(filling, "AN_ADDRESS", 10**6)
    monkeypatch.setattr(filling, "A_NETWORK", 10**6)
    with forms(sqlite_database, tmp_path) as made:
        receiver = Receiver(made.world.storage, made.fresh.extend)
        calls = Calls(made.world.storage, registry(), receiver, lambda _, __: None)
        made.client.app.state.called, made.client.app.state.called_by = calls.take, calls.channel_of
        yield made


def operations(made: Forms) -> list[Any]:
    """Those that nobody has to log in for."""
    schemathesis = pytest.importorskip("schemathesis")  # of the lock; a .venv that is older has none
    described = schemathesis.openapi.from_dict(made.client.get("/api/v1/openapi.json").json())
    found = [each.ok() for each in described.get_all_operations()]
    return [each for each in found if each.path.startswith(PUBLIC) and not each.path.endswith(ENDLESS)]


def test_whatever_is_sent_is_answered_in_a_sentence(there: Forms) -> None:
    public = operations(there)
    assert {each.path for each in public} >= {
        "/api/v1/forms/{code}/{name}",
        "/api/v1/forms/{code}/{name}/submissions",
        "/calls/{channel_id}",
        "/api/v1/cti/{token}",
    }
    for operation in public:
        ask(there, operation)


def ask(there: Forms, operation: Any) -> None:
    @seed(20261127)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        for path in {case.formatted_path, real(case.formatted_path, operation.path)}:
            body = case.body
            is_json = body is None or isinstance(body, dict | list | str | int | float | bool)
            sent: dict[str, Any] = {"json": body} if is_json else {}
            headers = {name: value for name, value in (case.headers or {}).items() if value.isascii()}
            headers["Sec-Fetch-Site"] = "same-origin"
            answer = there.client.request(
                case.method, path, params=case.query or None, headers=headers, follow_redirects=False, **sent
            )
            assert answer.status_code < 500 or answer.status_code == 503, (case.method, path, answer.text)
            if answer.status_code >= 400:
                said = answer.headers["Content-Type"]
                own = said.startswith("application/problem+json") or path.startswith(
                    "/api/v1/cti/"
                )  # as exchanges know it
                assert own, (path, answer.text)

    one()


def real(path: str, described: str) -> str:
    """The same where there is something."""
    if described.startswith("/api/v1/forms/"):
        return "/api/v1/forms/granvik/felanmalan" + ("/submissions" if path.endswith("/submissions") else "")
    return path
