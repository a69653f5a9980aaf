"""One thread for linear algebra."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Keep numpy and scipy to one thread: sums are made in one order on every machine, and workers do not crowd each other.

    The matrices here are narrow. On busy cores the threads of OpenBLAS wait for each other ten times as long as they work.
    """
    # A library that is loaded later would not be limited.
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield
