"""The share of traffic is read and written where the application looks, and nothing else there changes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
from builders import a_context

from llmci.adapters.rollouts.command import CommandRollout
from llmci.adapters.rollouts.flagd import FlagdRollout
from llmci.adapters.rollouts.json import JsonRollout
from llmci.adapters.rollouts.litellm import LiteLLMRollout
from llmci.domain.rollout import Exposure
from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def rollout(tmp_path: Path, **options: str) -> JsonRollout:
    return JsonRollout(JsonRollout.Options(path="flags.json", **options), a_context(tmp_path, "rollout"))


def test_a_new_share_leaves_the_rest_of_the_file_alone(tmp_path: Path) -> None:
    (tmp_path / "flags.json").write_text('{"other": 1, "bot": {"share": 0.05, "owner": "me"}}')
    flags = rollout(tmp_path, key="bot.share")

    flags.set_share(0.25)

    assert flags.share() == 0.25
    assert json.loads((tmp_path / "flags.json").read_text()) == {"other": 1, "bot": {"share": 0.25, "owner": "me"}}


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"share": "5%"}', '{"share": 5}', '{"share": true}'])
def test_a_share_that_cannot_be_read_is_named_with_the_file(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "flags.json").write_text(content)

    with pytest.raises(UsageError, match=r"flags\.json"):
        rollout(tmp_path).share()


def flagd(tmp_path: Path, **options: object) -> FlagdRollout:
    given = FlagdRollout.Options.model_validate({"path": "flags.json", "flag": "bot", **options})
    return FlagdRollout(given, a_context(tmp_path, "rollout"))


def test_a_new_flag_splits_by_user_and_leaves_the_others_alone(tmp_path: Path) -> None:
    (tmp_path / "flags.json").write_text('{"flags": {"other": {"state": "DISABLED"}}}')
    flags = flagd(tmp_path)

    flags.set_share(0.05)

    written = json.loads((tmp_path / "flags.json").read_text())["flags"]
    assert flags.share() == 0.05
    assert written["other"] == {"state": "DISABLED"}
    assert written["bot"]["targeting"]["fractional"][1:] == [["baseline", 9500], ["candidate", 500]]


def test_a_share_that_weights_cannot_hold_is_still_the_share_that_was_set(tmp_path: Path) -> None:
    (tmp_path / "flags.json").write_text('{"flags": {}}')
    flags = flagd(tmp_path)

    flags.set_share(1 / 3)

    assert flags.share() != 1 / 3
    assert Exposure(flags.share()).same(Exposure(1 / 3))
    assert not Exposure(0.05).same(Exposure(0.051))


def test_only_the_weights_of_a_flag_that_is_there_change(tmp_path: Path) -> None:
    split = {"fractional": [{"var": "tenant"}, ["candidate", 1], ["baseline", 3]]}
    targeting = {"if": [{"==": [{"var": "plan"}, "free"]}, split, "baseline"]}
    flag = {"state": "ENABLED", "variants": {"baseline": 1, "candidate": 2}, "defaultVariant": "baseline"}
    (tmp_path / "flags.json").write_text(json.dumps({"flags": {"bot": {**flag, "targeting": targeting}}}))
    flags = flagd(tmp_path)
    assert flags.share() == 0.25

    flags.set_share(0.5)

    split["fractional"][1:] = [["candidate", 5000], ["baseline", 5000]]
    assert json.loads((tmp_path / "flags.json").read_text()) == {"flags": {"bot": {**flag, "targeting": targeting}}}


def test_a_stage_for_a_segment_keeps_the_flag_s_own_rules_inside(tmp_path: Path) -> None:
    split = {"fractional": [["baseline", 9500], ["candidate", 500]]}
    own = {"if": [{"==": [{"var": "plan"}, "free"]}, split, "baseline"]}
    (tmp_path / "flags.json").write_text(json.dumps({"flags": {"bot": {"targeting": own}}}))
    flags = flagd(tmp_path, segment="team")

    def targeting() -> object:
        return json.loads((tmp_path / "flags.json").read_text())["flags"]["bot"]["targeting"]

    for only in (["internal"], ["internal", "staff"]):
        flags.set_share(0.05, only)

        assert (flags.share(), flags.only()) == (0.05, tuple(only))
        assert targeting() == {"if": [{"in": [{"var": "team"}, only]}, own, "baseline"]}
    flags.set_share(0.05)

    assert flags.only() == ()
    assert targeting() == own


def test_segments_are_kept_where_there_is_a_place_for_them(tmp_path: Path) -> None:
    (tmp_path / "flags.json").write_text('{"share": 0.05}')
    (tmp_path / "share").write_text("0.05")
    write = "import sys, pathlib; pathlib.Path('share').write_text(f'only={sys.argv[2]} {sys.argv[1]}')"
    command = [sys.executable, "-c", write, "{share}", "{only}"]
    options = CommandRollout.Options(get=["cat", "share"], set=command)
    for kept in (rollout(tmp_path, only_key="only"), CommandRollout(options, a_context(tmp_path, "rollout"))):
        assert kept.only() == ()
        kept.set_share(0.5, ["internal", "staff"])
        assert (kept.share(), kept.only()) == (0.5, ("internal", "staff"))
        kept.set_share(0.25)
        assert (kept.share(), kept.only()) == (0.25, ())


def test_segments_without_a_place_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "flags.json").write_text('{"share": 0.05, "flags": {}}')
    (tmp_path / "proxy.yaml").write_text(PROXY)
    options = CommandRollout.Options(get=["cat", "flags.json"], set=["false", "{share}"])
    before = (tmp_path / "flags.json").read_text()
    for kept in (
        rollout(tmp_path),
        flagd(tmp_path),
        proxy(tmp_path),
        CommandRollout(options, a_context(tmp_path, "rollout")),
    ):
        with pytest.raises(UsageError):
            kept.set_share(0.5, ["internal"])

    assert ((tmp_path / "flags.json").read_text(), (tmp_path / "proxy.yaml").read_text()) == (before, PROXY)


def test_a_flag_with_a_third_variant_is_not_touched(tmp_path: Path) -> None:
    split = {"fractional": [["baseline", 1], ["candidate", 1], ["other", 1]]}
    (tmp_path / "flags.json").write_text(json.dumps({"flags": {"bot": {"targeting": split}}}))

    with pytest.raises(UsageError, match="does not split between"):
        flagd(tmp_path).set_share(0.1)


PROXY = """\
model_list:
  # in production since spring
  - model_name: support
    litellm_params: {model: openai/gpt-4.1, weight: 95}  # keep
  - model_name: support
    litellm_params:
      model: openai/gpt-5-mini
      weight: 5
    model_info:
      id: cheap
  - model_name: other
    litellm_params: {model: openai/gpt-4.1, weight: 7}
"""


def proxy(tmp_path: Path, treatment: str = "cheap") -> LiteLLMRollout:
    options = LiteLLMRollout.Options(path="proxy.yaml", model="support", control="openai/gpt-4.1", treatment=treatment)
    return LiteLLMRollout(options, a_context(tmp_path, "rollout"))


def test_only_two_numbers_of_a_proxy_s_configuration_change(tmp_path: Path) -> None:
    (tmp_path / "proxy.yaml").write_text(PROXY)
    weights = proxy(tmp_path)
    assert weights.share() == 0.05

    weights.set_share(0.25)

    wanted = PROXY.replace("weight: 95", "weight: 7500").replace("weight: 5\n", "weight: 2500\n")
    assert (tmp_path / "proxy.yaml").read_text() == wanted


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (PROXY, "no deployment 'dear'"),
        (PROXY.replace("id: cheap", "id: dear").replace("      weight: 5\n", ""), r"yaml:5: .*has no weight"),
        ("model_list: [", "not YAML"),
        ("[]", "no deployment"),
    ],
)
def test_a_proxy_s_configuration_that_does_not_fit_is_named(tmp_path: Path, content: str, match: str) -> None:
    (tmp_path / "proxy.yaml").write_text(content)

    with pytest.raises(UsageError, match=match):
        proxy(tmp_path, treatment="dear").share()


def test_commands_get_and_set_the_share(tmp_path: Path) -> None:
    (tmp_path / "share").write_text("now: 0.05\n")
    write = "import sys, pathlib; pathlib.Path('share').write_text(sys.argv[1])"
    options = CommandRollout.Options(get=["cat", "share"], set=[sys.executable, "-c", write, "{share}"])
    flags = CommandRollout(options, a_context(tmp_path, "rollout"))
    assert flags.share() == 0.05

    flags.set_share(0.25)

    assert flags.share() == 0.25


@pytest.mark.parametrize("get", [["false"], ["true"], ["echo", "5%"], ["echo", "nan"], ["no-such-program"]])
def test_a_command_that_fails_is_named_without_what_it_printed(tmp_path: Path, get: list[str]) -> None:
    flags = CommandRollout(CommandRollout.Options(get=get, set=["x", "{share}"]), a_context(tmp_path, "rollout"))

    with pytest.raises(OutsideError, match=get[0]):
        flags.share()
