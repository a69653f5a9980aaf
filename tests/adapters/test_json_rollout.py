from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from builders import a_context

from llmci.adapters.rollouts.json import JsonRollout
from llmci.errors import UsageError

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
