"""A whole promptfoo configuration: systems, scorers, gates and cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmci.core.promptfoo.cases import cases_of, default_of
from llmci.core.promptfoo.prompts import Prompt, prompts_of, template_of
from llmci.core.promptfoo.providers import model_of, providers_of, slug
from llmci.core.promptfoo.unmapped import Unmapped

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_READ = ("$schema", "description", "prompts", "providers", "targets", "defaultTest", "tests", "evaluateOptions")


@dataclass(frozen=True, slots=True)
class Imported:
    """What was made of a promptfoo file.

    Attributes:
        about: What the file says of itself.
        config: Sections of `llmci.yaml`.
        cases: Lines of a file of hand-written cases.
        prompts: Template files that the systems name, by path, with their content.
        unmapped: What could not be carried over, with its place; empty if nothing was lost.
    """

    about: str
    config: dict[str, Any]
    cases: tuple[dict[str, Any], ...]
    prompts: dict[str, str]
    unmapped: tuple[str, ...]


def convert(given: Mapping[str, Any], *, cases_file: str) -> Imported:
    """Convert a promptfoo configuration whose files have been read into it.

    Args:
        cases_file: Where the cases will be written, for `evalset.hand_written`.
    """
    unmapped = Unmapped()
    unmapped.rest("", given, _READ)
    prompts = list(prompts_of(given.get("prompts") or "{{question}}", unmapped))
    question = _question(prompts)
    templates = _templates(prompts, question) if question else None
    if templates is None and len(prompts) > 1:
        unmapped.add("prompts", "over several variables, or of several messages: only the first is carried over")
    systems = _systems(given, templates or {}, unmapped)
    scorers: dict[str, dict[str, Any]] = {}
    default = default_of(given.get("defaultTest"), scorers, unmapped)
    judge = _judge(default, unmapped)
    messages_for = _whole(question) if question and templates is not None else _filled(prompts)
    cases = tuple(
        cases_of(
            unmapped.items(given.get("tests"), "tests"),
            default,
            messages_for,
            scorers,
            judge,
            unmapped,
        )
    )
    config: dict[str, Any] = {
        "systems": systems,
        "scorers": scorers,
        "gates": [{"metric": name, **_gate(block)} for name, block in scorers.items()],
        "evalset": {"hand_written": [cases_file]} if cases else {},
        "bench": _bench(systems, unmapped.mapping(given.get("evaluateOptions"), "evaluateOptions"), unmapped),
    }
    return Imported(
        about=str(given.get("description") or ""),
        config={name: value for name, value in config.items() if value},
        cases=cases,
        prompts={file: text for file, (text, _) in (templates or {}).items()},
        unmapped=tuple(unmapped.found),
    )


def _question(prompts: list[Prompt]) -> str | None:
    """The one variable of every prompt, if there is just one: then prompts belong to the systems."""
    names = set[str]().union(*(prompt.variables for prompt in prompts))
    alone = len(names) == 1 and all(prompt.variables == names for prompt in prompts)
    return names.pop() if alone else None


def _templates(prompts: list[Prompt], question: str) -> dict[str, tuple[str, str]] | None:
    """File to text and role; None if one of them cannot be a template over the question."""
    made = {f"prompts/{slug(prompt.name)}.j2": template_of(prompt, question) for prompt in prompts}
    whole = {file: template for file, template in made.items() if template is not None}
    # A lone question is the case itself, and needs no template.
    bare = len(prompts) == 1 and list(whole.values()) == [("{{ question }}", "user")]
    return {} if bare else whole if len(whole) == len(prompts) else None


def _whole(question: str) -> Callable[[Mapping[str, str]], list[dict[str, str]]]:
    return lambda values: [{"role": "user", "content": values.get(question, "")}]


def _filled(prompts: list[Prompt]) -> Callable[[Mapping[str, str]], list[dict[str, str]]]:
    return lambda values: prompts[0].filled(values) if prompts else []


def _systems(
    given: Mapping[str, Any], templates: Mapping[str, tuple[str, str]], unmapped: Unmapped
) -> dict[str, dict[str, Any]]:
    """A system for each provider with each prompt, in the order in which promptfoo shows them."""
    systems: dict[str, dict[str, Any]] = {}
    for name, block in providers_of(given.get("providers") or given.get("targets") or [], unmapped):
        if block["kind"] != "litellm" or not templates:
            systems[name] = block
            if templates:
                unmapped.add(f"providers.{name}", "its service is sent the question, and not the prompts")
            continue
        for file, (_, role) in templates.items():
            told = f"{name}-{slug(file.rpartition('/')[2].removesuffix('.j2'))}" if len(templates) > 1 else name
            systems[told] = {**block, "prompt": file, "prompt_role": role}
    return systems


def _judge(default: Mapping[str, Any], unmapped: Unmapped) -> str | None:
    named = default["options"].get("provider")
    if named is None:
        return None
    identity = named.get("id") if isinstance(named, dict) else named
    judge = model_of(str(identity))
    if judge is None or isinstance(named, dict):
        unmapped.add("defaultTest.options.provider", "only a model's id can be carried over")
    return judge


def _gate(block: Mapping[str, Any]) -> dict[str, Any]:
    """A gate as promptfoo means its assertions: what passed must still pass. Costs and unchecked judges are watched."""
    if block["kind"] in ("cost", "latency"):
        return {"role": "watch", "tolerance": "10%"}
    return {"role": "watch", "tolerance": "5pt"} if "model" in block else {"tolerance": "5pt"}


def _bench(systems: Mapping[str, object], options: Mapping[str, Any], unmapped: Unmapped) -> dict[str, Any]:
    names = list(systems)
    bench: dict[str, Any] = {"baseline": names[0], "candidate": names[min(1, len(names) - 1)]} if names else {}
    for theirs, ours in (("maxConcurrency", "concurrency"), ("repeat", "repeat")):
        if isinstance(options.get(theirs), int) and options[theirs] > 0:
            bench[ours] = int(options[theirs])
    unmapped.rest("evaluateOptions", options, ("maxConcurrency", "repeat", "showProgressBar"))
    return bench
