"""How people say the same thing: variations of a question, and what of themselves they let slip."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_OPENERS = (
    "Hi, ",
    "Hello! ",
    "Hey, ",
    "Quick one: ",
    "Morning. ",
    "Sorry to bother you again. ",
    "One more: ",
    "Hi there, ",
    "Beginner here. ",
    "So, ",
    "ok next: ",
    "Me again. ",
)
_CLOSERS = (
    " Thanks!",
    " thx",
    " Thank you in advance.",
    " I always forget.",
    " Cheers",
    " A short answer is fine.",
    " ?",
    " pls",
    " Ta.",
    " Any hint helps.",
)
_CONTEXTS = (
    "We are moving an old job off bash. ",
    "I'm reviewing a pull request. ",
    "This is for a nightly script. ",
    "My tests are flaky because of this. ",
    "Writing a small tool for our lab. ",
    "Our code does it in three ways. ",
    "Coming from Java, so bear with me. ",
    "Preparing a lesson. ",
    "The linter complains about my version. ",
    "I had this working years ago. ",
    "Asking for a colleague. ",
    "No third-party packages here. ",
    "It has to run on the oldest server too. ",
    "Stuck since lunch. ",
    "Migrating from Perl. ",
    "My notebook kernel hides the docs. ",
    "Ticket says it must be done today. ",
    "Reading somebody else's code. ",
    "For a kata. ",
    "Interview tomorrow. ",
)
_SLIPS = (
    "My name is {name}, you can reach me at {email}. {question}",
    "{question} Please send the answer to {email} as well.",
    "{question} If that's too long to type, call me on {phone}.",
    "{question}\n\nBest regards,\n{name}\n{email}\n{phone}",
    "Our log says `login failed for {email}`, but that is another story. {question}",
    "I'm {name} from accounting. {question}",
    "{question} By the way, I still see my card {card} in the invoice sample, can you remove it?",
    '{question} My config has api_key = "{key}" in it, is that a problem?',
    '{question}\n```\nimport os\nos.environ["SERVICE_TOKEN"] = "{key}"\n```',
    "We connect with postgresql://reports:{password}@db.reports.example:5432/prod and it works. {question}",
    "{question} For the ticket: customer {name}, phone {phone}, card {card}.",
)


def varied(question: str, random: Random) -> str:
    """Ask a question in other words around it: now and then something is said before or after, or it is typed badly."""
    text = question
    for chance, change in ((0.12, _with_context), (0.15, _with_opener), (0.15, _with_closer), (0.15, _careless)):
        if random.random() < chance:
            text = change(text, random)
    return text


def slipped(question: str, random: Random, values: dict[str, str]) -> tuple[str, list[str]]:
    """Ask a question and let personal data or a secret slip.

    Args:
        values: `name`, `email`, `phone`, `card`, `key` and `password`.

    Returns:
        The text, and the names of the values that are in it.
    """
    template = random.choice(_SLIPS)
    used = [name for name in values if f"{{{name}}}" in template]
    return template.format(question=question, **values), used


def _with_context(text: str, random: Random) -> str:
    return random.choice(_CONTEXTS) + text


def _with_opener(text: str, random: Random) -> str:
    return random.choice(_OPENERS) + text


def _with_closer(text: str, random: Random) -> str:
    return text + random.choice(_CLOSERS)


def _careless(text: str, random: Random) -> str:
    """Lower case, no question mark, and two letters swapped in one of the longer words."""
    words = list(re.finditer(r"\b[a-z]{6,}\b", text))
    text = text.rstrip("?.")
    if words:
        place = random.choice(words).start() + random.randrange(1, 4)
        text = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[0].lower() + text[1:]
