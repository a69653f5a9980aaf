# ruff: noqa: ANN001, ANN201, ANN202
"""Runs Inspect on sums: `python make.py VERSION FIRST LAST FORMAT DIRECTORY`."""

import sys

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, match, mean, scorer
from inspect_ai.solver import solver


@scorer(metrics=[mean()])
def brevity():
    async def score(state, target):
        return Score(value=round(1 / max(1, len(state.output.completion)), 3))

    return score


@solver
def adder(version):
    async def solve(state, generate):
        a = state.metadata["a"]
        if a == 101:
            raise ValueError("division by zero in the adder")
        if a == 102:
            raise RuntimeError("Error code: 429 - rate limit exceeded")
        answer = str(a * 3 if version == 2 and a > 2 else a + 3)
        state.output = ModelOutput.from_content("mockllm/model", answer)
        return state

    return solve


def main(version, first, last, form, directory):
    samples = [
        Sample(
            id=f"sum-{a}",
            input=f"Add {a} and 3",
            target=str(a + 3),
            metadata={"a": a, "parity": "odd" if a % 2 else "even"},
        )
        for a in range(int(first), int(last) + 1)
    ]
    task = Task(
        name="sums", dataset=samples, solver=adder(int(version)), scorer=[match(), brevity()], fail_on_error=False
    )
    evaluate(task, model="mockllm/model", epochs=2, log_dir=directory, log_format=form, display="none")


main(*sys.argv[1:])
