"""Files and directories in object stores (S3, GCS, Azure) and behind other URIs that Arrow knows, used like local paths.

An object appears whole or not at all, so that a name is published by its upload; nothing is renamed on the way.
Credentials come from where the store's own tools find them; options of the file system stand in the URI:
`s3://bucket/prefix?region=eu-west-1&endpoint_override=...`.
"""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import io
import itertools
import os
import re
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any, Self, cast
from urllib.parse import parse_qsl, quote, unquote

from llmci.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEMES = ("s3", "gs", "gcs", "abfs", "abfss", "hdfs", "viewfs", "file")
# Busy stores answer 503, and slow ones late; the client of the store waits longer from one attempt to the next.
_ATTEMPTS, _CONNECT_S, _REQUEST_S = 10, 10, 120
_GOOGLE_S = 30
_COPY = 8 << 20
_BUFFER = 1 << 20
_WILD = re.compile(r"[*?\[]")


def place(text: str, root: Path) -> Path:
    """A local directory from `root`, or one of an object store where the text is a URI.

    Raises:
        UsageError: It is of a store that is not known.
    """
    if not is_uri(text):
        return root / text
    base, question, query = text.partition("?")
    return cast("Path", StorePath(base.rstrip("/"), question + query))


def is_uri(text: str) -> bool:
    """Whether a path of the configuration is a URI; raises as `place`."""
    scheme, separator, _ = text.partition("://")
    if separator and scheme not in _SCHEMES:
        raise UsageError(f"{scheme}:// is not a store.", fix=f"Use a local path or one of: {', '.join(_SCHEMES)}.")
    return bool(separator)


def bare(uri: str) -> str:
    """A URI or path without the keys and options that may stand in it."""
    return re.sub(r"//[^/@]*@", "//", uri.partition("?")[0]) if "://" in uri else uri


def objects(pattern: str) -> list[StorePath]:
    """What a URI names: one object, all below a prefix but hidden ones, or those that match a glob, in order of name.

    Raises:
        OutsideError: The store does not answer, or refuses.
    """
    # The first `?` is a wildcard unless options follow: those have a `=`.
    has_options = "=" in pattern.partition("?")[2]
    where, query = (pattern.partition("?")[0], "?" + pattern.partition("?")[2]) if has_options else (pattern, "")
    if wild := _WILD.search(where):
        base = where[: where.rfind("/", 0, wild.start())]
        matches = re.compile(_regex(where[len(base) + 1 :]))
        return [path for within, path in StorePath(base, query).below() if matches.fullmatch(within)]
    path = StorePath(where.rstrip("/"), query)
    if path.exists():
        return [path]
    return [path for within, path in path.below() if not any(part.startswith((".", "_")) for part in within.split("/"))]


def _regex(glob: str) -> str:
    """A glob as a regular expression; `**` is any number of folders."""
    parts = []
    for part in glob.split("/"):
        if part == "**":
            parts.append("(?:[^/]+/)*")
        else:
            inner = fnmatch.translate(part).removeprefix("(?s:").removesuffix(r")\Z").replace(".*", "[^/]*")
            parts.append(inner + "/")
    return "".join(parts).removesuffix("/")


class StorePath:
    """A file or directory at a URI; has of `pathlib.Path` what is used, and raises `OutsideError` where the store fails.

    Args:
        base: The URI without options.
        query: Its options, with the question mark.
        listed: Size and time of change, where a listing told them.
    """

    def __init__(self, base: str, query: str = "", *, listed: SimpleNamespace | None = None) -> None:
        self._base, self._query, self._listed = base, query, listed

    def __str__(self) -> str:
        return bare(self._base)

    @property
    def uri(self) -> str:
        """With its options, which may hold keys: for `place`, never for a message."""
        return self._base + self._query

    def __repr__(self) -> str:
        return f"StorePath({str(self)!r})"

    def __truediv__(self, name: str) -> Self:
        return type(self)(f"{self._base}/{name}", self._query)

    def __lt__(self, other: StorePath) -> bool:
        return self._base < other._base

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StorePath) and (self._base, self._query) == (other._base, other._query)

    def __hash__(self) -> int:
        return hash((self._base, self._query))

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self._base).name

    @property
    def stem(self) -> str:
        """As of `pathlib.Path`."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """As of `pathlib.Path`."""
        return PurePosixPath(self.name).suffix

    @property
    def suffixes(self) -> list[str]:
        """As of `pathlib.Path`."""
        return PurePosixPath(self.name).suffixes

    @property
    def parent(self) -> Self:
        """The directory that it is in."""
        return type(self)(self._base.rpartition("/")[0], self._query)

    def mkdir(self, **_: object) -> None:
        """Nothing: a store makes directories by themselves."""

    def chmod(self, mode: int) -> None:
        """Nothing: who may read is the bucket's policy."""

    def is_dir(self) -> bool:
        """False: what is listed are objects."""
        return False

    def exists(self) -> bool:
        """Whether there is such an object."""
        return bool(self._info().type.name == "File")

    def stat(self) -> SimpleNamespace:
        """Size in bytes, and nanoseconds since 1970 of the last change by the store's clock."""
        if self._listed:
            return self._listed
        info = self._info()
        if info.type.name != "File":
            raise FileNotFoundError(str(self))
        return _stat(info)

    def open(self, mode: str = "rb") -> IO[bytes]:  # noqa: ARG002  only reading
        """Open for reading from any place in it."""
        return cast("IO[bytes]", io.BufferedReader(self.arrow(), _BUFFER))

    def arrow(self) -> Any:  # noqa: ANN401  an Arrow file
        """Open as Arrow's own file, for what reads those."""
        with self._said() as (system, path):
            return system.open_input_file(path)

    def read_bytes(self) -> bytes:
        """All of it."""
        with self._said() as (system, path), system.open_input_stream(path, compression=None) as file:
            return cast("bytes", file.read())

    def read_text(self) -> str:
        """All of it, as UTF-8."""
        return self.read_bytes().decode()

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Remove it."""
        with self._said() as (system, path):
            if not missing_ok or self.exists():
                system.delete_file(path)

    def replace(self, target: StorePath) -> None:
        """Move it inside the store; it is there before it is gone here."""
        with self._said() as (system, path):
            there = _system(target._base, target._query)[1]
            _make_room(system, there)
            system.copy_file(path, there)
            system.delete_file(path)

    def glob(self, pattern: str) -> Iterator[StorePath]:
        """Objects below that match, in order of name."""
        # Only what comes before the first wildcard is listed.
        fixed = list(itertools.takewhile(lambda part: not _WILD.search(part), pattern.split("/")[:-1]))
        top = functools.reduce(lambda path, part: path / part, fixed, self)
        wanted = pattern.split("/")[len(fixed) :]
        for within, path in top.below(recursive=len(wanted) > 1):
            parts = within.split("/")
            if len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted)):
                yield path

    def below(self, *, recursive: bool = True) -> Iterator[tuple[str, StorePath]]:
        """Objects below, in order of name, each with its path from here."""
        from pyarrow import fs

        with self._said() as (system, path):
            found = system.get_file_info(fs.FileSelector(path, recursive=recursive, allow_not_found=True))
        for info in sorted(found, key=lambda info: info.path):
            if info.type == fs.FileType.File:
                within = info.path[len(path) :].lstrip("/")
                yield within, StorePath(f"{self._base}/{quote(within)}", self._query, listed=_stat(info))

    def rglob(self, pattern: str) -> Iterator[StorePath]:
        """Nothing: it is asked for what killed writers left behind, and an upload leaves nothing."""
        del pattern
        return iter(())

    def remove_tree(self) -> None:
        """Remove everything below."""
        with self._said() as (system, path):
            system.delete_dir_contents(path, missing_dir_ok=True)

    def upload(self, file: IO[bytes]) -> None:
        """Publish what a file holds; whoever reads sees the old object or the new one, whole."""
        with self._said() as (system, path):
            _make_room(system, path)
            with system.open_output_stream(path, compression=None) as out:
                while piece := file.read(_COPY):
                    out.write(piece)

    def download(self, file: IO[bytes]) -> None:
        """Copy it into a file."""
        with self._said() as (system, path), system.open_input_stream(path, compression=None) as source:
            while piece := source.read(_COPY):
                file.write(piece)

    def _info(self) -> Any:  # noqa: ANN401  an Arrow FileInfo
        with self._said() as (system, path):
            return system.get_file_info(path)

    @contextlib.contextmanager
    def _said(self) -> Iterator[tuple[Any, str]]:
        try:
            yield _system(self._base, self._query)
        except FileNotFoundError:
            raise
        except OSError as error:
            why = re.sub(r"\s+", " ", str(error))[:300]
            raise OutsideError(
                f"{self}: the store fails: {why}",
                fix="Check the bucket, its region and your credentials for it, and run again: what is done is kept.",
            ) from None


def _stat(info: Any) -> SimpleNamespace:  # noqa: ANN401  an Arrow FileInfo
    return SimpleNamespace(st_size=info.size, st_mtime_ns=info.mtime_ns)


def _make_room(system: Any, path: str) -> None:  # noqa: ANN401  an Arrow file system
    """Make the directory of a file where the store is one of directories."""
    if path.startswith("/"):
        system.create_dir(path.rpartition("/")[0])


@functools.lru_cache(maxsize=4096)
def _system(base: str, query: str) -> tuple[Any, str]:
    """The file system of a URI, and the path in it; file systems are made once, for they hold connections."""
    scheme, _, rest = base.partition("://")
    where, _, path = rest.partition("/")
    path = unquote(path)
    if scheme == "s3":
        return _s3(where, query), f"{where.rpartition('@')[2]}/{path}".rstrip("/")
    if scheme in ("abfs", "abfss"):
        system, container = _azure(where, query)
        return system, "/".join(part for part in (container, path) if part).rstrip("/")
    system = _other(f"{re.sub('^gcs', 'gs', scheme)}://{where}/", query)
    return (system, f"/{path}") if scheme == "file" else (system, f"{where.rpartition('@')[2]}/{path}".rstrip("/"))


@functools.lru_cache(maxsize=64)
def _s3(where: str, query: str) -> Any:  # noqa: ANN401  an Arrow file system
    from pyarrow import fs

    options: dict[str, Any] = dict(parse_qsl(query.removeprefix("?")))
    keys, _, bucket = where.rpartition("@")
    if keys:
        options["access_key"], _, options["secret_key"] = keys.partition(":")
    if "region" not in options and "endpoint_override" not in options:
        options["region"] = fs.resolve_s3_region(bucket)
    retries = fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS)
    try:
        return fs.S3FileSystem(
            **options, retry_strategy=retries, connect_timeout=_CONNECT_S, request_timeout=_REQUEST_S
        )
    except TypeError as error:
        raise UsageError(f"s3://{bucket}: {error}", fix="Correct the options behind the question mark.") from None


@functools.lru_cache(maxsize=64)
def _azure(where: str, query: str) -> tuple[Any, str]:
    """The file system of a storage account, and the container where it is in the address.

    Three forms are known: `container@account.dfs.core.windows.net`, `account.blob.core.windows.net` with the
    container as the beginning of the path, and `account@container`. The account may also be
    AZURE_STORAGE_ACCOUNT, and its key AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, as for Azure's own tools;
    without a key their other credentials are looked for.
    """
    from pyarrow import ArrowInvalid, fs

    options: dict[str, Any] = dict(parse_qsl(query.removeprefix("?")))
    user, _, host = where.rpartition("@")
    user, _, key = user.partition(":")
    first, _, domain = host.partition(".")
    account, container = user or os.environ.get("AZURE_STORAGE_ACCOUNT", ""), host
    if domain.startswith(("dfs.", "blob.")):
        account, container = first, user
        options.setdefault("blob_storage_authority", f".blob.{domain.partition('.')[2]}")
        options.setdefault("dfs_storage_authority", f".dfs.{domain.partition('.')[2]}")
    if not account:
        raise UsageError(
            f"abfs://{host}: it names no storage account.",
            fix="Write abfs://container@account.dfs.core.windows.net/path, or set AZURE_STORAGE_ACCOUNT.",
        )
    if options.pop("enable_tls", "true") == "false":
        options |= {"blob_storage_scheme": "http", "dfs_storage_scheme": "http"}
    key = unquote(key) or os.environ.get("AZURE_STORAGE_KEY", "")
    if key:
        options["account_key"] = key
    elif token := os.environ.get("AZURE_STORAGE_SAS_TOKEN"):
        options.setdefault("sas_token", token)
    try:
        return fs.AzureFileSystem(account, **options), container
    except (TypeError, ArrowInvalid) as error:
        why = str(error).splitlines()[0][:200].replace(key or "\n", "...")
        raise UsageError(f"abfs://{host}: {why}", fix="Correct the options behind the question mark.") from None


@functools.lru_cache(maxsize=64)
def _other(uri: str, query: str) -> Any:  # noqa: ANN401  an Arrow file system
    from pyarrow import ArrowInvalid, ArrowNotImplementedError, fs

    if uri.startswith("gs:") and "retry_limit_seconds" not in query:
        # Arrow would wait a quarter of an hour for credentials that are not there.
        query = f"{query}&retry_limit_seconds={_GOOGLE_S}" if query else f"?retry_limit_seconds={_GOOGLE_S}"
    try:
        return fs.FileSystem.from_uri(f"{uri}{query}")[0]
    except (ArrowInvalid, ArrowNotImplementedError) as error:
        why = str(error).splitlines()[0][:200]
        raise UsageError(f"{bare(uri)}: not a place that Arrow knows: {why}", fix="Correct the URI.") from None
