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
    "Asking for a colleague: ",
    "One more: ",
    "Hi there, ",
    "Beginner here. ",
)
_CLOSERS = (
    " Thanks!",
    " thx",
    " Thank you in advance.",
    " Only the standard library, please.",
    " No third-party packages allowed here.",
    " It has to run on our oldest server too.",
    " I always forget.",
    " Cheers",
    " A short answer is fine.",
    " Bonus points for an example.",
)
_CONTEXTS = (
    "We are moving an old reporting job off bash. ",
    "I'm reviewing a pull request and got stuck. ",
    "This is for a nightly script. ",
    "My tests are flaky because of this. ",
    "Writing a small tool for our lab. ",
    "I found three different ways to do it in our code. ",
    "Coming from Java, so bear with me. ",
    "Preparing a lesson for my students. ",
    "The linter complains about my own version. ",
    "I had this working years ago. ",
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
    """Ask a question in other words around it: half of the time something is said before, after or typed badly."""
    text = question
    for chance, change in ((0.16, _with_context), (0.16, _with_opener), (0.16, _with_closer), (0.14, _careless)):
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
