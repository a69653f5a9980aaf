"""The candidate's share as the coverage of a rollout rule of a GrowthBook feature.

    python3 growthbook.py get          prints it, such as 0.05
    python3 growthbook.py set 0.25     sets it, and publishes; a rule that is disabled stays disabled

GROWTHBOOK_TOKEN      secret key or personal access token that may publish
GROWTHBOOK_FEATURE    id of the feature: who is covered gets the candidate
GROWTHBOOK_RULE       id of its rollout rule
GROWTHBOOK_URL        https://api.growthbook.io, or your own API host

REST API, version 2: https://docs.growthbook.io/api/features-v2/operation/updateFeatureV2
"""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request


def ask(method: str, body: object = None) -> dict:
    base = os.environ.get("GROWTHBOOK_URL", "https://api.growthbook.io")
    feature = urllib.parse.quote(os.environ["GROWTHBOOK_FEATURE"], safe="")
    headers = {"Authorization": f"Bearer {os.environ['GROWTHBOOK_TOKEN']}", "Content-Type": "application/json"}
    request = urllib.request.Request(
        f"{base}/api/v2/features/{feature}", json.dumps(body).encode() if body else None, headers, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)["feature"]
    except urllib.error.HTTPError as error:
        sys.exit(f"GrowthBook answered {error.code}: {error.read(300).decode(errors='replace')}")


def main() -> None:
    feature = ask("GET")
    named = [
        rule for rule in feature["rules"] if rule["id"] == os.environ["GROWTHBOOK_RULE"] and rule["type"] == "rollout"
    ]
    if not named:
        sys.exit(f"the feature has no rollout rule {os.environ['GROWTHBOOK_RULE']!r}")
    rule = named[0]
    serves = rule.get("enabled", True) and not feature.get("archived")
    if sys.argv[1] == "get":
        print(rule["coverage"] if serves else 0.0)
        return
    wanted = float(sys.argv[2])
    if wanted and not serves:
        sys.exit("the rule is disabled: somebody has to enable it")
    rule["coverage"] = wanted
    # The rules are replaced as a whole: all of them, as they were read, go back.
    ask("POST", {"rules": feature["rules"]})


if __name__ == "__main__":
    main()
