"""A budget is kept by judges as well: their tries again, their questions in other words, and their two orders."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from bench_builders import FakeSystem, a_job, a_reply, run, some_cases
from builders import a_context
from hypothesis import given, settings
from hypothesis import strategies as st

from llmci import registry
from llmci.adapters.models.direct import DirectModel
from llmci.core.bench.allowance import Allowance
from llmci.core.bench.ledger import Ledger
from llmci.domain.run import Usage
from llmci.seams import Failed, ModelReply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmci.seams import ModelRequest

CALLS = st.sampled_from(["said", "cheap", "cut off", "busy", "refused", "no schema", "of unknown cost", "no verdict"])
KINDS = {
    "judge": [{"kind": "judge", "scale": "binary", "rubric": "Polite?"}],
    "pairwise": [{"kind": "pairwise"}],
    "both": [{"kind": "pairwise"}, {"kind": "judge", "scale": "1-5", "rubric": "Polite?"}],
    "composite": [
        {
            "kind": "composite",
            "parts": {
                name: {
                    "kind": "judge",
                    "scale": "binary",
                    "rubric": name,
                    "model": "openai/judge",
                    "base_url": "http://judge.test/v1",
                    "api_key_env": "KEY",
                    "max_cost_usd": 0.01,
                    "retries": 2,
                }
                for name in ("kind", "short")
            },
        }
    ],
}


class Provider:
    """Charges for what it says, as its own books tell it."""

    def __init__(self, calls: Sequence[str]) -> None:
        self._turns = itertools.cycle(calls)
        self.charged = 0.0

    async def ask(self, request: ModelRequest) -> ModelReply | Failed:
        await asyncio.sleep(0)
        turn = next(self._turns)
        match turn:
            case "refused":
                return Failed("HTTP 401", "infrastructure", charged=False)
            case "busy":
                return Failed("HTTP 429", "infrastructure", retryable=True, retry_after_s=0.0, charged=False)
            case "no schema" if request.response_format is not None:
                self.charged += 0.01
                return Failed("HTTP 400", "system")
            case "cut off":
                self.charged += 0.01
                return Failed("it broke off", "infrastructure", retryable=True, retry_after_s=0.0)
        cost = 0.001 if turn == "cheap" else 0.01
        self.charged += cost
        return ModelReply(
            text="hm" if turn == "no verdict" else '{"verdict": "pass"}',
            usage=Usage(),
            cost=None if turn == "of unknown cost" else cost,
            latency_ms=1.0,
            model="judge",
        )


def judges(kinds: str, root: Path) -> list[Any]:
    made = []
    for number, given_block in enumerate(KINDS[kinds]):
        block = dict(given_block)
        kind = registry.adapter("scorer", block.pop("kind"))
        reached = {"model": "openai/judge", "base_url": "http://judge.test/v1", "api_key_env": "KEY"}
        more = {} if "parts" in block else {**reached, "max_cost_usd": 0.01, "retries": 2}
        made.append(kind(kind.Options(**block, **more), a_context(root, f"judge{number}", KEY="k")))
    return made


@pytest.mark.parametrize("kinds", KINDS)
@given(calls=st.lists(CALLS, min_size=1, max_size=30), concurrency=st.integers(1, 30), budget=st.floats(0, 0.4))
@settings(max_examples=40, deadline=None)
def test_no_judge_can_charge_more_than_the_budget(
    kinds: str, calls: list[str], concurrency: int, budget: float
) -> None:
    provider = Provider(calls)
    systems = [FakeSystem(lambda case, repeat, n=n: a_reply(f"{n} {case.case_id}", cost=0.0), name=n) for n in "ab"]
    with (
        tempfile.TemporaryDirectory() as root,
        patch.object(DirectModel, "ask", lambda _, request: provider.ask(request)),
    ):
        job = a_job(some_cases(8), scorers=judges(kinds, Path(root)), concurrency=concurrency, budget_usd=budget)
        result = asyncio.run(asyncio.wait_for(run(job, *systems), 20))

    assert provider.charged <= result.spent_on_judges + 1e-9
    assert result.spent <= budget + 1e-9


async def test_a_try_again_waits_for_what_may_turn_out_cheaper() -> None:
    ledger = Ledger(0.03)
    assert await ledger.reserve(0.01)
    assert await ledger.reserve(0.02)
    again = Allowance(ledger, 0.01)
    assert await again.take(0.01)
    again.over(0.01, None)

    waiting = asyncio.create_task(again.take(0.01))
    await asyncio.sleep(0)
    assert not waiting.done()
    await ledger.settle(0.02, 0.005)

    assert await waiting
    assert again.reserved == pytest.approx(0.02)


async def test_when_all_wait_for_more_one_is_refused_and_the_others_go_on() -> None:
    ledger = Ledger(0.03)
    both = [Allowance(ledger, 0.015), Allowance(ledger, 0.015)]
    for each in both:
        assert await ledger.reserve(0.015)
        await each.take(0.015)
        each.over(0.015, 0.01)

    async def more(each: Allowance) -> bool:
        allowed = await each.take(0.01)
        if not allowed:
            await ledger.settle(each.reserved, each.spent)
        return allowed

    assert sorted(await asyncio.wait_for(asyncio.gather(*map(more, both)), 5)) == [False, True]
    assert ledger.spent == pytest.approx(0.01)
