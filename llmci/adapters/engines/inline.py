"""Work in the process itself, one shard after the other."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any, TypeVar

from llmci import seams

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmci.seams import Context

T = TypeVar("T")


class InlineEngine:
    """See `llmci.seams.Engine`."""

    at_once = 1

    class Options(seams.Options):
        """There is nothing to choose."""

    def __init__(self, options: Options, context: Context) -> None:
        pass

    def executor(self) -> Executor:
        """See `Engine.executor`."""
        return _Inline()

    def dashboard(self) -> str | None:
        """See `Engine.dashboard`."""
        return None


class _Inline(Executor):
    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:  # noqa: ANN401  as `Executor` has it
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  a future carries whatever was raised
            future.set_exception(error)
        return future
