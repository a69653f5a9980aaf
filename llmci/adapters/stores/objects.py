"""Files of an object store, by address; the keys are those that the store's own tools take from the environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    import pyarrow.fs


def bare(uri: str) -> str:
    """The address without the keys and options that may stand in it."""
    return re.sub(r"(?<=://)[^/@]*@", "", uri.partition("?")[0])


def read_object(uri: str, most: int) -> bytes | None:
    """The content; None where there is no such file.

    Args:
        uri: `s3://`, `gs://`, `file://` and the like.
        most: Bytes; no more than one beyond it is read, so that the caller sees that it is too large.

    Raises:
        UsageError: The address is none.
        OutsideError: The store cannot be reached or does not let us.
    """
    store, path = _opened(uri)
    try:
        with store.open_input_stream(path) as stream:
            content: bytes = stream.read(most + 1)
            return content
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreachable(uri, error) from None


def write_object(uri: str, content: bytes) -> None:
    """Replace the content; raises as `read_object` does."""
    store, path = _opened(uri)
    try:
        with store.open_output_stream(path) as stream:
            stream.write(content)
    except OSError as error:
        raise _unreachable(uri, error) from None


def _opened(uri: str) -> tuple[pyarrow.fs.FileSystem, str]:
    import pyarrow as pa
    import pyarrow.fs

    try:
        store, path = pyarrow.fs.FileSystem.from_uri(uri)
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise UsageError(
            f"{bare(uri)}: no address of a file in an object store ({type(error).__name__}).",
            fix="Write it like s3://bucket/baseline.parquet.",
        ) from None
    except OSError as error:
        raise _unreachable(uri, error) from None
    return store, path


def _unreachable(uri: str, error: OSError) -> OutsideError:
    return OutsideError(
        f"{bare(uri)}: cannot be reached or opened ({type(error).__name__}).",
        fix="Check the address and the store's keys.",
    )
