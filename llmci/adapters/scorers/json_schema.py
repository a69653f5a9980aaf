"""The answer is JSON, of the right shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field

from llmci import seams
from llmci.adapters.scorers.json_text import NotJson, json_of
from llmci.adapters.scorers.rule import RuleScorer
from llmci.core.canonical import digest_of
from llmci.errors import UsageError
from llmci.files import read_json

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered


class JsonSchemaOptions(seams.Options):
    """The shape; without one, any JSON will do.

    Attributes:
        schema_: JSON schema, written in the configuration as `schema:`.
        schema_file: The same in a file of its own.
        fenced: Accept JSON inside one Markdown code fence.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    schema_file: str | None = None
    fenced: bool = False


class JsonSchemaScorer(RuleScorer[JsonSchemaOptions]):
    """1 if the answer is JSON that the schema accepts."""

    Options = JsonSchemaOptions

    def __init__(self, options: JsonSchemaOptions, context: seams.Context) -> None:
        from jsonschema import SchemaError
        from jsonschema.validators import validator_for

        super().__init__(options, context)
        self._schema = self._read_schema()
        kind = validator_for(self._schema)
        try:
            kind.check_schema(self._schema)
        except SchemaError as error:
            raise UsageError(
                f"scorers.{context.name}: not a JSON schema: {error.message}.", fix="Correct the schema."
            ) from None
        self._validator = kind(self._schema)

    def digest(self) -> str:
        """Of the schema itself, wherever it stands."""
        return digest_of(super().digest(), self._schema)

    def mark(self, case: Case, answer: Answered) -> float:  # noqa: ARG002  the schema is the same for every case
        """See `RuleScorer.mark`."""
        try:
            value = json_of(answer.text, fenced=self.options.fenced)
        except NotJson:
            return 0.0
        return float(self._validator.is_valid(value))

    def _read_schema(self) -> dict[str, Any]:
        if self.options.schema_file is None:
            return self.options.schema_ or {}
        path = self.context.root / self.options.schema_file
        try:
            schema: dict[str, Any] = read_json(path)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"scorers.{self.context.name}.schema_file: {path} cannot be read ({type(error).__name__}).",
                fix="Name a JSON file, from the directory of llmci.yaml.",
            ) from None
        return schema
