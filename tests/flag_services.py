"""What LaunchDarkly, Statsig and GrowthBook answer to what the recipes ask, after the vendors' references.

https://launchdarkly.com/docs/api/feature-flags, https://docs.statsig.com/console-api,
https://docs.growthbook.io/api/features-v2
"""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "s3cret"
_RULE = ("id", "baseID", "name", "passPercentage", "conditions", "environments", "returnValue")


class Refused(Exception):
    """Answered with a status other than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class LaunchDarkly:
    """A flag with two variations in one environment."""

    def __init__(self) -> None:
        self.on = True
        self.fallthrough: dict[str, Any] = {"variation": 0}
        self.values: list[Any] = ["baseline", "candidate"]

    def environ(self, url: str) -> dict[str, str]:
        keys = {"PROJECT": "shop", "ENVIRONMENT": "production", "FLAG": "bot"}
        named = {"TOKEN": KEY, "CONTROL": "baseline", "TREATMENT": "candidate", "URL": url}
        return {f"LD_{name}": value for name, value in (keys | named).items()}

    def answer(self, method: str, path: str, headers: Any, body: Any) -> dict[str, Any]:
        if headers["Authorization"] != KEY:
            raise Refused(401, "invalid key")
        if urlsplit(path).path != "/api/v2/flags/shop/bot":
            raise Refused(404, "no such flag")
        if method == "PATCH":
            self._patch(headers, body)
        variations = [{"_id": f"v-{at}", "value": value} for at, value in enumerate(self.values)]
        state = {"on": self.on, "offVariation": 0, "fallthrough": self.fallthrough}
        return {"key": "bot", "variations": variations, "environments": {"production": state}}

    def _patch(self, headers: Any, body: Any) -> None:
        if "domain-model=launchdarkly.semanticpatch" not in headers["Content-Type"]:
            raise Refused(400, "a patch is a list of operations")
        if body.get("environmentKey") != "production":
            raise Refused(400, "environmentKey is required")
        [change] = body["instructions"]
        weights = change["rolloutWeights"]
        if change["kind"] != "updateFallthroughVariationOrRollout" or sum(weights.values()) != 100_000:
            raise Refused(400, "weights must add up to 100000")
        parts = [{"variation": int(name.removeprefix("v-")), "weight": weight} for name, weight in weights.items()]
        kept = {"contextKind": change.get("rolloutContextKind", "user")}
        kept |= {"bucketBy": change["rolloutBucketBy"]} if "rolloutBucketBy" in change else {}
        self.fallthrough = {"rollout": {**kept, "variations": parts}}


class Statsig:
    """A gate with two rules."""

    def __init__(self) -> None:
        self.enabled = True
        others = {"conditions": [{"type": "public"}], "environments": None}
        self.rules = [
            {"id": f"r{at}:10.00:1", "baseID": f"r{at}", "name": name, "passPercentage": 10, **others}
            for at, name in enumerate(("staff", "everyone"))
        ]

    def environ(self, url: str) -> dict[str, str]:
        keys = {"CONSOLE_KEY": KEY, "GATE": "bot", "RULE": "everyone", "URL": url}
        return {f"STATSIG_{name}": value for name, value in keys.items()}

    def answer(self, method: str, path: str, headers: Any, body: Any) -> dict[str, Any]:
        if headers["STATSIG-API-KEY"] != KEY or headers["STATSIG-API-VERSION"] != "20240601":
            raise Refused(401, "invalid key")
        if method == "PATCH":
            named = [rule for rule in self.rules if path == f"/console/v1/gates/bot/rules/{rule['id']}"]
            if not named or not {"name", "passPercentage", "conditions"} <= body.keys() <= set(_RULE):
                raise Refused(400, "not a rule of the gate")
            named[0] |= body
        elif path != "/console/v1/gates/bot":
            raise Refused(404, "no such gate")
        read_only = {"completedAutomatedRollouts": []}
        return {
            "message": "ok",
            "data": {"id": "bot", "isEnabled": self.enabled, "rules": [r | read_only for r in self.rules]},
        }


class GrowthBook:
    """A feature with a forced value and a rollout."""

    def __init__(self) -> None:
        common = {"description": "", "condition": "", "enabled": True, "allEnvironments": True}
        self.rules: list[dict[str, Any]] = [
            {**common, "id": "fr_1", "type": "force", "value": "true"},
            {**common, "id": "fr_2", "type": "rollout", "value": "true", "coverage": 0.05, "hashAttribute": "id"},
        ]
        self.archived = False

    def environ(self, url: str) -> dict[str, str]:
        keys = {"TOKEN": KEY, "FEATURE": "bot", "RULE": "fr_2", "URL": url}
        return {f"GROWTHBOOK_{name}": value for name, value in keys.items()}

    def answer(self, method: str, path: str, headers: Any, body: Any) -> dict[str, Any]:
        if headers["Authorization"] != f"Bearer {KEY}":
            raise Refused(401, "invalid key")
        if path != "/api/v2/features/bot":
            raise Refused(404, "no such feature")
        if method == "POST":
            for rule in body["rules"]:
                if rule["type"] == "rollout" and not 0 <= rule["coverage"] <= 1:
                    raise Refused(400, "coverage is within 0 and 1")
            # The whole array is replaced.
            self.rules = body["rules"]
        return {"feature": {"id": "bot", "archived": self.archived, "rules": self.rules}}


@contextlib.contextmanager
def serving(service: LaunchDarkly | Statsig | GrowthBook) -> Iterator[str]:
    """The address of a service on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_PATCH(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size)) if size else None
            try:
                status, said = 200, service.answer(self.command, unquote(self.path), self.headers, body)
            except Refused as refused:
                status, said = refused.status, {"message": str(refused)}
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with listening(Handler) as address:
        yield address


@contextlib.contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server on this machine that answers as the handler does."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
