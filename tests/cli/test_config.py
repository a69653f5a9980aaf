"""Every mistake in llmci.yaml gets one message: the file, the line, what is wrong there, and the fix."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from fake_adapters import FAKES
from hypothesis import given
from hypothesis import strategies as st

from llmci import registry
from llmci.config import Config, discover, load, parse
from llmci.errors import UsageError
from llmci.wiring.schema import json_schema

GOOD = """
project: parcels
sources:
  prod: {kind: jsonl, path: traces.jsonl, limit: 10}
systems:
  stock: {kind: command, path: app, params: {a: 1, b: 2}}
  tuned: {extends: stock, params: {b: 3}}
scorers:
  correct: {kind: exact}
gates:
  - metric: correct
    tolerance: 5pt
    slice_by: [cluster]
sanitize:
  policy: {LOCATION: keep}
label: {clusters: auto}
evalset: {size: 100, slices: {app: metadata.app}}
bench: {baseline: stock, candidate: tuned, budget_usd: 1.5}
canary:
  criteria:
    score: {kind: score, score: thumbs, margin: 0.02}
  rollout: {kind: json, path: flag.json}
report: [report.html]
"""


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ADAPTERS", {**registry.ADAPTERS, **FAKES})


def read(text: str, path: Path) -> Config:
    return parse(text, path / "llmci.yaml")


def wrong(text: str, path: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(text, path)
    return caught.value


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    config = read(GOOD, tmp_path)

    assert config.root == tmp_path
    assert config.gates[0].tolerance == 0.05
    assert config.systems["tuned"].given == {"kind": "command", "path": "app", "params": {"a": 1, "b": 3}}
    assert config.bench.candidate == "tuned"


@pytest.mark.parametrize(
    "text", ["", "# nothing yet\n", "bench:\n  # concurrency: 5\n", "\ufeffproject: x\n".removeprefix("\ufeff")]
)
def test_what_is_not_said_has_its_default(tmp_path: Path, text: str) -> None:
    assert read(text, tmp_path).bench.retries == 4


@pytest.mark.parametrize(
    ("text", "line", "said", "fix"),
    [
        pytest.param(
            "bench:\n  concurency: 5",
            2,
            "unknown key bench.concurency",
            "Did you mean 'concurrency'?",
            id="unknown-key",
        ),
        pytest.param("xyzzy: 5", 1, "unknown key xyzzy", "Choose one of: bench, canary", id="nothing-is-near"),
        pytest.param(
            "gates:\n  - metric: a\n    tolerance: 1%\n    alfa: 1",
            4,
            "unknown key gates[0].alfa",
            "'alpha'",
            id="unknown-key-in-a-list",
        ),
        pytest.param(
            "canary:\n  criteria:\n    score: {kind: error, margn: 1, margin: 1}",
            3,
            "unknown key canary.criteria.score.margn",
            "'margin'",
            id="unknown-key-below-a-name-that-is-a-key-elsewhere",
        ),
        pytest.param(
            "sources:\n  a:\n    kind: csv\n    path: x\n    pth: y",
            5,
            "unknown key sources.a.pth",
            "'path'",
            id="unknown-option",
        ),
        pytest.param(
            "bench:\n  concurrency: many",
            2,
            "bench.concurrency is 'many', which is not a whole number",
            "Write a whole number.",
            id="wrong-type",
        ),
        pytest.param(
            "bench:\n  concurrency: 1.5",
            2,
            "is 1.5, which is not a whole number",
            "Write a whole number.",
            id="not-whole",
        ),
        pytest.param(
            "bench: 5",
            1,
            "bench is 5, which is not keys and values",
            "Write keys and values under it.",
            id="not-a-section",
        ),
        pytest.param("sources: [a]", 1, "sources is ['a']", "keys and values", id="a-list-for-a-section"),
        pytest.param("sources:\n  a:\n", 2, "sources.a is None", "keys and values", id="an-empty-block"),
        pytest.param("report: r.html", 1, "report is 'r.html'", "Write a list, such as [a, b].", id="text-for-a-list"),
        pytest.param("project: 5", 1, "project is 5, which is not text", "Put it in quotes.", id="number-for-text"),
        pytest.param(
            "sanitize:\n  locales: [no]", 2, "sanitize.locales[0] is False", "YAML reads a bare yes, no", id="norway"
        ),
        pytest.param(
            "evalset:\n  name: 2026-11-20",
            2,
            "evalset.name is datetime.date(2026, 11, 20)",
            "Put it in quotes.",
            id="a-date",
        ),
        pytest.param(
            "label:\n  clusters: foo",
            2,
            "label.clusters is 'foo', which is not a whole number or 'auto'",
            "Write a whole number or 'auto'.",
            id="union",
        ),
        pytest.param(
            "label:\n  clusters: 0",
            2,
            "label.clusters is 0, which is not a number from 1 or 'auto'",
            "Write",
            id="union-with-bounds",
        ),
        pytest.param(
            "sources:\n  a: {kind: csv, path: x, limit: soon}",
            2,
            "sources.a.limit is 'soon'",
            "Write a whole number.",
            id="optional",
        ),
        pytest.param("bench:\n  concurrency: 0", 2, "bench.concurrency is 0", "Write a number from 1.", id="too-small"),
        pytest.param(
            "sanitize:\n  max_quarantine: 2",
            2,
            "sanitize.max_quarantine is 2",
            "Write a number up to 1.",
            id="too-large",
        ),
        pytest.param("bench:\n  timeout_s: -1", 2, "bench.timeout_s is -1", "Write a number above 0.", id="negative"),
        pytest.param(
            "bench:\n  budget_usd: -1", 2, "bench.budget_usd is -1", "Write a number from 0.", id="negative-budget"
        ),
        pytest.param("evalset:\n  size: 0", 2, "evalset.size is 0", "Write a number from 1.", id="an-empty-set"),
        pytest.param(
            "evalset:\n  holdout: 1", 2, "evalset.holdout is 1", "Write a number below 1.", id="nothing-but-holdout"
        ),
        pytest.param(
            "sanitize:\n  min_score: .nan", 2, "sanitize.min_score is nan", "Write a finite number.", id="nan"
        ),
        pytest.param("bench:\n  timeout_s: .inf", 2, "bench.timeout_s is inf", "Write a finite number.", id="infinite"),
        pytest.param("label:\n  seed: -1", 2, "label.seed is -1", "Write a number from 0.", id="seed"),
        pytest.param("canary:\n  shares: []", 2, "canary.shares is []", "Write a list of 1 or more.", id="no-shares"),
        pytest.param(
            "canary:\n  shares: [0.5, 0.1]",
            2,
            "canary.shares is [0.5, 0.1], which does not rise",
            "above the one before",
            id="falling-shares",
        ),
        pytest.param(
            "canary:\n  shares: [2]", 2, "canary.shares[0] is 2", "Write a number up to 1.", id="a-share-above-1"
        ),
        pytest.param(
            "canary:\n  criteria:\n    a: {kind: score, margin: 1}",
            3,
            "canary.criteria.a.score is missing",
            "Add `score:`",
            id="score-of-nothing",
        ),
        pytest.param(
            "canary:\n  rollout: {path: x}",
            2,
            "canary.rollout has no kind",
            "Add `kind:`, one of: json",
            id="rollout-without-kind",
        ),
        pytest.param(
            "canary:\n  rollout: {kind: json}", 2, "canary.rollout.path is missing", "Add `path:`", id="rollout-option"
        ),
        pytest.param(
            "gates:\n  - metric: a\n    tolerance: 5 points off",
            3,
            "gates[0].tolerance is '5 points off'",
            "5pt",
            id="tolerance",
        ),
        pytest.param(
            "gates:\n  - metric: a\n    tolerance: 0", 3, "gates[0].tolerance is 0", "above 0", id="no-tolerance"
        ),
        pytest.param(
            "gates:\n  - tolerance: 5pt", 2, "gates[0].metric is missing", "Add `metric:` there.", id="missing"
        ),
        pytest.param(
            "gates:\n  - metric: a\n    tolerance: 1%\n    role: guard",
            4,
            "gates[0].role is 'guard'",
            "Did you mean 'guardrail'?",
            id="choice",
        ),
        pytest.param(
            "sanitize:\n  policy: {PERSON: kep}",
            2,
            "sanitize.policy.PERSON is 'kep'",
            "Did you mean 'keep'?",
            id="choice-in-a-mapping",
        ),
        pytest.param("project: a\nproject: b", 2, "project is given twice", "the first is on line 1", id="twice"),
        pytest.param("bench: {repeat: 1, repeat: 2}", 1, "bench.repeat is given twice", "line 1", id="twice-on-a-line"),
        pytest.param("bench:\n\trepeat: 1", 2, "a tab", "Indent with blanks.", id="tab"),
        pytest.param("bench: [1", 1, "not YAML", "Mend the syntax", id="bracket"),
        pytest.param("bench: a: b", 1, "not YAML: mapping values", "quotes", id="colon"),
        pytest.param("project: !!python/object:os.system x", 1, "a YAML tag", "Delete the tag.", id="tag"),
        pytest.param("project: *who", 1, "not YAML: found undefined alias", "quotes", id="alias"),
        pytest.param("project: a\0b", 1, "U+0000", "Delete it", id="control-character"),
        pytest.param("a: &a [*a]", 1, "nested too deeply", "aliases", id="endless"),
        pytest.param("a: " + "[" * 3000, 1, "nested too deeply", "aliases", id="deep"),
        pytest.param("project: 2026-02-30", 1, "cannot be read", "quotes", id="no-such-day"),
        pytest.param("--- {}\n--- {}", 2, "not YAML", "Mend", id="two-documents"),
        pytest.param("- a", 1, "must hold keys and values", "llmci init", id="a-list"),
        pytest.param("just text", 1, "must hold keys and values", "llmci init", id="text"),
        pytest.param(
            "sources:\n  a: {kind: jsonlines, path: x}",
            2,
            "sources.a.kind: there is no source called 'jsonlines'",
            "Did you mean 'jsonl'?",
            id="unknown-adapter",
        ),
        pytest.param(
            "sources:\n  a: {kind: 5, path: x}",
            2,
            "there is no source called '5'",
            "Choose one of",
            id="kind-is-no-name",
        ),
        pytest.param(
            "sources:\n  a:\n    path: x", 2, "sources.a has no kind", "Add `kind:`, one of: csv, jsonl.", id="no-kind"
        ),
        pytest.param(
            "systems:\n  a: {extends: b}",
            2,
            "systems.a.extends is 'b', which is no system",
            "Define it first.",
            id="extends-nothing",
        ),
        pytest.param(
            "systems:\n  a: {extends: b}\n  b: {extends: c}\n  c: {extends: a}\n  d: {extends: b}",
            2,
            "systems extend each other in a circle: a → b → c → a",
            "Take one `extends:` out.",
            id="circle",
        ),
        pytest.param("systems:\n  a: {extends: a}", 2, "in a circle: a → a", "Take one", id="circle-of-one"),
        pytest.param(
            "scorers:\n  correct: {kind: exact}\ngates:\n  - {metric: corect, tolerance: 1%}",
            4,
            "gates[0].metric: there is no scorer called 'corect'",
            "'correct'",
            id="unknown-scorer",
        ),
        pytest.param(
            "systems:\n  stock: {kind: command}\nbench:\n  candidate: stok",
            4,
            "bench.candidate: there is no system called 'stok'",
            "'stock'",
            id="unknown-system",
        ),
        pytest.param(
            "sanitize:\n  recognizers: [presido]",
            2,
            "there is no recognizer called 'presido'",
            "'presidio'",
            id="unknown-recognizer",
        ),
        pytest.param(
            "label:\n  embedder: openai", 2, "there is no embedder called 'openai'", "litellm", id="unknown-embedder"
        ),
    ],
)
def test_a_mistake_has_one_message(tmp_path: Path, text: str, line: int, said: str, fix: str) -> None:
    error = wrong(text, tmp_path)

    assert error.message.startswith(f"{tmp_path / 'llmci.yaml'}:{line}: ")
    assert said in error.message
    assert fix in (error.message if "Value error" in error.message or "tolerance is '5" in error.message else error.fix)
    assert "\n" not in error.message


def test_several_mistakes_are_told_at_once_and_in_order(tmp_path: Path) -> None:
    error = wrong("bench:\n  repeat: 0\n  timeout_s: never\nlabel: {clustres: 5}", tmp_path)

    assert [line.split(":")[1] for line in error.message.splitlines()] == ["2", "3", "4"]
    assert error.fix == "Correct these 3 places."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"project: a\nname: \xff\xfe", ":2: byte 17 is 0xff, which is not UTF-8"),
        ("project: a".encode("utf-16"), ":1: byte 0 is 0xff, which is not UTF-8"),
    ],
)
def test_a_file_that_is_not_utf8_is_told_with_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "llmci.yaml"
    file.write_bytes(content)

    with pytest.raises(UsageError) as caught:
        load(file)
    assert said in caught.value.message


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").write_bytes(b"\xef\xbb\xbfproject: x\n")

    assert load(tmp_path / "llmci.yaml").project == "x"


@pytest.mark.parametrize("name", ["absent.yaml", "."])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        load(tmp_path / name)


def test_the_file_is_found_from_below(tmp_path: Path) -> None:
    (tmp_path / "llmci.yaml").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)

    assert discover(tmp_path / "a" / "b") == tmp_path / "llmci.yaml"


def test_merge_keys_may_be_overridden(tmp_path: Path) -> None:
    text = "sources:\n  a: &a {kind: csv, path: x}\n  b:\n    <<: *a\n    path: y\n"

    assert read(text, tmp_path).sources["b"].options.path == "y"


@given(st.text())
def test_any_text_is_a_configuration_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        parse(text, Path("llmci.yaml"))


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
SECTIONS = [
    "sources",
    "systems",
    "scorers",
    "gates",
    "sanitize",
    "label",
    "evalset",
    "bench",
    "canary",
    "report",
    "state",
]


@given(st.dictionaries(st.sampled_from(SECTIONS), anything, max_size=3))
def test_any_values_are_a_configuration_or_a_usage_error(values: dict[str, Any]) -> None:
    with contextlib.suppress(UsageError):
        parse(yaml.safe_dump(values), Path("llmci.yaml"))


def test_the_schema_accepts_what_is_accepted() -> None:
    schema = json_schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(GOOD), schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "text",
    [
        "bench: {concurency: 5}",
        "bench: {concurrency: many}",
        "bench: {concurrency: 0}",
        "sanitize: {max_quarantine: 2}",
        "label: {clusters: foo}",
        "evalset: {size: 0}",
        "sources: {a: {kind: jsonlines, path: x}}",
        "sources: {a: {path: x}}",
        "sources: {a: {kind: csv}}",
        "gates: [{metric: a}]",
        "gates: [{metric: a, tolerance: 5pt, role: guard}]",
        "canary: {shares: []}",
        "xyzzy: 5",
    ],
)
def test_the_schema_rejects_what_is_rejected(tmp_path: Path, text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), json_schema(), jsonschema.Draft202012Validator)
    wrong(text, tmp_path)
