"""A project of hand-written questions for `llmci bench`, and the same questions as a JSON Lines file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from llmci.adapters.stores.casefile import CASES
from llmci.adapters.stores.evalsets import DirectoryEvalSets
from llmci.core.evalsets.digests import case_id_of, evalset_digest, schema_fingerprint
from llmci.domain.case import Case, Message, Origin, Part
from llmci.domain.evalset import EvalSet, Stratum
from llmci.domain.text import declared_clean

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """
systems:
  baseline:
    kind: litellm
    model: openai/gpt-4o-mini
    base_url: {url}
    api_key_env: KEY
  candidate: {{extends: baseline, params: {{seed: 1}}}}
  # A parameter that only litellm reads, so that litellm is asked.
  library: {{extends: baseline, params: {{drop_params: true}}}}
scorers:
  right: {{kind: contains, values: [Lyon]}}
gates:
  - {{metric: right, tolerance: 5pt}}
{more}
"""


def make(root: Path, url: str, cases: int, more: str = "") -> None:
    """Write configuration, eval set and `questions.jsonl`."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "llmci.yaml").write_text(CONFIG.format(url=url, more=more))
    texts = [f"question {number}" for number in range(cases)]
    (root / "questions.jsonl").write_text("".join(json.dumps({"question": text}) + "\n" for text in texts))
    made = tuple(sorted((_case(text, cases) for text in texts), key=lambda case: case.case_id))
    DirectoryEvalSets(root / "evalsets").save(
        EvalSet(
            name="main",
            version=1,
            parent=None,
            digest=evalset_digest(made),
            schema_fingerprint=schema_fingerprint(CASES),
            sanitize_digest=None,
            created_at=datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
            seed=7,
            strata=(Stratum(name="all", share=1.0, traces=cases, cases=cases),),
            cases=made,
            parameters={},
        )
    )


def _case(text: str, cases: int) -> Case:
    messages = (Message(role="user", parts=(Part(type="text", text=declared_clean(text)),)),)
    return Case(
        case_id=case_id_of(messages, (), None),
        messages=messages,
        slices={},
        stratum="all",
        dependence=text,
        weight=1 / cases,
        origin=Origin(kind="hand"),
    )
