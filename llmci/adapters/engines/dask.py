"""Work on a Dask cluster: a scheduler that runs already, or a cluster of this machine."""

from __future__ import annotations

from concurrent.futures import CancelledError, Executor, Future
from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from llmci import seams
from llmci.adapters.engines.preloaded import preloaded
from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmci.seams import Context

_CONNECT_S = 20


class DaskEngine:
    """See `llmci.seams.Engine`."""

    # A cluster may grow while it works, so that it gets all shards; it names the one that kills workers itself.
    at_once = None

    class Options(seams.Options):
        """Which cluster.

        Attributes:
            scheduler: Address of a scheduler, such as `tcp://host:8786` or `tls://host:8786`; none starts a cluster
                on this machine.
            workers: Processes of that cluster; the default is one for each processor.
        """

        scheduler: str | None = None
        workers: int | None = Field(default=None, ge=1)

        @model_validator(mode="after")
        def _one_of_them(self) -> DaskEngine.Options:
            if self.scheduler is not None and self.workers is not None:
                raise ValueError("a scheduler has the workers that it has: leave `workers` out")
            return self

    def __init__(self, options: Options, context: Context) -> None:  # noqa: ARG002  every adapter takes these
        self._options = options
        self._link: str | None = None

    def executor(self) -> Executor:
        """See `Engine.executor`; raises `UsageError` without Dask, `OutsideError` without an answer."""
        distributed = _distributed()
        scheduler = self._options.scheduler
        try:
            cluster = None if scheduler else self._local(distributed)
            client = distributed.Client(cluster or scheduler, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            why = f"{type(error).__name__}: {str(error)[:200]}"
            raise OutsideError(
                f"the Dask scheduler {scheduler or 'of this machine'} does not answer ({why}).",
                fix="Start it with `dask scheduler` and `dask worker`, or correct --scheduler.",
            ) from None
        self._link = client.dashboard_link or None
        return _OnDask(client, cluster, scheduler)

    def dashboard(self) -> str | None:
        """See `Engine.dashboard`."""
        return self._link

    def _local(self, distributed: Any) -> Any:  # noqa: ANN401  Dask has no types
        # One thread a worker: the work is Python's. One retry: the driver tries a suspect again by itself.
        import dask
        from distributed.utils import get_mp_context

        told = {"distributed.scheduler.allowed-failures": 1, "distributed.worker.multiprocessing-method": "forkserver"}
        with dask.config.set(told):
            # Dask sets on its first call what is to be preloaded.
            get_mp_context()
            preloaded("distributed")
            return distributed.LocalCluster(
                n_workers=self._options.workers or _processors(),
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
                silence_logs=50,
            )


def _processors() -> int:
    import os

    return os.cpu_count() or 1


def _distributed() -> Any:  # noqa: ANN401  Dask has no types
    try:
        import distributed
    except ModuleNotFoundError:
        raise UsageError(
            "the engine dask needs Dask, which is not installed.", fix="Run `pip install 'llmci-loop[dask]'`."
        ) from None
    return distributed


class _OnDask(Executor):
    """The client's own executor, which closes what was opened for it and speaks of the engine's failures."""

    def __init__(self, client: Any, cluster: Any, scheduler: str | None) -> None:  # noqa: ANN401  Dask has no types
        self._client, self._cluster = client, cluster
        self._name = scheduler or "of this machine"
        self._executor = client.get_executor(pure=False)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401  as `Executor` has it
        ours: Future[Any] = Future()
        theirs = self._executor.submit(fn, *args, **kwargs)
        theirs.add_done_callback(lambda done: self._pass_on(done, ours))
        return ours

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  as `Executor` has it
        self._executor.shutdown(wait=wait and not cancel_futures and self._client.status == "running")
        self._client.close(timeout=5)
        if self._cluster is not None:
            self._cluster.close(timeout=10)

    def _pass_on(self, done: Future[Any], ours: Future[Any]) -> None:
        from distributed.scheduler import KilledWorker

        error = CancelledError() if done.cancelled() else done.exception()
        if error is None:
            ours.set_result(done.result())
        elif isinstance(error, KilledWorker):
            ours.set_exception(seams.WorkerDied())
        elif isinstance(error, (CancelledError, OSError)) and _is_of_dask(error):
            ours.set_exception(
                OutsideError(
                    f"the Dask scheduler {self._name} is gone.",
                    fix="Start it and run the same command again: shards that are done are kept.",
                )
            )
        elif isinstance(error, ModuleNotFoundError):
            ours.set_exception(
                UsageError(
                    f"the workers of the Dask scheduler {self._name} have no module {error.name}.",
                    fix="Install the same llmci, and what its configuration names, on every worker.",
                )
            )
        else:
            ours.set_exception(error)


def _is_of_dask(error: BaseException) -> bool:
    """Whether it speaks of the cluster rather than of the work."""
    from distributed.client import FutureCancelledError
    from distributed.comm.core import CommClosedError

    return isinstance(error, (CancelledError, FutureCancelledError, CommClosedError))
