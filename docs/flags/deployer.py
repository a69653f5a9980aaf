"""The weight that Flagger or Argo Rollouts gives the candidate now, from the cluster that this runs in.

    python3 deployer.py get          prints it, such as 0.05
    python3 deployer.py set 0.25     refuses: it is the deployer's to move

KUBE_RESOURCE    apis/flagger.app/v1beta1/namespaces/shop/canaries/bot, or
                 apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/bot, which needs traffic routing
KUBE_URL         https://kubernetes.default.svc, by default
KUBE_ACCOUNT     directory of the service account's token and ca.crt; by default where Kubernetes mounts it

The account has to be allowed to `get` the resource.
"""

import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path


def main() -> None:
    if sys.argv[1] != "get":
        sys.exit("the deployer moves the weight; leave --apply out")
    account = Path(os.environ.get("KUBE_ACCOUNT", "/var/run/secrets/kubernetes.io/serviceaccount"))
    base = os.environ.get("KUBE_URL", "https://kubernetes.default.svc")
    trusted = ssl.create_default_context(cafile=account / "ca.crt") if base.startswith("https:") else None
    headers = {"Authorization": f"Bearer {(account / 'token').read_text().strip()}"}
    request = urllib.request.Request(f"{base}/{os.environ['KUBE_RESOURCE']}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30, context=trusted) as reply:
            status = json.load(reply).get("status", {})
    except urllib.error.HTTPError as error:
        sys.exit(f"Kubernetes answered {error.code}")
    if "canaryWeight" in status:
        print(status["canaryWeight"] / 100)
        return
    try:
        print(status["canary"]["weights"]["canary"]["weight"] / 100)
    except (KeyError, TypeError):
        sys.exit("the status has no weight: Argo Rollouts writes one only with traffic routing")


if __name__ == "__main__":
    main()
