"""Answers to numbers."""
