"""litellm, set up so that it neither tells anybody what it does nor fetches its prices from the network."""

from __future__ import annotations

import logging
import os
from typing import Any


def quiet_litellm() -> Any:  # noqa: ANN401  a module
    """Import litellm, which takes 3 CPU-seconds: only where a model is really called."""
    # Read while it is imported: without it, prices are fetched from the network.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    # It logs requests that fail, and those hold user text.
    logging.getLogger("LiteLLM").setLevel(logging.CRITICAL)
    return litellm
