"""The nouns: frozen dataclasses and schemas, with no behaviour beyond checks."""
