"""The HTML report as people meet it: in a real Chromium, over file://, http, in a sandbox, and without script."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import AXE, Seen, a_browser, needs_chromium
from playwright.sync_api import expect
from report_builders import HOSTILE, RULE, a_full_report, a_hostile_report, a_report, a_result, a_verdict, random_harm

from llmci.adapters.reporters.html import HtmlReporter
from llmci.core.evalsets.exchange import cases_of, rows_of
from llmci.core.reporting.compose import view_of
from llmci.core.reporting.view import Change
from llmci.domain.run import Scored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page
    from pytest_httpserver import HTTPServer

pytestmark = needs_chromium
SIZE = 250


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(HtmlReporter().render(a_full_report(a_report(SIZE))))
    return path.as_uri()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    opened = opened_page(browser, address)
    yield opened
    opened.context.close()


def opened_page(browser: Browser, address: str, seen: Seen | None = None, **context: Any) -> Page:
    page = (seen or Seen()).page(browser, **context)
    page.goto(address)
    if context.get("java_script_enabled", True):
        page.wait_for_selector("html[data-ready]")
    return page


def found(page: Page) -> str:
    return page.locator("#found").inner_text()


def worse() -> int:
    return view_of(a_report(SIZE)).count(Change.REGRESSED)


def test_it_opens_from_a_file_and_lists_every_case(page: Page) -> None:
    assert found(page) == f"{SIZE} of {SIZE} cases"
    assert page.locator("h1").inner_text().endswith("fell by about 7.1 points (at least 2.1, 95 % sure)")
    assert page.locator("#list [role=option]").count() < 40


def test_filters_narrow_the_list_and_go_into_the_address(page: Page) -> None:
    page.select_option("#f-change", label="▼ worse")
    assert found(page) == f"{worse()} of {SIZE} cases"

    page.select_option("#f-slice", label="telecom")

    assert page.evaluate("location.hash") == "#v=worse&slice=app~telecom"
    assert all("app: telecom" in text for text in page.locator("#list .meta").all_inner_texts())


def test_the_text_filter_searches_the_texts_of_all_cases(page: Page) -> None:
    report = a_report(SIZE)
    words = next(a.text for a in report.candidate.answers if getattr(a, "text", "").count("instead") > 3)

    page.fill("#f-text", words)

    expect(page.locator("#found")).to_have_text(f"1 of {SIZE} cases")


def test_a_score_can_be_chosen_to_say_what_got_better(page: Page) -> None:
    page.select_option("#f-scorer", "similarity")
    page.select_option("#f-change", label="▲ better")

    values = page.locator("#list .meta").first.inner_text().split(" · ")[0].removeprefix("similarity ").split(" → ")
    assert float(values[0]) < float(values[1])


def test_a_row_shows_the_score_that_says_why_a_case_got_worse(browser: Browser, tmp_path: Path) -> None:
    report = a_report(6, result=a_result(verdicts=(a_verdict(), a_verdict(rule=replace(RULE, metric="similarity")))))
    scores = tuple(
        replace(score, value=1.0 if score.metric == "correct" or run is report.baseline else 0.25)
        for run in (report.baseline, report.candidate)
        for score in run.scores
        if isinstance(score, Scored)
    )
    half = len(scores) // 2
    report = replace(
        report,
        baseline=replace(report.baseline, scores=scores[:half]),
        candidate=replace(report.candidate, scores=scores[half:]),
    )
    (tmp_path / "report.html").write_bytes(HtmlReporter().render(report))

    page = opened_page(browser, (tmp_path / "report.html").as_uri())

    assert page.locator("#list .meta").first.inner_text().startswith("similarity 1 → 0.25 · ")


def test_clearing_brings_all_cases_back(page: Page) -> None:
    page.select_option("#f-change", label="▼ worse")

    page.click("text=Clear")

    expect(page.locator("#found")).to_have_text(f"{SIZE} of {SIZE} cases")


def test_a_case_opens_with_both_answers_and_what_changed_in_them(page: Page) -> None:
    view = view_of(a_report(SIZE))
    case = view.whole(view.cases[0])
    before, after = case.tries[0].baseline, case.tries[0].candidate
    assert before is not None
    assert after is not None

    page.locator("#list [role=option]").first.click()

    boxes = page.locator("#detail .sides .text")
    page.wait_for_selector("#detail ins")
    assert (boxes.nth(0).text_content(), boxes.nth(1).text_content()) == (before.text, after.text)
    assert set(" ".join(page.locator("#detail ins").all_inner_texts()).split()) == {"instead"}
    assert page.locator("#detail del").count() > 0


def test_a_case_tells_what_it_scored_in_earlier_runs(page: Page) -> None:
    page.locator("#list [role=option]").first.click()

    history = page.locator("#detail details", has_text="In earlier runs")
    history.locator("summary").click()

    assert history.locator("tbody tr").count() == 10
    assert history.locator("tbody tr").first.inner_text().split("\t")[:2] == ["2026-01-01 00:00 UTC", "app"]


def test_a_deep_link_opens_its_case(browser: Browser, address: str) -> None:
    case = view_of(a_report(SIZE)).cases[-1]

    page = opened_page(browser, f"{address}#case-{case.case_id}")

    page.wait_for_selector("#detail h3")
    assert case.case_id in page.locator("#detail").inner_text()
    assert page.locator("#detail").is_visible()


def test_a_filtered_view_can_be_shared(browser: Browser, address: str) -> None:
    page = opened_page(browser, f"{address}#v=worse&slice=app~telecom&q=question")

    assert page.input_value("#f-change") == "worse"
    assert page.input_value("#f-text") == "question"
    assert 0 < int(found(page).split()[0]) < worse()


def test_broken_links_show_the_report_all_the_same(browser: Browser, address: str) -> None:
    seen = Seen()
    page = opened_page(browser, f"{address}#case-%E0%A4%A", seen)

    for part in ("#case-nobody", "#v=nothing", "#slice=%", "#&&==&", "#q=%00", "#"):
        page.evaluate("part => { location.hash = part; }", part)
        page.wait_for_timeout(30)

    assert page.locator("#list").is_visible()
    assert not seen.complaints


def test_the_keyboard_goes_everywhere(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail h3")
    assert page.locator("[aria-selected=true]").get_attribute("aria-posinset") == "1"
    assert page.evaluate("document.activeElement.id") == "detail"

    page.keyboard.press("Escape")
    page.keyboard.press("End")
    assert page.locator("[aria-selected=true]").get_attribute("aria-posinset") == str(SIZE)

    page.keyboard.press("f")
    page.keyboard.type("jk?")
    assert page.input_value("#f-text") == "jk?"

    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()


def test_single_keys_can_be_turned_off(page: Page) -> None:
    page.click("#keys")
    page.uncheck("#keys-on")
    page.click("#help-close")

    page.keyboard.press("j")

    assert page.locator("[aria-selected=true]").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_colours_of_the_system(browser: Browser, address: str, scheme: Any) -> None:
    page = opened_page(browser, address, color_scheme=scheme)

    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")

    assert (sum(json.loads(ground.replace("rgb(", "[").replace(")", "]"))) < 200) is (scheme == "dark")


def test_it_fits_a_telephone(browser: Browser, address: str) -> None:
    page = opened_page(browser, address, viewport={"width": 360, "height": 780})
    page.locator("#list [role=option]").first.click()
    page.wait_for_selector("#detail h3")

    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert 0 <= page.locator("#detail").bounding_box()["y"] < 700


def test_it_prints_the_static_part_with_its_cases_open(page: Page) -> None:
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")

    assert not page.locator("#explorer").is_visible()
    assert page.locator("details.case del").first.is_visible()

    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0
    assert len(page.pdf()) > 10_000


# Walks down the list by key, and waits for each case to open.
OPEN_EACH = """async kinds => {
  const list = document.getElementById("list"), detail = document.getElementById("detail");
  const press = key => list.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  for (let at = 0; at < kinds; at++) {
    const before = detail.firstChild;
    press("j");
    press("Enter");
    while (detail.firstChild === before) await new Promise(done => setTimeout(done, 1));
  }
}"""
# Every element there is, with the names of its attributes.
KINDS = """[...document.querySelectorAll("*")].map(node =>
  `${node.localName} ${[...node.attributes].map(attribute => attribute.name).sort().join(" ")}`)"""
HOSTS = ("file", "http", "sandbox", "bare")


@pytest.mark.parametrize("host", HOSTS)
def test_hostile_text_stays_text(browser: Browser, tmp_path: Path, httpserver: HTTPServer, host: str) -> None:
    seen = Seen()
    document = HtmlReporter().render(a_hostile_report())
    (tmp_path / "report.html").write_bytes(document)
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"}
    httpserver.expect_request("/report.html").respond_with_data(
        document, content_type="text/html", headers=headers if host == "bare" else {}
    )
    frame = '<!doctype html><link rel="icon" href="data:,"><iframe sandbox="allow-scripts" src="/report.html"></iframe>'
    httpserver.expect_request("/frame.html").respond_with_data(frame, content_type="text/html")
    address = {
        "file": (tmp_path / "report.html").as_uri(),
        "sandbox": httpserver.url_for("/frame.html"),
    }.get(host, httpserver.url_for("/report.html"))

    if host == "sandbox":
        page = browser.new_page()
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("console", lambda message: seen.complaints.append(message.text))
        page.goto(address)
        shown: Any = page.frames[1]
        shown.wait_for_selector("html[data-ready]")
    else:
        shown = page = opened_page(browser, address, seen, java_script_enabled=host != "bare")
    if host != "bare":
        open_every_kind_of_case(shown, len(HOSTILE))
        assert shown.evaluate("window.pwned") is None
        assert (
            shown.evaluate("document.querySelectorAll('#list, main img, main iframe, main script, main style').length")
            == 1
        )
        assert not seen.complaints
    assert shown.locator("h1").is_visible()
    assert shown.locator("details.case").count() > 0
    assert [url for url in seen.requests if not url.startswith((address, httpserver.url_for("/report.html")))] == []
    page.context.close()


def open_every_kind_of_case(page: Any, kinds: int) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(node => { node.open = true; })")
    total = int(page.locator("#found").inner_text().split()[0])
    assert total == 3 * kinds
    page.evaluate(OPEN_EACH, kinds)


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 60))])
def test_random_harm_makes_no_element_no_attribute_and_no_request(browser: Browser, tmp_path: Path, seed: int) -> None:
    seen, harm = Seen(), random_harm(seed)
    tame, wild = tmp_path / "tame.html", tmp_path / "wild.html"
    tame.write_bytes(HtmlReporter().render(a_hostile_report(tuple(f"text {at}" for at in range(len(harm))))))
    wild.write_bytes(HtmlReporter().render(a_hostile_report(harm)))

    kinds = []
    for path in (tame, wild):
        page = opened_page(browser, path.as_uri(), seen)
        open_every_kind_of_case(page, len(harm))
        kinds.append(set(page.evaluate(KINDS)))
        assert page.evaluate("window.pwned") is None
        page.context.close()

    assert kinds[1] <= kinds[0]
    assert not seen.complaints
    assert [url for url in seen.requests if not url.startswith((tame.as_uri(), wild.as_uri(), "data:,"))] == []


def test_what_hides_in_a_text_is_shown(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_bytes(HtmlReporter().render(a_report(6, texts=("a\u202eb\x1b[2Jc\x00",))))
    page = opened_page(browser, (tmp_path / "report.html").as_uri())

    page.locator("#list [role=option]").first.click()

    page.wait_for_selector("#detail .text")
    assert page.locator("#detail .sides .text").first.text_content() == r"a\u202eb\x1b[2Jc\x00"


def test_a_ten_megabyte_answer_opens(browser: Browser, tmp_path: Path) -> None:
    texts = ("word " * 2_000_000, "other " * 2_000_000, "word other " * 900_000)
    (tmp_path / "report.html").write_bytes(HtmlReporter().render(a_report(6, texts=texts)))
    page = opened_page(browser, (tmp_path / "report.html").as_uri())

    page.locator("#list [role=option]").first.click()

    page.wait_for_selector("#detail .text")
    assert "more characters]" in page.locator("#detail").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_barrier(browser: Browser, tmp_path: Path, scheme: Any, width: int) -> None:
    # Few cases have every part that many have, and axe looks at each of them.
    (tmp_path / "report.html").write_bytes(HtmlReporter().render(a_full_report(a_report(24))))
    # The page's own policy lets no other script in: axe comes through the debugger.
    page = opened_page(
        browser,
        (tmp_path / "report.html").as_uri(),
        color_scheme=scheme,
        viewport={"width": width, "height": 900},
        bypass_csp=True,
    )
    page.locator("#list [role=option]").first.click()
    page.wait_for_selector("#detail ins")
    page.evaluate("document.querySelectorAll('details').forEach(node => { node.open = true; })")

    found = Axe().run(page, options=AXE)

    assert len(found.response["passes"]) > 20
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found.response["violations"]] == []


def test_a_case_is_copied_as_yaml_that_can_be_imported(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_bytes(HtmlReporter().render(a_hostile_report()))
    page = opened_page(browser, (tmp_path / "report.html").as_uri(), permissions=["clipboard-read", "clipboard-write"])
    page.locator("#list [role=option]").first.click()
    page.click("text=As YAML")

    page.click("text=Copy")

    expect(page.locator("#detail [role=status]")).to_have_text(" copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    cases, rejected = cases_of(rows_of(copied.encode(), ".yaml", "copied"))
    view = view_of(a_hostile_report())
    case = view.whole(view.cases[0])
    assert not rejected
    assert cases[0].key == case.case_id
    assert cases[0].messages[0].parts[0].text == case.turns[0].pieces[0][1]
