"""No text changes the structure of the HTML report: fuzzed, with the parser that is at hand."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from report_builders import HOSTILE, a_report, a_result

from llmci.adapters.reporters.html import HtmlReporter

DATA = {"script", "style"}


class Structure(HTMLParser):
    """Tags with the names of their attributes, and the text between them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.text = ""
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in DATA:
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.tags.append(("comment", ()))


def structure(text: str) -> Structure:
    parsed = Structure()
    result = a_result(headline=text, because=(text,), notes=(text,))
    parsed.feed(
        HtmlReporter().render(a_report(6, texts=(text, "plain"), languages=(text, "fr"), result=result)).decode()
    )
    return parsed


HARMLESS = [tag for tag in structure("harmless").tags if tag[0] not in ("ins", "del")]
harm = st.lists(st.sampled_from([*HOSTILE, "<", ">", '"', "'", "&", "/", "=", "`", "\0"]), min_size=1, max_size=4)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(harm.map("".join), st.text(min_size=1)))
def test_no_text_adds_a_tag_or_an_attribute(text: str) -> None:
    if not text.strip():
        text = "blank"

    # Differing answers are compared word by word; marks of changes are the one thing that varies.
    tags = [tag for tag in structure(text).tags if tag[0] not in ("ins", "del")]

    assert tags == HARMLESS
