"""Files in object stores (S3, GCS, Azure) and behind any other URI that Arrow reads, used like local paths.

Credentials come from where the store's own tools find them (environment, configuration files, the machine's role);
options of the file system stand in the URI: `s3://bucket/logs/*.jsonl?region=eu-west-1&endpoint_override=...`.
"""

from __future__ import annotations

import fnmatch
import hashlib
import io
import re
from functools import cached_property
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import IO, Any, cast

from llmci.errors import OutsideError, UsageError

SCHEMES = ("s3", "gs", "gcs", "abfs", "abfss", "hdfs", "viewfs", "file")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://")
_WILD = re.compile(r"[*?\[]")
_BUFFER = 1 << 20


class ObjectPath:
    """A file at a URI; has of `pathlib.Path` what the sources of files use.

    Args:
        uri: With the file system's options as its query.
        size: In bytes, where it is known.
        changed: Nanoseconds since 1970 of the last change, likewise.
    """

    def __init__(self, uri: str, *, size: int | None = None, changed: int | None = None) -> None:
        self._uri, self.size, self.changed = uri, size, changed

    def __str__(self) -> str:
        return self._uri

    def __lt__(self, other: ObjectPath) -> bool:
        return self._uri < other._uri

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePosixPath(self._uri.partition("?")[0]).name

    def stat(self) -> SimpleNamespace:
        """Size, as of `pathlib.Path`."""
        return SimpleNamespace(st_size=self.size or 0)

    @property
    def shown(self) -> str:
        """Its name without keys and options."""
        return bare(self._uri)

    @property
    def suffix(self) -> str:
        """As of `pathlib.Path`."""
        return PurePosixPath(self.name).suffix

    @property
    def suffixes(self) -> list[str]:
        """As of `pathlib.Path`."""
        return PurePosixPath(self.name).suffixes

    @cached_property
    def _place(self) -> tuple[Any, str]:
        return _file_system(self._uri)

    def open(self, mode: str = "rb") -> IO[bytes]:  # noqa: ARG002  only reading
        """Open for reading from any place in it."""
        system, path = self._place
        return cast("IO[bytes]", io.BufferedReader(system.open_input_file(path), _BUFFER))

    def arrow(self) -> Any:  # noqa: ANN401  an Arrow file
        """Open as Arrow's own file, for what reads those."""
        system, path = self._place
        return system.open_input_file(path)

    @property
    def fingerprint(self) -> str:
        """Changes when the object does: of its name, size and time of change, so that nothing is read for it."""
        return hashlib.sha256(f"{self._uri} {self.size} {self.changed}".encode()).hexdigest()


def is_uri(pattern: str) -> bool:
    """Whether a path of the configuration is a URI.

    Raises:
        UsageError: It is one of a store that is not read.
    """
    match = _SCHEME.match(pattern)
    if match is None:
        return False
    if match[1] not in SCHEMES:
        raise UsageError(f"{match[1]}:// is not read.", fix=f"Use a local path or one of: {', '.join(SCHEMES)}.")
    return True


def objects(pattern: str, *, source: str) -> list[ObjectPath]:
    """Objects that a URI names: one, all below a prefix, or those that match a glob.

    Raises:
        UsageError: There is none.
        OutsideError: The store does not answer, or refuses.
    """
    from pyarrow import fs

    place, question, query = pattern.partition("?") if _SCHEME.match(pattern) and not _is_glob_question(pattern) else (pattern, "", "")  # fmt: skip
    wild = _WILD.search(place)
    base = place[: place.rfind("/", 0, wild.start())] if wild else place
    try:
        system, path = _file_system(f"{base}{question}{query}")
        info = system.get_file_info(path)
        if info.type == fs.FileType.File and not wild:
            found = [info]
        else:
            found = system.get_file_info(fs.FileSelector(path, recursive=True, allow_not_found=True))
    except OSError as error:
        raise _refused(pattern, source, error) from None
    matches = re.compile(_regex(place[len(base) :].lstrip("/"))) if wild else None
    paths = []
    for entry in found:
        within = entry.path[len(path) :].lstrip("/")
        hidden = any(part.startswith((".", "_")) for part in within.split("/"))
        if entry.type != fs.FileType.File or (matches.fullmatch(within) is None if matches else hidden and within):
            continue
        uri = f"{base.rstrip('/')}/{within}" if within else base
        paths.append(ObjectPath(f"{uri}{question}{query}", size=entry.size, changed=entry.mtime_ns))
    if not paths:
        raise UsageError(f"source {source!r}: no object matches {place}.", fix="Correct `path:` of the source.")
    return sorted(paths)


def _is_glob_question(pattern: str) -> bool:
    """Whether the first `?` is a wildcard: a query has a `=`."""
    return "=" not in pattern.partition("?")[2]


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


def _file_system(uri: str) -> tuple[Any, str]:
    from pyarrow import ArrowInvalid, ArrowNotImplementedError, fs

    try:
        system, path = fs.FileSystem.from_uri(re.sub("^gcs:", "gs:", uri))
    except (ArrowInvalid, ArrowNotImplementedError) as error:
        raise UsageError(f"{bare(uri)}: not a place that Arrow reads: {str(error).splitlines()[0][:200]}", fix="Correct `path:` of the source.") from None  # fmt: skip
    return system, path


def bare(uri: str) -> str:
    """Without options, which may hold keys."""
    return re.sub(r"//[^/@]*@", "//", uri.partition("?")[0])


def _refused(pattern: str, source: str, error: OSError) -> OutsideError:
    why = re.sub(r"\s+", " ", str(error))[:300]
    return OutsideError(
        f"source {source!r}: {bare(pattern)} cannot be listed: {why}",
        fix="Check the bucket's name, its region and your credentials for it.",
    )
