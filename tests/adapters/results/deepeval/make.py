# ruff: noqa: ANN001, ANN002, ANN003, ANN201, ANN204
"""Runs DeepEval on sums: `python make.py VERSION FIRST LAST`; the results go to $DEEPEVAL_RESULTS_FOLDER."""

import sys

from deepeval import evaluate
from deepeval.evaluate.configs import AsyncConfig, DisplayConfig, ErrorConfig
from deepeval.metrics import BaseMetric
from deepeval.test_case import LLMTestCase


class Sum(BaseMetric):
    """Whether the sum is right; asks nobody."""

    def __init__(self):
        self.threshold = 0.5

    def measure(self, case, *args, **kwargs):
        if case.input.startswith("Add 102 "):
            raise RuntimeError("the judge did not answer")
        self.score = float(case.actual_output == case.expected_output)
        self.success = self.score >= self.threshold
        self.reason = "as expected" if self.success else "another sum"
        return self.score

    async def a_measure(self, case, *args, **kwargs):
        return self.measure(case)

    def is_successful(self):
        return bool(self.success)

    @property
    def __name__(self):
        return "Sum"


def main(version, first, last):
    cases = [
        LLMTestCase(
            input=f"Add {a} and 3",
            actual_output=str(a * 3 if version == "2" and a > 2 else a + 3),
            expected_output=str(a + 3),
            metadata={"parity": "odd" if a % 2 else "even"},
        )
        for a in range(int(first), int(last) + 1)
    ]
    evaluate(
        cases,
        [Sum()],
        error_config=ErrorConfig(ignore_errors=True),
        async_config=AsyncConfig(run_async=False),
        display_config=DisplayConfig(show_indicator=False, print_results=False),
    )


main(*sys.argv[1:])
