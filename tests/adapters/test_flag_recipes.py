"""The recipes of docs/flags against what the vendors' references say that their services answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from builders import a_context
from commands import ROOT
from flag_services import GrowthBook, LaunchDarkly, Statsig, serving

from llmci.adapters.rollouts.command import CommandRollout
from llmci.errors import OutsideError

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = pytest.mark.parametrize("service", [LaunchDarkly, Statsig, GrowthBook])


def rollout(root: Path, service: LaunchDarkly | Statsig | GrowthBook, url: str, **other: str) -> CommandRollout:
    recipe = str(ROOT / "docs" / "flags" / f"{type(service).__name__.lower()}.py")
    options = CommandRollout.Options(
        get=[sys.executable, recipe, "get"], set=[sys.executable, recipe, "set", "{share}"]
    )
    return CommandRollout(options, a_context(root, **(service.environ(url) | other)))


@SERVICES
def test_a_share_is_read_back_as_it_was_set(tmp_path: Path, service: type[LaunchDarkly | Statsig | GrowthBook]) -> None:
    with serving(made := service()) as url:
        flag = rollout(tmp_path, made, url)
        for share in (0.05, 1.0):
            flag.set_share(share)

            assert flag.share() == pytest.approx(share)


@SERVICES
def test_what_the_service_refuses_is_an_error_and_shows_no_key(
    tmp_path: Path, service: type[LaunchDarkly | Statsig | GrowthBook]
) -> None:
    with serving(made := service()) as url:
        keys = {name: "wrong-key" for name in made.environ(url) if "TOKEN" in name or "KEY" in name}
        with pytest.raises(OutsideError) as refused:
            rollout(tmp_path, made, url, **keys).set_share(0.5)

    assert "left with 1" in refused.value.message
    assert "wrong-key" not in refused.value.message + refused.value.fix


@pytest.mark.parametrize("off", ["launchdarkly", "statsig", "growthbook"])
def test_what_a_person_switched_off_is_no_traffic_and_stays_off(tmp_path: Path, off: str) -> None:
    launchdarkly, statsig, growthbook = LaunchDarkly(), Statsig(), GrowthBook()
    launchdarkly.on, statsig.enabled, growthbook.rules[1]["enabled"] = False, False, False
    service = {"launchdarkly": launchdarkly, "statsig": statsig, "growthbook": growthbook}[off]
    with serving(service) as url:
        flag = rollout(tmp_path, service, url)

        assert flag.share() == 0.0
        with pytest.raises(OutsideError):
            flag.set_share(0.05)
        flag.set_share(0.0)
        assert (launchdarkly.on, statsig.enabled, growthbook.rules[1]["enabled"]) == (False, False, False)


def test_other_rules_and_what_users_are_bucketed_by_stay_as_they_are(tmp_path: Path) -> None:
    statsig, growthbook, launchdarkly = Statsig(), GrowthBook(), LaunchDarkly()
    parts = [{"variation": 0, "weight": 100_000}, {"variation": 1, "weight": 0}]
    launchdarkly.fallthrough = {"rollout": {"bucketBy": "org", "contextKind": "device", "variations": parts}}
    for service in (statsig, growthbook, launchdarkly):
        with serving(service) as url:
            rollout(tmp_path, service, url).set_share(0.5)

    assert [rule["passPercentage"] for rule in statsig.rules] == [10, 50]
    assert [rule["type"] for rule in growthbook.rules] == ["force", "rollout"]
    kept = launchdarkly.fallthrough["rollout"]
    assert (kept["bucketBy"], kept["contextKind"]) == ("org", "device")


def test_a_flag_that_serves_a_third_variation_is_no_share(tmp_path: Path) -> None:
    service = LaunchDarkly()
    service.values.append("other")
    service.fallthrough = {"variation": 2}
    with serving(service) as url, pytest.raises(OutsideError):
        rollout(tmp_path, service, url).share()
