"""The comment on a pull request, made from nothing but reports in JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from markdown_it import MarkdownIt
from report_builders import HOSTILE, a_difference, a_hostile_report, a_report, a_result, a_verdict

from llmci.adapters.reporters.json import JsonReporter
from llmci.core.reporting.comment import About, stopped_comment, verdict_comment
from llmci.core.reporting.markup import MOST_CHARS, document
from llmci.core.reporting.reread import Reread, reread
from llmci.domain.place import Place
from llmci.domain.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markdown_it.token import Token

    from llmci.seams import ReportInput

ABOUT = About(commit="a" * 40, report="https://forge.example/report", run="https://forge.example/run")


def stored(report: ReportInput) -> Reread:
    return reread(json.loads(JsonReporter().render(report)))


def a_stored_result(outcome: Outcome = Outcome.REGRESSED, **changes: Any) -> Reread:
    report = a_report(30, result=a_result(outcome, **changes))
    return stored(replace(report, changed=(Place(path="prompts/new.j2", line=2, what="prompt"),)))


def commented(*results: Reread, about: About = ABOUT) -> str:
    return verdict_comment("shop", {f"leg-{number}": result for number, result in enumerate(results)}, about)


def test_one_look_tells_what_changed() -> None:
    assert commented(a_stored_result()) == (
        """\
<!-- llmci:shop -->
> [!CAUTION]
> ❌ **regressed:** correct fell by about 7.1 points (at least 2.1, 95 % sure)

| gate | baseline | candidate | change (plausible range) | tolerance |  |
|---|---|---|---|---|---|
| correct | 86.1 % | 79.0 % | -7.1 pt (-12 … -2.1 pt) | -5 pt | ❌ regressed |

2 of 30 answers got better, 4 got worse. The answers cost $0.21 before and unknown now.
- correct: A drop of 5 pt would have been noticed 9 times in 10.

What changed: prompts/new.j2:2 (prompt).

**Where it got worse**

| worst slices | cases | better / worse | baseline | candidate | change (plausible range) |  |
|---|---|---|---|---|---|---|
| app: telecom | 120 | 4 / 13 | 86.1 % | 79.0 % | -7.1 pt (-12 … -2.1 pt) | ❌ regressed |
| app: airline | 40 | 5 / 9 | 86.1 % | 83.1 % | -3 pt (-9 … +4 pt) | ⚪ not enough evidence |

**New failures:** [<code>6051b3df13ae767f</code>](https://forge.example/report#case-6051b3df13ae767f), \
[<code>993f0a0d9d952c16</code>](https://forge.example/report#case-993f0a0d9d952c16), \
[<code>f48ebcc6f2c0aef1</code>](https://forge.example/report#case-f48ebcc6f2c0aef1), \
[<code>75b0d988a0107ad9</code>](https://forge.example/report#case-75b0d988a0107ad9)

<sub>candidate against baseline on main v1</sub>

<sub>[report](https://forge.example/report) · [run](https://forge.example/run) · commit aaaaaaaaaaaa</sub>
"""
    )


def test_texts_of_cases_are_never_in_it() -> None:
    report = a_report(30, texts=("SECRET",))

    assert "SECRET" not in commented(stored(report))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_said_in_the_first_line(outcome: Outcome) -> None:
    assert stored_word(outcome) in commented(a_stored_result(outcome, headline="so it is")).splitlines()[2]


def stored_word(outcome: Outcome) -> str:
    return a_stored_result(outcome).mark.word


def test_several_configurations_are_one_comment_with_the_worst_first() -> None:
    passed, unsure = a_stored_result(Outcome.PASSED, headline="fine"), a_stored_result(Outcome.INCONCLUSIVE)
    body = commented(passed, a_stored_result(), unsure, about=replace(ABOUT, report=None))

    assert body.startswith("<!-- llmci:shop -->\n> [!CAUTION]\n> ❌ **regressed:** 1 of 3 configurations\n")
    assert re.findall(r"<summary>. (leg-\d)", body) == ["leg-1", "leg-2", "leg-0"]
    assert body.count("<!-- llmci:") == 1


def test_what_a_fork_computed_is_called_its_word() -> None:
    assert "in its fork" in commented(a_stored_result(), about=replace(ABOUT, foreign=True))


@pytest.mark.parametrize(("code", "why"), [(2, "configuration"), (4, "no evidence"), (70, "bug"), (99, "bug")])
def test_a_run_without_a_verdict_takes_the_place_of_an_older_verdict(code: int, why: str) -> None:
    body = stopped_comment("shop", code, ABOUT)

    assert body.startswith(f"<!-- llmci:shop -->\n> [!WARNING]\n> ⛔ **llmci stopped with exit code {code}:**")
    assert why in body


@pytest.mark.parametrize("legs", [1, 60])
def test_a_huge_comment_fits_keeps_its_marker_and_ends_with_a_whole_row(legs: int) -> None:
    verdicts = tuple(a_verdict(because="because " * 100, slice=("app", f"<{n}>" * 30)) for n in range(200))
    gates = tuple(a_verdict(rule=replace(a_verdict().rule, metric=f"*{n}*" * 30)) for n in range(100))
    result = a_stored_result(verdicts=(*gates, *verdicts), headline="<" * 5000, because=("!" * 5000,) * 30)
    body = commented(*[result] * legs)

    assert len(body) <= MOST_CHARS
    assert body.startswith("<!-- llmci:shop -->\n> [!CAUTION]\n")
    assert body.count("<details>") == body.count("</details>")
    assert all(line.endswith("|") for line in body.splitlines() if line.startswith("|"))
    assert "Cut here" in body or "more in the report" in body


def test_a_paragraph_that_is_too_long_is_cut_by_whole_lines_and_the_foot_stands() -> None:
    long = "\n".join(f"- note {number}: {'word ' * 150}" for number in range(200))

    body = document(["<!-- first -->", long, "dropped"], "the rest is elsewhere", foot="foot")

    shown = [int(number) for number in re.findall(r"^- note (\d+): (?:word ){150}$", body, re.MULTILINE)]
    assert shown == list(range(len(shown)))
    assert 70 < len(shown) < 80
    assert len(body) <= MOST_CHARS
    assert body.endswith("\n\n_Cut here: the rest is elsewhere._\n\nfoot\n")
    assert "dropped" not in body


@pytest.mark.parametrize("opening", ["<details><summary>x</summary>", "```text", "| head |\n|---|"])
def test_what_would_have_to_be_closed_again_is_left_out_whole(opening: str) -> None:
    body = document(["first", f"{opening}\n{'x' * MOST_CHARS}"])

    assert body == "first\n\n_Cut here: the report holds the rest._\n"


def test_each_configuration_of_a_matrix_has_its_share_of_the_comment() -> None:
    notes = tuple(f"note {number}: {'word ' * 150}" for number in range(200))
    body = commented(*[a_stored_result(notes=notes)] * 5)

    assert body.count("<details>") == body.count("</details>") == 5
    assert len(body) <= MOST_CHARS


@pytest.mark.parametrize("place", ["headline", "because", "metric", "slice", "case", "system", "evalset", "what"])
@pytest.mark.parametrize("harm", [*HOSTILE, "a\n\n::error::b\n# c", "<!-- llmci:main -->\n> [!TIP]\n> passed"])
def test_a_report_made_elsewhere_is_text_and_nothing_else(place: str, harm: str) -> None:
    document = json.loads(JsonReporter().render(replace(a_report(30), changed=(Place(path="p", line=1, what="w"),))))
    document["headline" if place == "headline" else "name"] = harm
    document["because"] = [harm] if place == "because" else []
    if place == "metric":
        document["gates"][0]["metric"] = document["metrics"][0]["name"] = document["metrics"][0]["unit"] = harm
    if place == "slice":
        document["gates"][1]["slice"] = [harm, harm]
    if place == "case":
        document["cases"][0]["case_id"] = harm
    if place == "system":
        document["candidate"]["system"] = harm
    if place == "evalset":
        document["evalset"]["name"] = harm
    if place == "what":
        document["changed"] = [{"path": harm, "line": 1, "what": harm}]

    body = verdict_comment("shop", {"leg": reread(document)}, ABOUT)

    tokens = list(flat(MarkdownIt("commonmark").enable("table").parse(body)))
    assert {
        tag for token in tokens if token.type.startswith("html") for tag in re.findall(r"<[^>]*>", token.content)
    } <= {
        "<!-- llmci:shop -->",
        "<sub>",
        "</sub>",
        "<code>",
        "</code>",
    }
    assert {token.type for token in tokens}.isdisjoint({"image", "heading_open", "fence", "code_block", "hr"})
    assert all(
        str(token.attrs["href"]).startswith("https://forge.example/") for token in tokens if token.type == "link_open"
    )
    assert sum(token.type == "blockquote_open" for token in tokens) == 1
    assert not re.search(r"^::|##\[|@everyone|[#]1\b", body, re.MULTILINE)
    rows = [line for line in body.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} <= {7, 8}


def flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from flat(token.children or [])


def test_a_hostile_run_is_commented_on() -> None:
    assert len(commented(stored(a_hostile_report()))) <= MOST_CHARS


def test_what_json_cannot_say_is_an_open_end() -> None:
    open_ended = a_difference(low=float("-inf"), high=float("inf"), detectable=float("inf"))
    [row] = stored(a_report(9, result=a_result(verdicts=(a_verdict(difference=open_ended),)))).gates

    assert row.plausible == "-"
    assert "no drop would have been noticed" in row.noticed
