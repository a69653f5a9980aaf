"""The candidate's share of the default rule of a LaunchDarkly flag.

    python3 launchdarkly.py get          prints it, such as 0.05
    python3 launchdarkly.py set 0.25     sets it; a flag that is off stays off

LD_TOKEN                               access token that may write the flag
LD_PROJECT, LD_ENVIRONMENT, LD_FLAG    keys
LD_CONTROL, LD_TREATMENT               values of the two variations
LD_URL                                 https://app.launchdarkly.com, unless you are in another region

REST API: https://launchdarkly.com/docs/api/feature-flags/update-feature-flag
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

WHOLE = 100_000  # weights are in thousandths of a percent
ENVIRONMENT = os.environ["LD_ENVIRONMENT"]


def ask(method: str, body: object = None) -> dict:
    base = os.environ.get("LD_URL", "https://app.launchdarkly.com")
    path = f"/api/v2/flags/{quoted('LD_PROJECT')}/{quoted('LD_FLAG')}"
    query = f"?env={quoted('LD_ENVIRONMENT')}" if method == "GET" else ""
    kind = "application/json; domain-model=launchdarkly.semanticpatch"
    headers = {"Authorization": os.environ["LD_TOKEN"], "Content-Type": kind}
    request = urllib.request.Request(
        base + path + query, json.dumps(body).encode() if body else None, headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        sys.exit(f"LaunchDarkly answered {error.code}: {error.read(300).decode(errors='replace')}")


def quoted(name: str) -> str:
    return urllib.parse.quote(os.environ[name], safe="")


def position(flag: dict, name: str) -> int:
    values = [
        variation["value"] if isinstance(variation["value"], str) else json.dumps(variation["value"])
        for variation in flag["variations"]
    ]
    if os.environ[name] not in values:
        sys.exit(f"{name}: the flag has no variation {os.environ[name]!r}, but {', '.join(values)}")
    return values.index(os.environ[name])


def share(flag: dict) -> float:
    state = flag["environments"][ENVIRONMENT]
    rule = state["fallthrough"] if state["on"] else {"variation": state["offVariation"]}
    weights = (
        {rule["variation"]: WHOLE}
        if "rollout" not in rule
        else {part["variation"]: part["weight"] for part in rule["rollout"]["variations"]}
    )
    control, treatment = (weights.pop(position(flag, name), 0) for name in ("LD_CONTROL", "LD_TREATMENT"))
    if any(weights.values()):
        sys.exit("the default rule serves other variations, too")
    return treatment / (control + treatment)


def main() -> None:
    flag = ask("GET")
    if sys.argv[1] == "get":
        print(share(flag))
        return
    wanted = round(float(sys.argv[2]) * WHOLE)
    if wanted and not flag["environments"][ENVIRONMENT]["on"]:
        sys.exit("the flag is off: somebody has to turn it on")
    ids = [flag["variations"][position(flag, name)]["_id"] for name in ("LD_CONTROL", "LD_TREATMENT")]
    change = {
        "kind": "updateFallthroughVariationOrRollout",
        "rolloutWeights": {ids[0]: WHOLE - wanted, ids[1]: wanted},
    }
    rollout = flag["environments"][ENVIRONMENT]["fallthrough"].get("rollout", {})
    # Whoever has the candidate keeps it: the same attribute decides as before.
    if "bucketBy" in rollout:
        change["rolloutBucketBy"] = rollout["bucketBy"]
    if "contextKind" in rollout:
        change["rolloutContextKind"] = rollout["contextKind"]
    ask("PATCH", {"environmentKey": ENVIRONMENT, "comment": "llmci canary", "instructions": [change]})


if __name__ == "__main__":
    main()
