"""Spans that another tool finds, for `benchmarks/sanitize.py --peer`; runs in that tool's own environment.

    PEER_PYTHON benchmarks/peer_spans.py scrubadub|datafog < texts.jsonl > spans.jsonl

The first line written holds the tool's version; every other one spans, and the last processor seconds.
"""

import json
import sys
import time
from typing import Any

KINDS = {
    "email": "EMAIL_ADDRESS",
    "phone": "PHONE_NUMBER",
    "ssn": "US_SSN",
    "social_security_number": "US_SSN",
    "credit_card": "CREDIT_CARD",
    "ip_address": "IP_ADDRESS",
    "dob": "DATE_TIME",
    "date_of_birth": "DATE_TIME",
    "zip": "ZIP_CODE",
    "name": "PERSON",
    "de_iban": "IBAN_CODE",
    "twitter": "USER_ID",
    "url": "URL",
    "credential": "SECRET",
}


def scrubadub_finder() -> tuple[str, Any]:
    import scrubadub

    scrubber = scrubadub.Scrubber()
    return scrubadub.__version__, lambda text: [(f.beg, f.end, f.type) for f in scrubber.iter_filth(text)]


def datafog_finder() -> tuple[str, Any]:
    import datafog
    from datafog.processing.text_processing.regex_annotator import RegexAnnotator

    annotator = RegexAnnotator()
    return datafog.__version__, lambda text: [
        (s.start, s.end, s.label) for s in annotator.annotate_with_spans(text)[1].spans
    ]


def main() -> None:
    version, find = {"scrubadub": scrubadub_finder, "datafog": datafog_finder}[sys.argv[1]]()
    texts = [json.loads(line) for line in sys.stdin]
    find("warm up: a@b.example")
    print(json.dumps(version))
    started = time.process_time()
    found = [find(text) for text in texts]
    seconds = time.process_time() - started
    for spans in found:
        print(
            json.dumps([{"start": a, "end": b, "type": KINDS.get(kind.lower(), kind.upper())} for a, b, kind in spans])
        )
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
