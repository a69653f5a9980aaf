"""The demo's corpus is read off the interpreter, so it is read before a test patches anything in it."""

from __future__ import annotations

from llmci.demo.retriever import corpus

corpus()
