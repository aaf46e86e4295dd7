"""Milliseconds of the desk's search, asked in this process of a filled database: no HTTP, no rendering.

    python -m tests.bench.search --folder FOLDER --database URL [--repeat 200]

FOLDER holds `key`, `blobs` and `made.json`, where `tokens` names agents: {"all": "…", "four": "…"}.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import msgspec

from hub.access import login
from hub.access.person import Actor
from hub.edge.searching import search_desk
from hub.settings import Settings
from hub.storage.open import open_storage
from hub.storage.scope import Scope
from hub.storage.unit import Storage
from tests.bench.gen_mail import COMMON, RARE

QUESTIONS = {
    "rare word": f"{RARE} ",
    "common word": f"{COMMON} ",
    "two common words": f"{COMMON} och ",
    "two common words that never meet": "och og ",
    "two letters": COMMON[:2],
    "three letters": COMMON[:3],
    "four letters": COMMON[:4],
    "common word, from:": f"{COMMON} from:anna ",
    "common word, topic:": f"{COMMON} topic:faktura ",
    "common word, queue:": f"{COMMON} queue:vatten ",
    "common word, is:open": f"{COMMON} is:open ",
    "common word, assignee:me": f"{COMMON} assignee:me ",
    "two common words, is:open": f"{COMMON} och is:open ",
    "common word, before:": f"{COMMON} before:2026-08-01 ",
    "common word, nothing open of a topic": f"{COMMON} is:waiting topic:detaljplan ",
    "two marks that never meet": f"{COMMON} kind:note has:attachment ",
    "from:": "from:anna ",
    "is:open": "is:open ",
    "topic:": "topic:faktura ",
    "queue:": "queue:vatten ",
}


def main() -> None:
    """Prints as it goes."""
    asked = argparse.ArgumentParser(prog="python -m tests.bench.search")
    asked.add_argument("--folder", type=Path, required=True)
    asked.add_argument("--database", required=True)
    asked.add_argument("--repeat", type=int, default=200)
    options = asked.parse_args()
    settings = Settings(
        database_url=options.database,
        key_file=str(options.folder / "key"),
        blob_folder=str(options.folder / "blobs"),
    )
    storage = open_storage(settings)
    made = msgspec.json.decode((options.folder / "made.json").read_bytes())
    for who, token in made["tokens"].items():
        actor = storage.read_now(Scope.everything("bench"), login.by_token, token)
        assert actor is not None, who
        for name, question in QUESTIONS.items():
            taken, found = _ask(storage, actor, question, options.repeat)
            sys.stdout.write(
                f"{who:5} {name:40} {found:3} rows  p50 {statistics.median(taken):6.1f}"
                f"  p99 {sorted(taken)[len(taken) * 99 // 100]:6.1f}  first {taken[0]:6.1f}\n"
            )
            sys.stdout.flush()
    storage.close()


def _ask(storage: Storage, actor: Actor, question: str, repeat: int) -> tuple[list[float], int]:
    taken: list[float] = []
    found = 0
    for _ in range(repeat):
        before = time.perf_counter()
        answer = storage.read_now(Scope.of(actor), search_desk, actor, question, None, 50)
        taken.append(1000 * (time.perf_counter() - before))
        found = len(answer.found)
    return taken, found


if __name__ == "__main__":
    main()
