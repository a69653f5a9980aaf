"""Names of endpoints: who is asked, whatever is asked there; and which proxy stands before them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


def origin_of(url: str) -> str:
    """Scheme, host and port, such as `https://api.openai.com:443`; no path, no user, no password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def proxy_of(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy that the environment names for a URL (`https_proxy`, `http_proxy`, `no_proxy`); None is none.

    Asked once for an endpoint: aiohttp's own `trust_env` asks anew for every call, in other threads, and
    that is part of the latency that is measured.
    """
    from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # typed for macOS alone

    parts = urlsplit(url)
    named = environ.get(f"{parts.scheme}_proxy") or environ.get(f"{parts.scheme.upper()}_PROXY")
    if not named:
        return None
    spared = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return None if proxy_bypass_environment(parts.netloc.rpartition("@")[2], {"no": spared}) else named
