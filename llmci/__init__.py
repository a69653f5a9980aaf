"""Continuous evaluation for LLM systems: production traces in, a verdict on the candidate out."""

__version__ = "0.1.0"
