"""`llmci sanitize` in a shell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from builders import a_trace
from commands import llmci
from sanitize_project import KEY, a_project

if TYPE_CHECKING:
    from pathlib import Path

LEAKY = "My name is Torvald Lindqvist, mail torvald.l@corp.example, call 212-867-5309."


def test_it_tells_what_was_removed(tmp_path: Path) -> None:
    a_project(tmp_path, {"s": [a_trace(question=LEAKY)]})

    done = llmci("sanitize", "--quiet", cwd=tmp_path, environ=KEY)

    assert done.returncode == 0
    assert done.stdout.startswith("1 clean traces (1 shards sanitized, 0 unchanged)\n0 held back\nremoved: ")
    assert "EMAIL_ADDRESS 1" in done.stdout
    assert "Torvald" not in done.stdout + done.stderr


def test_it_prints_one_document(tmp_path: Path) -> None:
    a_project(tmp_path, {"s": [a_trace(question=LEAKY)]})

    done = llmci("sanitize", "--json", cwd=tmp_path, environ=KEY)

    document = json.loads(done.stdout)
    assert (document["traces"], document["quarantined"], document["counts"]["PERSON"]) == (1, 0, 1)


def test_too_many_held_back_leaves_with_five_and_writes_nothing(tmp_path: Path) -> None:
    a_project(tmp_path, {"s": [a_trace(question=LEAKY)]}, settings="  max_leaf_chars: 5\n")

    done = llmci("sanitize", "--json", cwd=tmp_path, environ=KEY)

    assert done.returncode == 5
    assert json.loads(done.stdout)["exit_code"] == 5
    assert not (tmp_path / ".llmci" / "clean").exists()


def test_it_explains_with_masked_shapes_and_writes_nothing(tmp_path: Path) -> None:
    a_project(tmp_path, {"s": [a_trace("t9", question=LEAKY)]}, settings="  policy: {PHONE_NUMBER: keep}\n")

    done = llmci("sanitize", "--explain", "t9", "--json", cwd=tmp_path, environ=KEY)

    found = {(f["kind"], f["shape"], f["action"]) for f in json.loads(done.stdout)["findings"]}
    assert ("PERSON", "Aaaaaaa Aaaaaaaaa", "surrogate") in found
    assert ("PHONE_NUMBER", "000-000-0000", "keep: by policy") in found
    assert "Torvald" not in done.stdout + done.stderr
    assert not (tmp_path / ".llmci" / "clean").exists()


def test_a_trace_that_is_not_there_cannot_be_explained(tmp_path: Path) -> None:
    a_project(tmp_path, {"s": [a_trace()]})

    assert llmci("sanitize", "--explain", "Torvald", cwd=tmp_path, environ=KEY).returncode == 2


def test_a_dry_run_names_the_shards(tmp_path: Path) -> None:
    a_project(tmp_path, {"a": [a_trace("t1")], "b": [a_trace("t2")]})

    done = llmci("sanitize", "--dry-run", cwd=tmp_path, environ=KEY)

    assert done.stdout == "sanitize a\nsanitize b\n"
    assert not (tmp_path / ".llmci" / "clean").exists()


def test_spans_only_finds_spans_with_the_memory_of_a_group(tmp_path: Path) -> None:
    a_project(tmp_path, {})
    lines = [
        {"id": 1, "text": "Ask qz81x7lmw", "group": "a"},
        {"id": 2, "text": '{"user_id": "qz81x7lmw", "dob": "1971-05-05"}', "group": "a"},
        {"id": 3, "text": "Ask qz81x7lmw", "group": "b"},
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    done = llmci("sanitize", "--spans-only", "in.jsonl", "-o", "out.jsonl", "--quiet", cwd=tmp_path, environ=KEY)

    assert done.returncode == 0, done.stderr
    first, second, third = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(s["start"], s["end"], s["type"]) for s in first["spans"]] == [(4, 13, "USER_ID")]
    assert [(s["start"], s["end"], s["type"]) for s in second["spans"]] == [
        (13, 22, "USER_ID"),
        (33, 43, "DATE_TIME"),
    ]
    assert third == {"id": 3, "spans": []}


def test_spans_only_needs_neither_a_project_nor_a_key_and_leaves_only_its_output(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"id": 1, "text": "Write to mia.li@corp.example"}\n')

    done = llmci("sanitize", "--spans-only", "in.jsonl", "-o", "out.jsonl", "--quiet", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert [s["type"] for s in json.loads((tmp_path / "out.jsonl").read_text())["spans"]] == ["EMAIL_ADDRESS"]
    assert {path.name for path in tmp_path.iterdir()} == {"in.jsonl", "out.jsonl"}


def test_spans_only_names_the_line_that_it_cannot_read_and_goes_on_with_the_rest(tmp_path: Path) -> None:
    a_project(tmp_path, {})
    (tmp_path / "in.jsonl").write_bytes(
        b'{"id": 1, "text": "a"}\n{"id": 2, "text": 5}\n\xff\n{"id": 4, "text": "dob: 1971-05-05"}\n'
    )

    done = llmci("sanitize", "--spans-only", "in.jsonl", "-o", "out.jsonl", cwd=tmp_path, environ=KEY)

    assert done.returncode == 2
    assert "2 of 4 lines cannot be read: in.jsonl:2: there is no text" in done.stderr
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(line["id"], line.get("error"), len(line["spans"])) for line in lines] == [
        (1, None, 0),
        (None, "there is no text", 0),
        (None, "not JSON", 0),
        (4, None, 1),
    ]


def test_spans_only_gives_a_name_with_its_titles_and_says_what_would_be_replaced(tmp_path: Path) -> None:
    a_project(tmp_path, {})
    text = "Ask Dr. Ngozi Adeyemi, MD about it, or Omar Haddad."
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": 1, "text": text}) + "\n")

    done = llmci("sanitize", "--spans-only", "in.jsonl", "-o", "out.jsonl", "--quiet", cwd=tmp_path, environ=KEY)

    assert done.returncode == 0, done.stderr
    spans = json.loads((tmp_path / "out.jsonl").read_text())["spans"]
    people = [(text[s["start"] : s["end"]], s.get("replaced")) for s in spans if s["type"] == "PERSON"]
    assert people == [("Dr. Ngozi Adeyemi, MD", [8, 21]), ("Omar Haddad", None)]


def test_a_locale_adds_what_its_language_knows(tmp_path: Path) -> None:
    a_project(tmp_path, {})
    (tmp_path / "in.jsonl").write_text(json.dumps({"id": 1, "text": "NHC: 4763954."}) + "\n")
    spans = ("sanitize", "--spans-only", "in.jsonl", "-o", "out.jsonl", "--quiet")

    done = llmci(*spans, "--locale", "es", cwd=tmp_path, environ=KEY)

    assert done.returncode == 0, done.stderr
    assert [s["type"] for s in json.loads((tmp_path / "out.jsonl").read_text())["spans"]] == ["ID"]


def test_a_locale_that_nothing_is_known_of_is_refused(tmp_path: Path) -> None:
    a_project(tmp_path, {})
    (tmp_path / "in.jsonl").write_text('{"id": 1, "text": "a"}\n')

    done = llmci("sanitize", "--spans-only", "in.jsonl", "-o", "o", "--locale", "xx", cwd=tmp_path, environ=KEY)

    assert done.returncode == 2
    assert "'xx'" in done.stderr


def test_it_explains_what_other_traces_of_the_session_told_and_shows_no_blob(tmp_path: Path) -> None:
    named = a_trace("t1", question=LEAKY, session_id="s1")
    asked = a_trace("t2", question="ask lindqvist_77 and TORVALD LINDQVIST", session_id="s1")
    picture = {"type": "image", "uri": f"blob:sha256/{'ab' * 32}", "sha256": "ab" * 32}
    asked["input"]["messages"][0]["parts"].append(
        {**asked["input"]["messages"][0]["parts"][0], "text": None, **picture}
    )
    a_project(tmp_path, {"s": [named, asked]})

    done = llmci("sanitize", "--explain", "t2", "--json", cwd=tmp_path, environ=KEY)

    found = json.loads(done.stdout)["findings"]
    assert {"AAAAAAA AAAAAAAAA"} <= {f["shape"] for f in found if f["kind"] == "PERSON"}
    assert "blob" not in done.stdout
    assert not any("uri" in f["path"] for f in found)


def test_a_page_shows_what_was_done_and_no_value(tmp_path: Path) -> None:
    a_project(tmp_path, {"s": [a_trace(question=LEAKY)]}, settings="  canaries: 3\n")
    before = llmci("report", "sanitize", cwd=tmp_path)
    llmci("sanitize", "--quiet", cwd=tmp_path, environ=KEY)

    done = llmci("report", "sanitize", "-o", "out/privacy.html", cwd=tmp_path)

    assert (before.returncode, done.returncode) == (2, 0)
    assert "Run `llmci sanitize` first" in before.stderr
    assert done.stdout.startswith("1 trace is clean: ")
    page = (tmp_path / "out" / "privacy.html").read_text()
    assert "3 of 3; at least " in page
    assert "Policy and engines" in page
    assert not any(value in page for value in ("Torvald", "torvald.l", "867"))


def test_what_was_sanitized_has_no_other_format(tmp_path: Path) -> None:
    a_project(tmp_path, {"s": [a_trace(question=LEAKY)]})

    done = llmci("report", "sanitize", "-o", "privacy.xml", cwd=tmp_path)

    assert done.returncode == 2
    assert "written as .html" in done.stderr
