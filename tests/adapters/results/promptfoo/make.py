"""Runs promptfoo on sums: `python make.py VERSION FIRST LAST OUTPUT.json`."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def config(version: int, numbers: range) -> dict[str, object]:
    return {
        "description": "sums",
        "prompts": ["Add {{a}} and {{b}}"],
        "providers": [{"id": f"file://{HERE / 'adder.js'}", "label": "adder", "config": {"version": version}}],
        "tests": [
            {
                "vars": {"a": a, "b": 3},
                "metadata": {"parity": "odd" if a % 2 else "even"},
                "assert": [
                    {"type": "equals", "value": str(a + 3), "metric": "sum"},
                    {"type": "javascript", "value": "output.length < 4"},
                ],
            }
            for a in numbers
        ],
    }


def main(version: str, first: str, last: str, output: str) -> None:
    written = Path(output).with_suffix(".config.json")
    written.write_text(json.dumps(config(int(version), range(int(first), int(last) + 1))))
    flags = ["--no-cache", "--no-table", "--no-progress-bar"]
    subprocess.run(["promptfoo", "eval", "-c", str(written), "-o", output, *flags], check=False)
    written.unlink()


main(*sys.argv[1:])
