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
        "langfuse": "llmci.adapters.sources.langfuse:LangfuseSource",
        "langfuse-export": "llmci.adapters.sources.langfuse_export:LangfuseExportSource",
        "litellm": "llmci.adapters.sources.litellm:LitellmSource",
        "langsmith": "llmci.adapters.sources.langsmith:LangsmithSource",
        "mlflow": "llmci.adapters.sources.mlflow:MlflowSource",
        "phoenix": "llmci.adapters.sources.phoenix:PhoenixSource",
        "otlp": "llmci.adapters.sources.otlp:OtlpSource",
        # Its name before it read protobuf, too.
        "otlp-json": "llmci.adapters.sources.otlp:OtlpSource",
    },
    "recognizer": {
        "entity": "llmci.adapters.recognizers.entity:EntityRecognizer",
        "presidio": "llmci.adapters.recognizers.presidio:PresidioRecognizer",
        "secrets": "llmci.adapters.recognizers.secrets:SecretsRecognizer",
        "structured": "llmci.adapters.recognizers.structured:StructuredRecognizer",
    },
    "model": {
        "litellm": "llmci.adapters.models.litellm:LitellmModel",
    },
    "embedder": {
        "litellm": "llmci.adapters.embedders.litellm:LitellmEmbedder",
        "onnx": "llmci.adapters.embedders.onnx:OnnxEmbedder",
        "sentence-transformers": "llmci.adapters.embedders.sentence_transformers:SentenceTransformersEmbedder",
    },
    "system": {
        "python": "llmci.adapters.systems.python:PythonSystem",
        "command": "llmci.adapters.systems.command:CommandSystem",
        "http": "llmci.adapters.systems.http:HttpSystem",
        "litellm": "llmci.adapters.systems.litellm:LitellmSystem",
        "recorded": "llmci.adapters.systems.recorded:RecordedSystem",
    },
    "scorer": {
        "answer-relevance": "llmci.adapters.scorers.rubrics:AnswerRelevanceScorer",
        "autoevals": "llmci.adapters.scorers.autoevals:AutoevalsScorer",
        "bleu": "llmci.adapters.scorers.overlap:BleuScorer",
        "chrf": "llmci.adapters.scorers.overlap:ChrfScorer",
        "command": "llmci.adapters.scorers.command:CommandScorer",
        "composite": "llmci.adapters.scorers.composite:CompositeScorer",
        "contains": "llmci.adapters.scorers.contains:ContainsScorer",
        "contains-all": "llmci.adapters.scorers.contains:ContainsScorer",
        "contains-any": "llmci.adapters.scorers.contains:ContainsAnyScorer",
        "cost": "llmci.adapters.scorers.spent:CostScorer",
        "deepeval": "llmci.adapters.scorers.deepeval:DeepevalScorer",
        "degenerate": "llmci.adapters.scorers.degenerate:DegenerateScorer",
        "embedding-similarity": "llmci.adapters.scorers.embedding:EmbeddingScorer",
        "equals": "llmci.adapters.scorers.exact:ExactScorer",
        "exact": "llmci.adapters.scorers.exact:ExactScorer",
        "factuality": "llmci.adapters.scorers.rubrics:FactualityScorer",
        "format": "llmci.adapters.scorers.format:FormatScorer",
        "groundedness": "llmci.adapters.scorers.rubrics:GroundednessScorer",
        "hit-at-k": "llmci.adapters.scorers.retrieval:HitAtKScorer",
        "icontains": "llmci.adapters.scorers.contains:IcontainsScorer",
        "is-json": "llmci.adapters.scorers.json_schema:JsonSchemaScorer",
        "json-diff": "llmci.adapters.scorers.json_diff:JsonDiffScorer",
        "json-schema": "llmci.adapters.scorers.json_schema:JsonSchemaScorer",
        "judge": "llmci.adapters.scorers.judge:JudgeScorer",
        "language-kept": "llmci.adapters.scorers.language:LanguageKeptScorer",
        "latency": "llmci.adapters.scorers.spent:LatencyScorer",
        "length": "llmci.adapters.scorers.length:LengthScorer",
        "levenshtein": "llmci.adapters.scorers.similarity:LevenshteinScorer",
        "mrr": "llmci.adapters.scorers.retrieval:MrrScorer",
        "ndcg": "llmci.adapters.scorers.retrieval:NdcgScorer",
        "number": "llmci.adapters.scorers.number:NumberScorer",
        "pairwise": "llmci.adapters.scorers.pairwise:PairwiseScorer",
        "personal-data": "llmci.adapters.scorers.personal_data:PersonalDataScorer",
        "python": "llmci.adapters.scorers.python:PythonScorer",
        "ragas": "llmci.adapters.scorers.ragas:RagasScorer",
        "recall-at-k": "llmci.adapters.scorers.retrieval:RecallAtKScorer",
        "recorded": "llmci.adapters.scorers.recorded:RecordedScorer",
        "refusal": "llmci.adapters.scorers.refusal:RefusalScorer",
        "regex": "llmci.adapters.scorers.regex:RegexScorer",
        "rouge": "llmci.adapters.scorers.overlap:RougeScorer",
        "similarity": "llmci.adapters.scorers.similarity:SimilarityScorer",
        "starts-with": "llmci.adapters.scorers.starts_with:StartsWithScorer",
        "tokens": "llmci.adapters.scorers.spent:TokensScorer",
        "tool-calls": "llmci.adapters.scorers.tool_calls:ToolCallsScorer",
        "tool-path": "llmci.adapters.scorers.tool_path:ToolPathScorer",
        "trajectory": "llmci.adapters.scorers.trajectory:TrajectoryScorer",
        "ttft": "llmci.adapters.scorers.spent:TtftScorer",
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
        "codequality": "llmci.adapters.reporters.codequality:CodeQualityReporter",
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
        "dask": "llmci.adapters.engines.dask:DaskEngine",
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
    if seam == "scorer" and name.startswith("not-"):
        return import_module("llmci.adapters.scorers.negated").negation_of(adapter(seam, name.removeprefix("not-")))
    for point in entry_points(group=f"llmci.{seam}", name=name):
        return point.load()
    known = names(seam)
    near = difflib.get_close_matches(name, known, n=1)
    raise UsageError(
        f"there is no {seam} called {name!r}.",
        fix=f"Did you mean {near[0]!r}?" if near else f"Choose one of: {', '.join(known)}.",
    )
