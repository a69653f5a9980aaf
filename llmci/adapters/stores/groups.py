"""A fitted grouping in one file, so that later windows join the clusters that there are.

Arrays rest as npz and everything else as JSON inside it; nothing is ever unpickled.
"""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from llmci.core.grouping.clusters import Clustering
from llmci.core.grouping.features import Vectorizer
from llmci.core.grouping.groups import Groups
from llmci.errors import UsageError
from llmci.files import write_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SCHEMA = "groups/1"
_FIX = "Fit the groups again with `llmci label --recluster`."


class GroupsFile:
    """Where a grouping rests.

    Args:
        path: The npz file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, groups: Groups, settings: Mapping[str, object]) -> None:
        """Write atomically, with the settings that it was fitted with."""
        about = {
            "schema": _SCHEMA,
            "settings": dict(settings),
            "trace_ids": groups.trace_ids,
            "names": groups.names,
            "topic_names": groups.topic_names,
            "sharpness": groups.clustering.sharpness,
            "neighbours": groups.clustering.neighbours,
            "hashing": groups.vectorizer.hashing if groups.vectorizer is not None else None,
        }
        arrays = {
            "about": np.frombuffer(orjson.dumps(about), np.uint8),
            "centres": groups.clustering.centres,
            "topics": groups.clustering.topics,
            "drawn": groups.clustering.drawn,
            "digests": groups.digests,
            "traces": groups.traces,
            **_reference_arrays(groups.reference),
        }
        if groups.vectorizer is not None:
            arrays["rarity"] = groups.vectorizer.rarity
            arrays["columns"] = groups.vectorizer.columns
            arrays["components"] = groups.vectorizer.components
        content = io.BytesIO()
        np.savez(content, **arrays)
        write_bytes(self._path, content.getvalue())

    def load(self) -> tuple[Groups, Mapping[str, object]] | None:
        """Read the grouping and its settings; None where there is none.

        Raises:
            UsageError: The file is damaged, or of a newer llmci.
        """
        try:
            with np.load(io.BytesIO(self._path.read_bytes()), allow_pickle=False) as arrays:
                about = orjson.loads(arrays["about"].tobytes())
                if about["schema"] != _SCHEMA:
                    raise UsageError(f"{self._path}: of another version of llmci.", fix=_FIX)
                return _groups(arrays, about), about["settings"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise UsageError(f"{self._path}: damaged ({type(error).__name__}).", fix=_FIX) from None


def _groups(arrays: Mapping[str, Any], about: Mapping[str, Any]) -> Groups:
    vectorizer = None
    if "rarity" in arrays:
        vectorizer = Vectorizer(
            arrays["rarity"],
            arrays["columns"],
            arrays["components"],
            # Groups that say nothing of it were fitted before there was more than one.
            hashing=about.get("hashing") or 1,
        )
    return Groups(
        vectorizer=vectorizer,
        clustering=Clustering(
            arrays["centres"],
            arrays["topics"],
            arrays["drawn"],
            # As groups were fitted that say nothing of it.
            sharpness=about.get("sharpness") or 1.0,
            neighbours=about.get("neighbours") or 10,
        ),
        reference=_reference(arrays),
        digests=arrays["digests"],
        traces=arrays["traces"],
        trace_ids=tuple(about["trace_ids"]),
        names=tuple(about["names"]),
        topic_names=tuple(about["topic_names"]),
    )


def _reference_arrays(reference: Any) -> dict[str, Any]:  # noqa: ANN401  an array, or scipy's sparse rows
    if isinstance(reference, np.ndarray):
        return {"reference": reference}
    return {
        "reference_data": reference.data,
        "reference_indices": reference.indices,
        "reference_indptr": reference.indptr,
        "reference_shape": np.array(reference.shape),
    }


def _reference(arrays: Mapping[str, Any]) -> Any:  # noqa: ANN401  see above
    if "reference" in arrays:
        return arrays["reference"]
    from scipy import sparse

    parts = (arrays["reference_data"], arrays["reference_indices"], arrays["reference_indptr"])
    return sparse.csr_matrix(parts, shape=tuple(arrays["reference_shape"]))
