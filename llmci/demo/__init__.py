"""The bundled example: questions about the Python standard library, answered from its docstrings."""
