"""`questions`: made-up traffic of a shop with a known topic for each question."""

from __future__ import annotations

import random

_ASKED = {
    "parcel": (
        "where is my parcel with the {thing}",
        "my {thing} parcel has not arrived",
        "track the parcel for my {thing} please",
        "the courier lost the parcel with my {thing}",
    ),
    "refund": (
        "i want a refund for the {thing}",
        "when will the refund of my {thing} be paid",
        "refund the money for this broken {thing}",
        "how long does a refund for a {thing} take",
    ),
    "password": (
        "i forgot my password, how do i reset it for the {thing} account",
        "reset my password please, {thing} login fails",
        "password reset mail for the {thing} login never came",
        "cannot log in, the password for {thing} is refused",
    ),
    "invoice": (
        "send me the invoice of the {thing} order",
        "the invoice for the {thing} shows a wrong tax number",
        "i need an invoice with my company name for the {thing}",
        "invoice missing for {thing} purchase",
    ),
    "opening": (
        "when does the shop open on sunday to look at a {thing}",
        "opening hours of the store near the station with {thing}",
        "is the store open on holidays for buying a {thing}",
        "what are your opening hours for the {thing} counter",
    ),
}
_THINGS = [
    "lamp",
    "chair",
    "kettle",
    "bicycle",
    "camera",
    "jacket",
    "table",
    "phone",
    "mirror",
    "blanket",
    "drill",
    "printer",
]
TOPICS = tuple(_ASKED)


def questions(count: int, seed: int = 1, topics: tuple[str, ...] = TOPICS) -> list[tuple[str, str]]:
    """Questions with their topics, in random order; some come twice, as traffic does."""
    rng = random.Random(seed)
    asked = []
    for _ in range(count):
        topic = rng.choice(topics)
        asked.append((rng.choice(_ASKED[topic]).format(thing=rng.choice(_THINGS)), topic))
    return asked
