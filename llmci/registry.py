"""Names to adapters. Nothing is imported until a name is asked for."""

from __future__ import annotations

import difflib
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from llmci.errors import UsageError

ADAPTERS: dict[str, dict[str, str]] = {
    "source": {
        "jsonl": "llmci.adapters.sources.jsonl:JsonlSource",
        "json": "llmci.adapters.sources.json_documents:JsonSource",
        "csv": "llmci.adapters.sources.csv:CsvSource",
        "parquet": "llmci.adapters.sources.parquet:ParquetSource",
        "otlp-json": "llmci.adapters.sources.otlp_json:OtlpJsonSource",
        "langfuse": "llmci.adapters.sources.langfuse:LangfuseSource",
        "langfuse-export": "llmci.adapters.sources.langfuse_export:LangfuseExportSource",
    },
    "recognizer": {
        "presidio": "llmci.adapters.recognizers.presidio:PresidioRecognizer",
        "secrets": "llmci.adapters.recognizers.secrets:SecretsRecognizer",
        "structured": "llmci.adapters.recognizers.structured:StructuredRecognizer",
    },
    "model": {
        "litellm": "llmci.adapters.models.litellm:LitellmModel",
    },
    "embedder": {
        "litellm": "llmci.adapters.embedders.litellm:LitellmEmbedder",
    },
    "system": {
        "python": "llmci.adapters.systems.python:PythonSystem",
        "command": "llmci.adapters.systems.command:CommandSystem",
        "http": "llmci.adapters.systems.http:HttpSystem",
        "litellm": "llmci.adapters.systems.litellm:LitellmSystem",
        "recorded": "llmci.adapters.systems.recorded:RecordedSystem",
    },
    "scorer": {
        "exact": "llmci.adapters.scorers.exact:ExactScorer",
        "contains": "llmci.adapters.scorers.contains:ContainsScorer",
        "regex": "llmci.adapters.scorers.regex:RegexScorer",
        "json-schema": "llmci.adapters.scorers.json_schema:JsonSchemaScorer",
        "similarity": "llmci.adapters.scorers.similarity:SimilarityScorer",
        "hit-at-k": "llmci.adapters.scorers.retrieval:HitAtKScorer",
        "mrr": "llmci.adapters.scorers.retrieval:MrrScorer",
        "tool-calls": "llmci.adapters.scorers.tool_calls:ToolCallsScorer",
        "recorded": "llmci.adapters.scorers.recorded:RecordedScorer",
        "latency": "llmci.adapters.scorers.spent:LatencyScorer",
        "cost": "llmci.adapters.scorers.spent:CostScorer",
        "tokens": "llmci.adapters.scorers.spent:TokensScorer",
        "judge": "llmci.adapters.scorers.judge:JudgeScorer",
    },
    "results": {
        "csv": "llmci.adapters.results.csv:CsvResults",
        "deepeval": "llmci.adapters.results.deepeval:DeepevalResults",
        "inspect": "llmci.adapters.results.inspect_log:InspectResults",
        "jsonl": "llmci.adapters.results.jsonl:JsonlResults",
        "langfuse": "llmci.adapters.results.langfuse:LangfuseResults",
        "openai-evals": "llmci.adapters.results.openai_evals:OpenaiEvalsResults",
        "parquet": "llmci.adapters.results.parquet:ParquetResults",
        "promptfoo": "llmci.adapters.results.promptfoo:PromptfooResults",
    },
    "reporter": {
        "annotations": "llmci.adapters.reporters.annotations:AnnotationsReporter",
        "csv": "llmci.adapters.reporters.csv:CsvReporter",
        "html": "llmci.adapters.reporters.html:HtmlReporter",
        "markdown": "llmci.adapters.reporters.markdown:MarkdownReporter",
        "json": "llmci.adapters.reporters.json:JsonReporter",
        "junit": "llmci.adapters.reporters.junit:JunitReporter",
        "parquet": "llmci.adapters.reporters.parquet:ParquetReporter",
        "sarif": "llmci.adapters.reporters.sarif:SarifReporter",
    },
    "rollout": {
        "json": "llmci.adapters.rollouts.json:JsonRollout",
        "flagd": "llmci.adapters.rollouts.flagd:FlagdRollout",
        "litellm": "llmci.adapters.rollouts.litellm:LiteLLMRollout",
        "command": "llmci.adapters.rollouts.command:CommandRollout",
    },
    "engine": {
        "inline": "llmci.adapters.engines.inline:InlineEngine",
        "processes": "llmci.adapters.engines.processes:ProcessesEngine",
    },
}


def names(seam: str) -> list[str]:
    """Every adapter of a seam, bundled or installed, in alphabetical order."""
    return sorted({*ADAPTERS[seam], *(point.name for point in entry_points(group=f"llmci.{seam}"))})


def adapter(seam: str, name: str) -> Any:  # noqa: ANN401  the class is known by its protocol only
    """The adapter's class.

    Raises:
        UsageError: No adapter has that name.
    """
    if path := ADAPTERS[seam].get(name):
        module, _, attribute = path.partition(":")
        return getattr(import_module(module), attribute)
    for point in entry_points(group=f"llmci.{seam}", name=name):
        return point.load()
    known = names(seam)
    near = difflib.get_close_matches(name, known, n=1)
    raise UsageError(
        f"there is no {seam} called {name!r}.",
        fix=f"Did you mean {near[0]!r}?" if near else f"Choose one of: {', '.join(known)}.",
    )
