"""The pages without script, of a rollout and of what the sanitizer did, in a real Chromium."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import AXE, Seen, a_browser, needs_chromium
from report_builders import HOSTILE, a_rollout_page, a_sanitizing

from llmci.adapters.reporters import privacy, rollout
from llmci.core.reporting.privacy import privacy_view

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser
    from pytest_httpserver import HTTPServer

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


def rendered(kind: str, said: str) -> bytes:
    if kind == "rollout":
        return rollout.rendered(a_rollout_page(said))
    view = privacy_view(a_sanitizing(said))
    assert view is not None
    return privacy.rendered(said, view)


@pytest.mark.parametrize("kind", ["rollout", "privacy"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_barrier_and_nothing_overflows(
    browser: Browser, tmp_path: Path, kind: str, scheme: Any, width: int
) -> None:
    (tmp_path / "page.html").write_bytes(rendered(kind, "checkout"))
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.goto((tmp_path / "page.html").as_uri())

    found = Axe().run(page, options=AXE)

    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found.response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    context.close()


@pytest.mark.parametrize("kind", ["rollout", "privacy"])
@pytest.mark.parametrize("host", ["file", "http", "sandbox", "bare"])
def test_hostile_text_stays_text(
    browser: Browser, tmp_path: Path, httpserver: HTTPServer, kind: str, host: str
) -> None:
    document = rendered(kind, " ".join(HOSTILE))
    (tmp_path / "page.html").write_bytes(document)
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'; img-src 'self'; style-src 'self'"}
    httpserver.expect_request("/page.html").respond_with_data(
        document, content_type="text/html", headers=headers if host == "bare" else {}
    )
    frame = '<!doctype html><link rel="icon" href="data:,"><iframe sandbox="allow-scripts" src="/page.html"></iframe>'
    httpserver.expect_request("/frame.html").respond_with_data(frame, content_type="text/html")
    address = {"file": (tmp_path / "page.html").as_uri(), "sandbox": httpserver.url_for("/frame.html")}.get(
        host, httpserver.url_for("/page.html")
    )
    seen = Seen()
    page = seen.page(browser)

    page.goto(address)

    shown: Any = page.frames[1] if host == "sandbox" else page
    assert shown.locator("h1").is_visible()
    assert [url for url in seen.requests if not url.startswith((address, httpserver.url_for("/page.html")))] == []
    if host != "bare":
        # The sandbox of a bare host runs no script, not even ours.
        assert shown.evaluate("window.pwned") is None
        assert shown.evaluate("document.querySelectorAll('script, iframe, img, main style').length") == 0
        assert not seen.complaints
    page.context.close()
