"""A promptfoo configuration becomes ours, and what has no counterpart is named."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmci.core.promptfoo.convert import Imported, convert


def an_import(**given: Any) -> Imported:
    defaults = {"prompts": ["{{question}}"], "providers": ["openai:gpt-4o-mini"]}
    return convert({**defaults, **given}, cases_file="cases.jsonl")


def a_test(*asserts: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"vars": {"question": "Where is my parcel?"}, "assert": list(asserts), **rest}


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai:gpt-4o-mini", "openai/gpt-4o-mini"),
        ("openai:chat:gpt-4o-mini", "openai/gpt-4o-mini"),
        ("anthropic:messages:claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
        ("azure:chat:my-deployment", "azure/my-deployment"),
        ("bedrock:anthropic.claude-v2:1", "bedrock/anthropic.claude-v2:1"),
        ("ollama:chat:llama3:8b", "ollama_chat/llama3:8b"),
        ("openrouter:meta/llama-3", "openrouter/meta/llama-3"),
        ("google:gemini-2.5-pro", "gemini/gemini-2.5-pro"),
    ],
)
def test_a_provider_of_a_model_becomes_a_system(provider: str, model: str) -> None:
    [system] = an_import(providers=[provider]).config["systems"].values()

    assert system == {"kind": "litellm", "model": model}


def test_a_providers_settings_come_along_and_the_unknown_is_named() -> None:
    config = {"temperature": 0, "apiBaseUrl": "http://127.0.0.1/v1", "apiKeyEnvar": "MY_KEY", "passthrough": {"a": 1}}

    found = an_import(providers=[{"id": "openai:gpt-4o", "label": "Big one", "config": config, "delay": 100}])

    assert found.config["systems"] == {
        "big-one": {
            "kind": "litellm",
            "model": "openai/gpt-4o",
            "params": {"temperature": 0},
            "base_url": "http://127.0.0.1/v1",
            "api_key_env": "MY_KEY",
        }
    }
    assert [item.split(":")[0] for item in found.unmapped] == ["providers[0].config.passthrough", "providers[0].delay"]


def test_a_service_becomes_a_system() -> None:
    config = {
        "method": "POST",
        "headers": {"authorization": "Bearer {{env.TOKEN}}"},
        "body": {"q": "{{prompt}}"},
        "transformResponse": "json.choices[0].message.content",
    }

    found = an_import(providers=[{"id": "http://127.0.0.1/chat", "label": "app", "config": config}])

    assert found.unmapped == ()
    assert found.config["systems"]["app"] == {
        "kind": "http",
        "url": "http://127.0.0.1/chat",
        "method": "POST",
        "headers": {"authorization": "Bearer ${TOKEN}"},
        "body": {"q": "{{question}}"},
        "answer": "choices[0].message.content",
    }


@pytest.mark.parametrize(
    "provider",
    [
        "file://provider.js",
        "exec: python answer.py",
        "echo",
        {"id": "https", "config": {"transformResponse": "json.a"}},
        {"id": "http://127.0.0.1", "config": {"transformResponse": "(json) => json.a"}},
        {"id": "http://127.0.0.1", "config": {"body": "text", "transformResponse": "json.a"}},
    ],
)
def test_a_provider_without_a_counterpart_is_named(provider: Any) -> None:
    found = an_import(providers=[provider])

    assert "systems" not in found.config
    assert found.unmapped[0].startswith("providers[0]: ")


def test_the_first_two_systems_are_baseline_and_candidate() -> None:
    found = an_import(providers=["openai:gpt-4o", {"openai:gpt-4o-mini": {"label": "mini"}}, "openai:o3"])

    assert found.config["bench"] == {"baseline": "openai-gpt-4o", "candidate": "mini"}
    assert len(found.config["systems"]) == 3


def test_prompts_over_one_variable_belong_to_the_systems_and_the_case_brings_the_question() -> None:
    chat = '[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{ q }}"}]'

    found = an_import(prompts=["Answer: {{q}}", {"label": "chat", "raw": chat}], tests=[{"vars": {"q": "Where?"}}])

    assert found.prompts == {"prompts/prompt-1.j2": "Answer: {{ question }}", "prompts/chat.j2": "Be brief."}
    systems = found.config["systems"]
    assert [(s["prompt"], s["prompt_role"]) for s in systems.values()] == [
        ("prompts/prompt-1.j2", "user"),
        ("prompts/chat.j2", "system"),
    ]
    assert found.cases[0]["messages"] == [{"role": "user", "content": "Where?"}]
    assert found.unmapped == ()


def test_a_prompt_over_several_variables_is_filled_into_the_cases() -> None:
    found = an_import(prompts=["{{who}} asks: {{what}}"], tests=[{"vars": {"who": "Ann", "what": "Where?"}}])

    assert found.cases[0]["messages"] == [{"role": "user", "content": "Ann asks: Where?"}]
    assert found.prompts == {}
    assert found.unmapped == ()


def test_further_prompts_over_several_variables_are_named() -> None:
    found = an_import(prompts=["{{a}} {{b}}", "{{b}}, {{a}}"])

    assert found.unmapped[0].startswith("prompts: ")


@pytest.mark.parametrize(
    "prompt", ["{% if a %}x{% endif %}", "{{ a | upper }}", "file://prompt.py", "file://p.js:make"]
)
def test_a_prompt_that_is_more_than_text_is_named(prompt: str) -> None:
    assert an_import(prompts=[prompt]).unmapped[0].startswith("prompts[0]: ")


@pytest.mark.parametrize(
    ("kind", "value", "right", "wrong"),
    [
        ("contains", "Lyon", "In Lyon.", "In lyon."),
        ("icontains", "lyon", "In LYON.", "In Nice."),
        ("contains-all", ["a", "b"], "b a", "a"),
        ("contains-any", ["a", "b"], "b", "c"),
        ("regex", "^In", "In Lyon", "Lyon"),
        ("starts-with", "In (", "In (Lyon)", "At (Lyon)"),
        ("not-contains", "a.b", "aXb", "1 a.b"),
        ("not-icontains", "lyon", "Nice", "x\nLYON"),
        ("not-contains-any", ["a", "b"], "c", "xb"),
        ("not-regex", r"\d", "none", "one 1"),
        ("not-equals", "a.b", "a.b!", "a.b"),
    ],
)
def test_an_assertion_judges_as_it_did(kind: str, value: Any, right: str, wrong: str) -> None:
    found = an_import(tests=[a_test({"type": kind, "value": value})])

    [case], scorer = found.cases, found.config["scorers"][kind]
    expected = case["expectations"][scorer["expectation"]]
    assert found.unmapped == ()
    assert judged(scorer, expected, right)
    assert not judged(scorer, expected, wrong)


def judged(scorer: dict[str, Any], expected: list[str], answer: str) -> bool:
    """What the scorer says, as its own page says it."""
    ignore_case = scorer.get("ignore_case", False)
    if scorer["kind"] == "regex":
        flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
        return all(re.search(pattern, answer, flags) for pattern in expected)
    fold = str.casefold if ignore_case else str
    found = [fold(text) in fold(answer) for text in expected]
    return any(found) if scorer.get("need") == "any" else all(found)


def test_equals_is_the_reference_and_a_second_one_is_named() -> None:
    found = an_import(tests=[a_test({"type": "equals", "value": "Lyon"}, {"type": "equals", "value": "Nice"})])

    assert found.cases[0]["reference"] == "Lyon"
    assert found.config["scorers"] == {"equals": {"kind": "exact"}}
    assert found.config["gates"] == [{"metric": "equals", "tolerance": "5pt"}]
    assert [item.split(":")[0] for item in found.unmapped] == ["tests[0].assert[1]"]


@pytest.mark.parametrize(
    ("given", "scorers", "case"),
    [
        (
            [{"type": "levenshtein", "value": "Lyon", "threshold": 2}],
            {"levenshtein-2": {"kind": "levenshtein", "at_most": 2}},
            {"reference": "Lyon"},
        ),
        (
            [{"type": "not-is-refusal"}],
            {"refusal": {"kind": "refusal", "expectation": "is-refusal"}},
            {"expectations": {"is-refusal": False}},
        ),
        (
            [{"type": "tool-call-f1", "value": ["find", "book"]}],
            {
                "tool-call-f1": {
                    "kind": "tool-calls",
                    "compare": "f1",
                    "arguments": False,
                    "expectation": "tool-call-f1",
                }
            },
            {"expectations": {"tool-call-f1": ["find", "book"]}},
        ),
        (
            [{"type": "factuality", "value": "It is in Lyon."}],
            {"factuality": {"kind": "factuality", "model": "openai/gpt-4o", "scale": "binary"}},
            {"reference": "It is in Lyon."},
        ),
        (
            [{"type": "model-graded-closedqa", "value": "Names a city."}],
            {"rubric": {"kind": "judge", "model": "openai/gpt-4o", "scale": "binary"}},
            {"rubric": "Names a city."},
        ),
    ],
)
def test_assertions_that_have_a_scorer_of_their_own(
    given: list[dict[str, Any]], scorers: dict[str, Any], case: dict[str, Any]
) -> None:
    found = an_import(tests=[a_test(*given)], defaultTest={"options": {"provider": "openai:gpt-4o"}})

    assert found.config["scorers"] == scorers
    assert case.items() <= found.cases[0].items()
    assert found.unmapped == ()
    # Nobody has checked the judge yet.
    watched = [gate.get("role") == "watch" for gate in found.config["gates"]]
    assert watched == ["model" in block for block in scorers.values()]


def test_a_demand_for_json_from_every_answer_is_a_scorer() -> None:
    shape = {"type": "object"}

    found = an_import(defaultTest={"assert": [{"type": "is-json", "value": shape}]}, tests=[a_test()])

    assert found.config["scorers"] == {"is-json": {"kind": "json-schema", "schema": shape}}
    assert found.unmapped == ()


def test_a_rubric_needs_a_judge_that_the_file_names() -> None:
    rubric = {"type": "llm-rubric", "value": "Names a city."}

    without = an_import(tests=[a_test(rubric)])
    with_judge = an_import(tests=[a_test(rubric)], defaultTest={"options": {"provider": "openai:gpt-4o"}})

    assert "name the judge" in without.unmapped[0]
    assert with_judge.unmapped == ()
    assert with_judge.config["scorers"]["rubric"] == {"kind": "judge", "model": "openai/gpt-4o", "scale": "binary"}
    assert with_judge.cases[0]["rubric"] == "Names a city."


def test_what_holds_for_every_test_is_in_every_case() -> None:
    default = {
        "vars": {"city": "Lyon"},
        "assert": [{"type": "contains", "value": "{{city}}"}],
        "metadata": {"app": "x"},
    }

    found = an_import(defaultTest=default, tests=[a_test(), a_test(vars={"question": "?", "city": "Nice"})])

    assert [case["expectations"]["contains"] for case in found.cases] == [["Lyon"], ["Nice"]]
    assert [case["slices"] for case in found.cases] == [{"app": "x"}, {"app": "x"}]


def test_keys_of_cases_are_their_descriptions_and_differ() -> None:
    found = an_import(tests=[a_test(description="parcel"), a_test(description="parcel"), a_test()])

    assert [case["key"] for case in found.cases] == ["parcel", "parcel (2)", "test-3"]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"scenarios": [{"config": []}]}, "scenarios"),
        ({"extensions": ["file://hook.py:run"]}, "extensions"),
        ({"env": {"A": "b"}}, "env"),
        ({"evaluateOptions": {"delay": 5}}, "evaluateOptions.delay"),
        ({"defaultTest": {"options": {"transform": "x"}}}, "defaultTest.options.transform"),
        ({"tests": [a_test(threshold=0.5)]}, "tests[0].threshold"),
        ({"tests": [a_test(options={"transform": "x"})]}, "tests[0].options"),
        ({"tests": ["file://tests.py"]}, "tests[0]"),
        ({"tests": [{"vars": {"question": ["a", "b"]}}]}, "tests[0].vars.question"),
        ({"tests": [{"vars": {"question": "file://long.txt"}}]}, "tests[0].vars.question"),
        ({"tests": [a_test({"type": "contains", "value": "a", "weight": 3})]}, "tests[0].assert[0].weight"),
        ({"tests": [a_test({"type": "contains", "value": "a", "transform": "x"})]}, "tests[0].assert[0].transform"),
        ({"tests": [a_test({"type": "latency", "threshold": 500})]}, "tests[0].assert[0].threshold"),
        ({"tests": [a_test({"type": "javascript", "value": "true"})]}, "tests[0].assert[0]"),
        ({"tests": [a_test({"type": "rouge-n", "value": "a"})]}, "tests[0].assert[0]"),
        ({"tests": [a_test({"type": "regex", "value": "(?<a>x)"})]}, "tests[0].assert[0]"),
        ({"tests": [a_test({"type": "assert-set", "threshold": 1, "assert": []})]}, "tests[0].assert[0]"),
        ({"tests": [a_test({"type": "is-json"})]}, "tests[0].assert[0]"),
        ({"tests": [a_test({"value": "a"})]}, "tests[0].assert[0]"),
        (
            {"tests": [a_test({"type": "contains-any", "value": ["a"]}, {"type": "contains-any", "value": ["b"]})]},
            "tests[0].assert[1]",
        ),
    ],
)
def test_nothing_is_dropped_in_silence(given: dict[str, Any], place: str) -> None:
    assert [item.split(": ")[0] for item in an_import(**given).unmapped] == [place]


def test_an_assert_set_without_a_threshold_is_its_assertions() -> None:
    inner = [{"type": "contains", "value": "a"}, {"type": "equals", "value": "b"}]

    found = an_import(tests=[a_test({"type": "assert-set", "assert": inner})])

    assert found.cases[0]["expectations"] == {"contains": ["a"]}
    assert found.cases[0]["reference"] == "b"
    assert found.unmapped == ()


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = ["prompts", "providers", "tests", "defaultTest", "evaluateOptions", "scenarios"]


@given(st.dictionaries(st.sampled_from(KEYS), anything))
def test_no_file_makes_it_fail(values: dict[str, Any]) -> None:
    convert(values, cases_file="cases.jsonl")
