"""The manifests of docs/deployers hold what the published types of Argo Rollouts 1.8 and Kubernetes hold, and no other field.

    LLMCI_REAL=~/.cache/llmci-real python -m pytest tests/real/test_deployer_manifests.py

installs the types and TypeScript in that directory, once, from npm.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOYERS = Path(__file__).parents[2] / "docs" / "deployers"
PACKAGES = ("@kubernetes-models/argo-rollouts@2.0.0", "kubernetes-models@4.5.1", "typescript@5.9.3")
ARGO = "@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1"
MODELS = {
    "AnalysisTemplate": f"{ARGO}/AnalysisTemplate",
    "Rollout": f"{ARGO}/Rollout",
    "Deployment": "kubernetes-models/apps/v1/Deployment",
    "Service": "kubernetes-models/v1/Service",
}
REAL = os.environ.get("LLMCI_REAL")

pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not REAL, reason="LLMCI_REAL names no directory for the vendors' tools"),
    pytest.mark.skipif(not shutil.which("npm"), reason="there is no npm"),
]


@pytest.fixture(scope="module")
def place() -> Path:
    home = Path(REAL or "").expanduser().resolve() / "kubernetes-models"
    if not (home / "node_modules" / "typescript").is_dir():
        home.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--ignore-scripts", "--prefix", str(home), *PACKAGES]
        subprocess.run(command, check=True, capture_output=True, timeout=240)
    return home


def findings(place: Path, manifests: list[dict[str, Any]]) -> list[str]:
    """What the compiler says: it knows every field, and refuses others."""
    lines = []
    for number, manifest in enumerate(manifests):
        kind = manifest["kind"]
        lines.append(f'import {{ I{kind} as Kind{number} }} from "{MODELS[kind]}";')
        lines.append(f"export const manifest{number}: Kind{number} = {json.dumps(manifest)};")
    (place / "manifests.ts").write_text("\n".join(lines))
    command = [
        "node_modules/.bin/tsc",
        "--noEmit",
        "--strict",
        "--skipLibCheck",
        "--module",
        "nodenext",
        "manifests.ts",
    ]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False).stdout.splitlines()


@pytest.mark.parametrize("name", ["argo-rollouts.yaml", "argo-job.yaml", "serve.yaml"])
def test_every_field_is_known_and_of_its_type(place: Path, name: str) -> None:
    manifests = list(yaml.safe_load_all((DEPLOYERS / name).read_text()))

    assert findings(place, manifests) == []
    manifests[0]["spec"]["surprise"] = 1
    assert "surprise" in findings(place, manifests)[0]
