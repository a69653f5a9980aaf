"""What is exported is read by promptfoo, Inspect and DeepEval as they are installed on the PATH: texts as users wrote them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from llmci.core.evalsets.exchange import cases_of
from llmci.core.evalsets.exporting import exported, spoken

if TYPE_CHECKING:
    from llmci.domain.case import Case

pytestmark = pytest.mark.real

TEXTS = [
    "{{ env.HOME }} and {% if x %}y{% endif %} {# note #} and #}",
    "{% raw %}{{x}}{% endraw %}",
    "{{{{",
    "file://tool.py",
    "package:tool:run",
    "[1, 2, 3]",
    '{"a":  1}',
    "a\r\nb\x85c\u2028d\ufeffe",
    "- yaml: [special, *alias, &anchor] !!python/object",
    "emoji \U0001f469\u200d\U0001f467 \u202e",
    "=1+1",
    "null",
]
CHAT = [
    {"role": "developer", "content": "Be {{brief}}."},
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]},
    {
        "role": "assistant",
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "1", "content": "in Lyon"},
    {"role": "user", "content": "and now?"},
]
READS = {
    "inspect": """
from inspect_ai.dataset import json_dataset
said = [[s.input if isinstance(s.input, str) else s.input[0].text, s.target] for s in json_dataset("cases.jsonl")]
""",
    "deepeval": """
from deepeval.dataset import EvaluationDataset
dataset = EvaluationDataset()
dataset.add_goldens_from_json_file("cases.json")
said = [[golden.input, golden.expected_output] for golden in dataset.goldens]
""",
}
TELLS = 'import json; open("said.json", "w").write(json.dumps(said))'


def cases() -> list[Case]:
    rows: list[dict[str, Any]] = [{"question": t, "reference": t, "expectations": {"contains": [t]}} for t in TEXTS]
    found, rejected = cases_of((str(n), row) for n, row in enumerate([*rows, {"messages": CHAT, "reference": "Lyon"}]))
    assert rejected == []
    return found


def ran(tool: str, arguments: list[str], cwd: Path) -> None:
    quiet = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1", "DEEPEVAL_TELEMETRY_OPT_OUT": "YES"}
    environ = {"PATH": os.environ["PATH"], "HOME": str(cwd), **quiet}
    subprocess.run([tool, *arguments], cwd=cwd, env=environ, check=True, capture_output=True, timeout=100)


def installed(tool: str) -> str:
    command = shutil.which(tool)
    if command is None:
        pytest.skip(f"{tool} is not on the PATH")
    return command


def test_promptfoo_asks_and_asserts_what_was_written(tmp_path: Path) -> None:
    command = installed("promptfoo")
    (tmp_path / "tests.yaml").write_bytes(exported(cases(), "promptfoo", ".yaml"))
    (tmp_path / "c.yaml").write_text('prompts: ["{{input}}"]\nproviders: [echo]\ntests: file://tests.yaml\n')

    ran(command, ["eval", "-c", "c.yaml", "--no-cache", "-o", "out.json", "--no-table"], tmp_path)

    results = orjson.loads((tmp_path / "out.json").read_bytes())["results"]["results"]
    outputs = {row["metadata"]["case_id"]: row["response"]["output"] for row in results}
    # A prompt that is JSON is a conversation.
    said = {
        key: orjson.dumps(value).decode() if not isinstance(value, str) else value for key, value in outputs.items()
    }
    alone = [case for case in cases() if len(case.messages) == 1]
    assert [said[case.case_id] for case in alone] == [spoken(case) for case in alone]
    assert all(row["success"] for row in results)


@pytest.mark.parametrize(("tool", "suffix"), [("inspect", ".jsonl"), ("deepeval", ".json")])
def test_others_read_what_was_written(tool: str, suffix: str, tmp_path: Path) -> None:
    python = Path(installed(tool)).parent / "python"
    (tmp_path / f"cases{suffix}").write_bytes(exported(cases(), tool, suffix))

    ran(str(python), ["-c", READS[tool] + TELLS], tmp_path)

    said = orjson.loads((tmp_path / "said.json").read_bytes())
    assert said[: len(TEXTS)] == [[text, text] for text in TEXTS]
    assert len(said) == len(TEXTS) + 1
