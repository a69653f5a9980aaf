"""Choosing, weighing, digesting and comparing cases."""
