"""Users who ask the demo's assistant, behind a real OpenFeature client, traced with OpenTelemetry.

Runs in an environment of its own until it is ended:

    python tests/live_traffic.py --flags flags.json --traces URL --scores URL --a-second 40 --treatment broken

Which variant answers is decided by flagd's in-process provider on the flag file. Each answer is one
OpenInference span; whether it names what the question is about follows as an annotation, a little later,
as an evaluator would give it.
"""

from __future__ import annotations

import argparse
import json
import random
import time
import urllib.request
from pathlib import Path

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode

from llmci.demo.app import answer
from llmci.demo.phrasing import varied
from llmci.demo.questions import questions
from llmci.demo.retriever import corpus

CONFIGS: dict[str, dict[str, object]] = {
    "baseline": {},
    "broken": {"name_weight": 0},
    "better": {
        "identifiers": "both",
        "name_weight": 3,
        "stem": True,
        "stop_words": "questions",
        "k1": 1.2,
        "b": 0.4,
    },
}
USERS = 5_000
BATCH = 20
_COMPLAIN = 0.5


def main() -> None:
    told = argparse.ArgumentParser()
    told.add_argument("--flags", type=Path, required=True)
    told.add_argument("--traces", required=True, help="OTLP/HTTP address")
    told.add_argument("--scores", help="Phoenix's address for annotations of spans")
    told.add_argument("--a-second", type=float, required=True)
    told.add_argument("--treatment", choices=sorted(CONFIGS), required=True)
    told.add_argument("--seed", type=int, default=11)
    asked = told.parse_args()
    api.set_provider_and_wait(FlagdProvider(resolver_type=ResolverType.FILE, offline_flag_source_path=str(asked.flags)))
    client = api.get_client()
    provider = TracerProvider(resource=Resource.create({"openinference.project.name": "assistant"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=asked.traces)))
    tracer = provider.get_tracer("assistant")
    chance = random.Random(asked.seed)
    known = {passage.id for passage in corpus()}
    pool = [question for question in questions() if known.issuperset(question.documents)]
    configs = {"baseline": CONFIGS["baseline"], "candidate": CONFIGS[asked.treatment]}
    waiting: list[dict[str, object]] = []
    print("ready", flush=True)  # noqa: T201  the test waits for it
    while True:
        began, scores = time.monotonic(), []
        for _ in range(BATCH):
            question, user = chance.choice(pool), f"u-{chance.randrange(USERS)}"
            variant = client.get_string_value("bot", "baseline", EvaluationContext(targeting_key=user))
            text = varied(question.question, chance)
            with tracer.start_as_current_span("answer") as span:
                reply = answer({"question": text, "config": configs[variant]})
                right = question.expected in reply["answer"]
                told_of = {"variant": variant, "question": question.id, "type": question.type}
                span.set_attributes(
                    {
                        "openinference.span.kind": "CHAIN",
                        "input.value": text,
                        "output.value": reply["answer"],
                        "user.id": user,
                        "metadata": json.dumps(told_of),
                    }
                )
                if not reply["documents"]:
                    span.set_status(Status(StatusCode.ERROR, "nothing was found"))
            result = {"score": float(right), "label": "right" if right else "wrong"}
            span_id = format(span.get_span_context().span_id, "016x")
            scores.append({"span_id": span_id, "name": "right", "annotator_kind": "CODE", "result": result})
            if not right and chance.random() < _COMPLAIN:
                thumb = {"score": 0.0, "label": "down"}
                scores.append({"span_id": span_id, "name": "thumbs", "annotator_kind": "HUMAN", "result": thumb})
        provider.force_flush()
        if asked.scores and waiting:
            _post(asked.scores, waiting)
        waiting = scores
        time.sleep(max(0.0, BATCH / asked.a_second - (time.monotonic() - began)))


def _post(url: str, annotations: list[dict[str, object]]) -> None:
    body = json.dumps({"data": annotations}).encode()
    request = urllib.request.Request(  # noqa: S310  the address is the test's own server
        url, data=body, headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
        reply.read()


if __name__ == "__main__":
    main()
