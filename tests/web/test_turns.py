"""Turns: what pages fetch again by themselves leaves room for what somebody has asked for."""

import asyncio

from inbox_ui.turns import in_turn


def test_figures_wait_for_figures_and_rows_for_no_figures() -> None:
    async def run() -> tuple[list[str], list[str]]:
        begun, go_on = list[str](), asyncio.Event()

        async def made(kind: str, name: str) -> None:
            async with in_turn("rows" if kind == "rows" else "figures"):
                begun.append(name)
                await go_on.wait()

        those = [("figures", "rail"), ("figures", "phone"), ("rows", "one"), ("rows", "two"), ("rows", "three")]
        tasks = [asyncio.create_task(made(*each)) for each in those]
        for _ in range(3):
            await asyncio.sleep(0)  # all have come as far as they may
        before = list(begun)
        go_on.set()
        await asyncio.gather(*tasks)
        return before, begun

    before, after = asyncio.run(run())
    assert before == ["rail", "one", "two"]
    assert sorted(after) == ["one", "phone", "rail", "three", "two"]
