"""The candidate's share as the pass percentage of a rule of a Statsig gate.

    python3 statsig.py get          prints it, such as 0.05
    python3 statsig.py set 0.25     sets it; a gate that is disabled stays disabled

STATSIG_CONSOLE_KEY      Console API key that may write
STATSIG_GATE             id of the gate: who passes gets the candidate
STATSIG_RULE             name of the rule
STATSIG_URL              https://statsigapi.net, by default

Console API: https://docs.statsig.com/api-reference/gates/update-gate-rules
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

# What the API takes of a rule; the rest is read-only.
FIELDS = ("id", "baseID", "name", "passPercentage", "conditions", "environments", "returnValue")


def ask(method: str, path: str = "", body: object = None) -> dict:
    base = os.environ.get("STATSIG_URL", "https://statsigapi.net")
    gate = urllib.parse.quote(os.environ["STATSIG_GATE"], safe="")
    headers = {
        "STATSIG-API-KEY": os.environ["STATSIG_CONSOLE_KEY"],
        "STATSIG-API-VERSION": "20240601",
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(
        f"{base}/console/v1/gates/{gate}{path}", json.dumps(body).encode() if body else None, headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)["data"]
    except urllib.error.HTTPError as error:
        sys.exit(f"Statsig answered {error.code}: {error.read(300).decode(errors='replace')}")


def main() -> None:
    gate = ask("GET")
    named = [rule for rule in gate["rules"] if rule["name"] == os.environ["STATSIG_RULE"]]
    if len(named) != 1:
        sys.exit(f"the gate has {len(named)} rules of the name {os.environ['STATSIG_RULE']!r}")
    rule = named[0]
    if sys.argv[1] == "get":
        print(rule["passPercentage"] / 100 if gate["isEnabled"] else 0.0)
        return
    wanted = float(sys.argv[2]) * 100
    if wanted and not gate["isEnabled"]:
        sys.exit("the gate is disabled: somebody has to enable it")
    changed = {name: rule[name] for name in FIELDS if rule.get(name) is not None} | {"passPercentage": round(wanted, 4)}
    ask("PATCH", f"/rules/{urllib.parse.quote(rule['id'], safe='')}", changed)


if __name__ == "__main__":
    main()
