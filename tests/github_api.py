"""A stand-in for GitHub's REST API over real HTTP: comments and pull requests of one repository."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

BOT = "github-actions[bot]"


@dataclass
class GithubApi:
    """What the server holds and what it was asked.

    Attributes:
        login: Who the token is; None is a workflow's token, which may not ask.
        refusals: Answers to give first, as (method, status, headers); each is used once.
        artifacts: Newest first; `content` is the zip file.
        merge_base: Of whatever is compared.
        ancestors: Pairs of a commit and one that was built upon it.
        tokens_elsewhere: What was sent along to the place where artifacts are kept.
        asked: Every request, as "METHOD path".
    """

    login: str | None = None
    comments: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    merge_base: str = ""
    ancestors: set[tuple[str, str]] = field(default_factory=set)
    tokens_elsewhere: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    address: str = ""

    def say(self, body: str, login: str = BOT) -> None:
        number = len(self.comments) + 1
        url = f"https://forge.example/comments/{number}"
        self.comments.append({"id": number, "body": body, "user": {"login": login}, "html_url": url})

    def bodies(self, login: str = BOT) -> list[str]:
        return [comment["body"] for comment in self.comments if comment["user"]["login"] == login]

    def writes(self) -> list[str]:
        return [asked for asked in self.asked if not asked.startswith("GET")]

    def environ(self, **changes: str) -> dict[str, str]:
        """That of a job on a repository called shop/app."""
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.address,
            "GITHUB_REPOSITORY": "shop/app",
            "GITHUB_SERVER_URL": "https://forge.example",
            "GITHUB_RUN_ID": "77",
            "GITHUB_TOKEN": "token-of-the-job",
        } | changes

    def answer(self, method: str, target: str, payload: dict[str, Any]) -> tuple[int, object]:
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        match (method, path.split("/")[1:]):
            case ("GET", ["user"]):
                return (200, {"login": self.login}) if self.login else (403, {})
            case ("GET", ["repos", "shop", "app", "issues", _, "comments"]):
                return 200, _page(self.comments, query)
            case ("POST", ["repos", "shop", "app", "issues", _, "comments"]):
                self.say(payload["body"], self.login or BOT)
                return 201, self.comments[-1]
            case ("PATCH", ["repos", "shop", "app", "issues", "comments", number]):
                self.comments[int(number) - 1]["body"] = payload["body"]
                return 200, self.comments[int(number) - 1]
            case ("GET", ["repos", "shop", "app", "pulls"]):
                return 200, _page([pull for pull in self.pulls if pull["head"]["label"] == query["head"][0]], query)
        return self.told_of_runs(method, path, query)

    def told_of_runs(self, method: str, path: str, query: dict[str, list[str]]) -> tuple[int, object]:
        """What earlier runs left, and how commits hang together."""
        match (method, path.split("/")[1:]):
            case ("GET", ["repos", "shop", "app", "actions", "artifacts"]):
                items = [{key: item[key] for key in item if key != "content"} for item in self.artifacts]
                return 200, {"total_count": len(items), "artifacts": _page(items, query)}
            case ("GET", ["repos", "shop", "app", "actions", "artifacts", number, "zip"]):
                return 302, {"Location": f"{self.address}/kept/{number}"}
            case ("GET", ["kept", number]):
                return 200, next(item["content"] for item in self.artifacts if str(item["id"]) == number)
            case ("GET", ["repos", "shop", "app", "compare", both]):
                before, after = both.split("...")
                status = "ahead" if (before, after) in self.ancestors else "diverged"
                return 200, {"status": status, "merge_base_commit": {"sha": self.merge_base}}
        return 404, {}


def _page(items: list[dict[str, Any]], query: dict[str, list[str]]) -> list[dict[str, Any]]:
    size, number = int(query["per_page"][0]), int(query["page"][0])
    return items[(number - 1) * size : number * size]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def _handle(self) -> None:
        api = self.server.api
        length = int(self.headers.get("Content-Length") or 0)
        payload = json.loads(self.rfile.read(length)) if length else {}
        api.asked.append(f"{self.command} {self.path}")
        api.tokens.add(self.headers.get("Authorization", ""))
        status, content = 0, b""
        headers: dict[str, str] = {}
        for at, (method, refused, given) in enumerate(api.refusals):
            if method == self.command:
                status, headers = refused, given
                del api.refusals[at]
                break
        if not status:
            status, answer = api.answer(self.command, self.path, payload)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            if status == 302 and isinstance(answer, dict):
                headers, content = answer, b""
            if self.path.startswith("/kept/"):
                api.tokens_elsewhere.append(self.headers.get("Authorization", ""))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = _handle  # noqa: N815  the server's own names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    api: GithubApi


@contextmanager
def github_api() -> Iterator[GithubApi]:
    """Serve on a free port of this machine."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.api = GithubApi(address=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
