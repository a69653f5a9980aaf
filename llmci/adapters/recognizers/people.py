"""Names of people, without a model: cues in the sentence, known first and last names, capitals."""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import TYPE_CHECKING

from llmci.adapters.recognizers.gates import Gate
from llmci.core.privacy.words import COMMON
from llmci.domain.finding import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

UPPER = "A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĖĘĚĜĞĠĢĤĦĨĪİĴĶĹĻĽŁŃŅŇŌŐŒŔŖŘŚŜŞŠŢŤŦŨŪŮŰŲŴŶŸŹŻŽΑ-ΩА-Я"
_CAPITAL = rf"[{UPPER}](?:[^\W\d_]|['’](?=[^\W\d_]{{2}})|-(?=[^\W\d_]))+"
_PARTICLE = r"(?:van der|van den|van|von|de la|de los|de|del|della|da|dos|di|du|la|le|bin|ibn|al|el|ter|zu|y|st\.)(?= )"
# Words in capitals beside each other, with initials and particles between them.
_RUN = re.compile(
    rf"(?<![\w@#/\\.$-]){_CAPITAL}(?:[ ](?:[A-Z]\.?(?=[ ])|{_PARTICLE}(?=[ ]){{0,1}}|{_CAPITAL}|[{UPPER}][a-z]?\.))*",
    0,
)
_FULL = rf"(?:[A-Z]\.[ ]?){{0,2}}{_CAPITAL}(?:[ ](?:[A-Z]\.|{_PARTICLE}|{_CAPITAL})){{0,4}}"
_LOWER = r"[^\W\d_]{2,}(?:[ '’-][^\W\d_]{2,}){0,2}"

# In capitals as they are written: "ms" and "don" are in every other text.
_TITLES = (
    "Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Sra|Sr|Herr|Herrn|Frau|Mme|Monsieur|Madame|Señor|Señora|Don|Doña|Sir|Lady|Captain"
    "|Officer|Rev|Judge"
)
_CUES = tuple(
    re.compile(cue)
    for cue in (
        (
            r"(?i:\b(?=[bcimnost\u041c])(?:my (?:full |first |last |real )?name(?:'s|’s| is|:)|names?:|name (?:is|of|to)|this is|i am|i['’]m"
            r"|call me|called|named|it['’]?s|speaking with|on behalf of|mi nombre es|me llamo|ich hei(?:ß|ss)e|mein name ist"
            rf"|mi chiamo|je m['’]appelle|Меня зовут))[ ]+(?P<name>{_FULL})"
        ),
        (
            r"(?i:\b(?=[acdfglnpsu])(?:customer|patient|passenger|client|user|contact|account holder|card ?holder|guest|full|first|last|sur"
            rf"|author|attn|dear|name on (?:the |my )?card)(?:[ _]?name)?(?:'s name)?(?:[ ]is)?[ ]?[:=]?[ ]+[\"']?)(?P<name>{_FULL})"
        ),
        (rf"\b(?:{_TITLES})\.?[ ]+(?P<name>{_FULL})"),
        (
            r"(?im:^[\s>*\-|\"']*(?:hi|hello|hey|dear|hola|hallo|bonjour|thanks|thank you|ciao|good (?:morning|afternoon|evening))"
            rf",?[ ]+(?:there,?[ ]+)?)(?P<name>{_FULL})(?=\s*(?:[,!.:;?\n]|$))"
        ),
        (
            r"(?im:\b(?=[bcgrstwy])(?:regards|sincerely|cheers|thanks|thank you|best|wishes|yours|saludos|grüße),?\s+[-–—]?\s*)"
            rf"(?P<name>{_FULL})[ \t]*(?m:$)"
        ),
        (
            r"(?i:\b(?=[abcfgst])(?:say hi to|greetings to|contact|speak (?:to|with)|talk to|cc|from|to|by|and))[ ]+"
            rf"(?P<known>{_FULL})"
        ),
    )
)
_LOWER_CUES = re.compile(
    rf"(?i:\b(?=[imn])(?:my (?:full )?name(?:['’]?s| is)?|name is|i am called|name:)|^name)[ ]+(?P<name>{_LOWER})"
)
# Asian scripts have no capitals: a name stands before a title or after a cue.
_OTHER_SCRIPTS = (
    re.compile(
        r"(?P<name>[\u4e00-\u9fff\u3040-\u30ff]{1,4}[ 　]?[\u4e00-\u9fff\u3040-\u30ff]{1,4}?)(?=さん|様|氏|先生|女士)"
    ),
    re.compile(r"(?:我叫|我的名字是|名前は)[ ]?(?P<name>[\u4e00-\u9fff\u3040-\u30ff]{2,4})"),
    re.compile(r"(?:اسمي)[ ]+(?P<name>[\u0621-\u064a]{2,}(?:[ ](?!و)[\u0621-\u064a]{2,}){0,2})"),
)
# Of each cue, and of the one in lower case, words of which a text must hold one.
_GATE = Gate(
    [
        words.split("|")
        for words in (
            "name|this is|i am|i'm|i’m|call|it's|it’s|its|speaking|behalf|nombre|llamo|hei|chiamo|appelle|зовут",
            "customer|patient|passenger|client|user|contact|holder|guest|full|first|last|sur|author|attn|dear|card",
            "mr|ms|miss|mx|dr|prof|sra|sr|herr|frau|mme|monsieur|madame|señor|don|doña|sir|lady|captain|officer|rev|judge",
            "hi|hello|hey|dear|hola|hallo|bonjour|thank|ciao|good",
            "regards|sincerely|cheers|thank|best|wishes|yours|saludos|grüße",
            "say|greetings|contact|speak|talk|cc|from|to|by|and",
            "name|called",
        )
    ]
)
# Of the cue that is a title, its bit.
_TITLED = 1 << 2
_EACH_TITLE = tuple(_TITLES.split("|"))
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LOWER_PAIR = re.compile(r"(?<![\w@./-])([a-z]{2,}) ([a-z]{2,})(?![\w@/-])")
_LOWER_WORD = re.compile(r"(?<![\w@./-])[^\W\d_]{4,}(?![\w@/-])")
_LIST = re.compile(
    rf"(?<!\w){_CAPITAL}(?: {_CAPITAL})?(?:, {_CAPITAL}(?: {_CAPITAL})?){{1,12}},? (?:and|or|&|y|und|et) {_CAPITAL}(?: {_CAPITAL})?"
)
_BEFORE_LAST_ITEM = (" and ", " or ", " & ", " y ", " und ", " et ")
ITEM = re.compile(rf"{_CAPITAL}(?: {_CAPITAL})?")
_BEFORE_PLACES = frozenset({"san", "santa", "são", "saint", "fort", "port", "los", "las", "new", "mount", "lake"})
_MASKED = re.compile(r"(?m)^[ \t>|*]*(?P<last>[A-Z][a-z]+),[ ]?(?P<first>[A-Z][a-z]+)(?=[,;|\t]|$)")
# Who wrote to whom, at the head of a mail: last names first.
_HEADER = re.compile(
    r"(?m)^[ \t>|]*(?:From|To|Cc|CC|Bcc|Von|An|De|À|Para)[ \t]{0,3}:[ \t]{0,3}(?P<names>[^\n]{3,2000})"
)
_LAST_FIRST = re.compile(
    rf"(?<![^;\s\"'])(?P<found>{_CAPITAL}(?:[ ]{_CAPITAL}){{0,2}}, {_CAPITAL}(?:[ ]{_CAPITAL}|[ ][A-Z]\.?)?)(?=\s*(?:[;<\"'(\[]|$))"
)
# Found by a form that is nothing else: whatever the tagger thinks of it.
HEADED = "structured.header"

# Capitalised words that start sentences, head tables or stand for things.
_NO_NAMES = frozenset(
    """
    st rt re fwd fyi lol omg via ps tv pm am a id ids about access account actions active actually add additionally address after again agent ai air airline
    airlines airport all already also although always am american an and another any anyone anything apart api
    app apple application apply april are area as ask assist assistant at august available avenue back bank
    based because before below best book booking bot both bring business but button by cabin call can cancel
    canceled canceling canceled card cards case cell certificate change changes check checking choose city class
    click close co code college come company complete confirm confirmation contact continue copy corp correct
    cost could country create credit currency current currently customer customers dashboard data date day days
    dear december department departure description destination details device did direct do does doing done down
    due duration each early economy either email end english enter error even evening ever every everyone
    everything example excuse extra february fee feel feeling file final find first flight flights follow
    following for found free friday from full general get getting give given go god going good got great group
    had happy has have having he hello help her here hey hi him his hold home hope hotel hour hours house how
    however i if im immediately important in inc incorrect information instead insurance interested into
    international internet is it item items its january july june just keep king know language last late later
    let like limited line list listed llc llm loading location log logged looking looks lost ltd madam main make
    many march may maybe me meanwhile medical member membership men message method mobile moment monday money
    month more morning most move mr mrs ms much must my name need needed network never new next nice night no
    none nope not note nothing november now number october of off offer office ok okay old on once one online
    only open option options or order orders original other otherwise our out outside over own page part
    passenger passengers password pay payment payments people per perfect perhaps person phone place plan plane
    platform please plus policy post premium previous price pro proceed process product products profile project
    provide provided purchase put question questions quick quite rather read reason recently ready received
    regarding regards remaining reply report request required reservation reservations reset respond response
    result return returning review right road roaming round route same saturday say schedule school search
    second see seem segment select send september server service services session set settings several she
    should show sign simply since single sir size skip so some someone something soon sorry south status still
    stop store street such sunday support sure system table take talk team technical tell terms test text than
    thank thanks that the their them then there therefore these they thing things think this those though three
    through thursday ticket time title to today together token tomorrow tonight too total tool track traffic
    transfer travel traveling travelling trip trouble trust try trying tuesday turn two type unable under
    understand understood united university unfortunately unless until up update upgrade upon upset url us use
    user users using usually valid very via view visit wait wants was watch way we web website wednesday week
    weekend welcome well went were what whatever when where whether which while who whole whom whose why will
    window wish with within without women won wonderful work works world would write wrong year years yes
    yesterday yet you your yours yourself zip agreed alright absolutely certainly definitely unhappy frustrated
    stuck afraid curious confused concerned disappointed glad tired sick not trying calling writing having
    currently really also located based born ready able aware willing planning english french german spanish
    italian chinese japanese indian british european african asian canadian mexican python java javascript json
    html css sql linux windows android ios chrome safari google amazon microsoft facebook paypal visa mastercard
    amex discover discover uber netflix twitter instagram whatsapp github gitlab slack openai azure aws
    """.split()  # noqa: SIM905  words read more easily without quotes
)
# After such a word a run of capitals is a place, a firm or a thing.
_NO_LAST = frozenset(
    """
    international street st avenue ave road rd drive dr lane ln boulevard blvd court place square way highway park river lake
    mountain island city county state airport station university college school hospital bank ltd inc llc corp
    co company group center centre hotel museum church bridge building tower house foundation institute
    association society club league team band album song film movie book times post news press tv radio airlines
    airways records studios
    """.split()  # noqa: SIM905  words read more easily without quotes
)
# First names that are rather a place or a thing when they stand alone.
_RATHER_NOT = frozenset(
    """
    charlotte savannah sydney chelsea florence madison brooklyn salvador orlando milan santiago lourdes sidney jordan angel francisco chen kai ari jin jun lee min mei wei ming yang
    ying xin ray logan dale lance jean jesus ida ina per liv uma lou ole ram kim sander said tracy devon homer
    virgil milton lara chandra usha
    """.split()  # noqa: SIM905  words read more easily without quotes
)


def people(text: str, extra: frozenset[str]) -> Iterator[Span]:
    """Names of people in a text; `extra` are first names that the project knows, in lower case."""
    opened = _opened(text)
    # Nearly every pattern wants a capital, which chats are written without.
    if not text.islower():
        for index, cue in enumerate(_CUES):
            if opened >> index & 1:
                for match in cue.finditer(text):
                    group = "name" if "name" in cue.groupindex else "known"
                    yield from _cued(match[group], match.start(group), extra, must_be_known=group == "known")
        for match in _RUN.finditer(text):
            yield from _in_run(match[0], match.start(), extra)
        for match in _MASKED.finditer(text) if "," in text else ():
            if match["last"].casefold() in last_names() or match["first"].casefold() in first_names():
                yield Span(match.start("last"), match.end("last"), "PERSON", 0.7, "structured.name")
                yield Span(match.start("first"), match.end("first"), "PERSON", 0.7, "structured.name")
        yield from _listed(text, extra)
        yield from _headed(text) if ", " in text and ":" in text else ()
    for pattern in _OTHER_SCRIPTS if not text.isascii() else ():
        for match in pattern.finditer(text):
            yield Span(match.start("name"), match.end("name"), "PERSON", 0.8, "structured.cue")
    yield from _lower(text, extra, cued=bool(opened >> len(_CUES)))


def _opened(text: str) -> int:
    """The bits of the cues that a text may hold."""
    opened = _GATE.open(text)
    titled = opened & _TITLED and any(title in text for title in _EACH_TITLE)
    return opened if titled else opened & ~_TITLED


def lists(text: str) -> Iterator[re.Match[str]]:
    """Lists of words in capitals, such as Malon, Mark and Kaylee; looked for where there is a comma and a last item."""
    if ", " in text and any(joint in text for joint in _BEFORE_LAST_ITEM):
        yield from _LIST.finditer(text)


def is_first_name(word: str, extra: frozenset[str]) -> bool:
    """Whether a word is a known first name."""
    folded = word.casefold().split("-")[0]
    return folded in first_names() or folded in extra


def looks_like_a_person(text: str, extra: frozenset[str]) -> bool:
    """Whether a whole value, found under a key such as `name`, is a person's name."""
    words = _WORD.findall(text)
    if not 1 <= len(words) <= 4 or any(c.isdigit() for c in text) or words[-1].casefold() in _NO_LAST:
        return False
    known = is_first_name(words[0], extra)
    if len(words) == 1:
        return known and words[0].casefold() not in COMMON
    return (known or words[-1].casefold() in last_names()) and all(w[0].isupper() or len(w) <= 3 for w in words)


def _cued(name: str, start: int, extra: frozenset[str], *, must_be_known: bool) -> Iterator[Span]:
    """The words of a name after a cue, up to the first that is none."""
    end = 0
    words = list(_WORD.finditer(name))
    for index, match in enumerate(words):
        word = match[0].casefold()
        if word in _NO_NAMES and not (index and word in last_names()):
            break
        if index and word in _NO_LAST and word not in last_names():
            return
        end = match.end()
    taken = [match[0] for match in words if match.end() <= end]
    if not taken or not any(word[0].isupper() for word in taken):
        return
    if must_be_known and not is_first_name(taken[0], extra) and taken[-1].casefold() not in last_names():
        return
    code = len(taken) == 1 and taken[0].isupper() and len(taken[0]) <= 4
    if must_be_known and len(taken) == 1 and (code or taken[0].casefold() in _RATHER_NOT):
        return
    if code and not is_first_name(taken[0], extra):
        return
    score = 0.7 if must_be_known else 0.9 if is_first_name(taken[0], extra) else 0.85
    yield Span(start, start + end, "PERSON", score, "structured.cue")


def _in_run(run: str, start: int, extra: frozenset[str]) -> Iterator[Span]:
    """People in words in capitals: from a known first name on, or up to a known last name."""
    words = list(_WORD.finditer(run))
    index = 0
    while index < len(words):
        after_place = index and words[index - 1][0].casefold() in _BEFORE_PLACES
        stop = index if after_place else _end_of_name(words, index, extra)
        if stop > index:
            known = stop > index + 1 and is_first_name(words[index][0], extra)
            score = 0.9 if known else 0.75
            yield Span(start + words[index].start(), start + words[stop - 1].end(), "PERSON", score, "structured.name")
            index = stop
        else:
            index += 1


def _end_of_name(words: list[re.Match[str]], index: int, extra: frozenset[str]) -> int:
    """Where the name that starts at a word ends; the same index if none does."""
    first = words[index][0].casefold()
    if first in _NO_NAMES and first not in COMMON:
        return index
    known = is_first_name(first, extra) or (first in COMMON and first in first_names())
    stop = index + 1
    while stop < len(words) and stop - index < 4:
        word = words[stop][0]
        folded = word.casefold()
        if folded in _NO_LAST:
            return index
        if folded in _NO_NAMES and folded not in last_names():
            break
        stop += 1
    following = [words[i][0] for i in range(index + 1, stop)]
    has_last = any(word.casefold() in last_names() for word in following)
    if known:
        # Three or four capitals on their own are a code, such as that of an airport.
        code = words[index][0].isupper() and len(first) <= 4
        doubtful = first in COMMON or first in _RATHER_NOT or code
        return index if doubtful and not following else stop
    if has_last and first not in COMMON | _NO_LAST and len(first) > 1 and len(following) <= 2:
        return stop
    return index


def _listed(text: str, extra: frozenset[str]) -> Iterator[Span]:
    """All of a list of words in capitals, where half of them are known names: Malon, Mark and Kaylee."""
    for match in lists(text):
        items = list(ITEM.finditer(text, match.start(), match.end()))
        firsts = [item[0].split()[0].casefold() for item in items]
        known = sum(is_first_name(first, extra) or first in last_names() for first in firsts)
        if 2 * known >= len(items) and not any(first in _NO_NAMES and first not in COMMON for first in firsts):
            for item in items:
                yield Span(item.start(), item.end(), "PERSON", 0.7, "structured.list")


def _headed(text: str) -> Iterator[Span]:
    for header in _HEADER.finditer(text):
        start, names = header.start("names"), header["names"]
        for match in _LAST_FIRST.finditer(names):
            yield Span(start + match.start("found"), start + match.end("found"), "PERSON", 0.9, HEADED)


def _lower(text: str, extra: frozenset[str], *, cued: bool) -> Iterator[Span]:
    for match in _LOWER_CUES.finditer(text) if cued else ():
        yield from _cued_lower(match["name"], match.start("name"), extra)
    for match in _LOWER_PAIR.finditer(text):
        first, last = match[1], match[2]
        if is_first_name(first, extra) and last in last_names() and first not in COMMON and last not in COMMON:
            yield Span(match.start(), match.end(), "PERSON", 0.6, "structured.name")
    if text.islower():
        for match in _LOWER_WORD.finditer(text):
            if is_first_name(match[0], extra) and match[0] not in COMMON | _RATHER_NOT:
                yield Span(match.start(), match.end(), "PERSON", 0.5, "structured.name")


def _cued_lower(name: str, start: int, extra: frozenset[str]) -> Iterator[Span]:
    end = 0
    for match in _WORD.finditer(name):
        word = match[0].casefold()
        if word in _NO_NAMES or word in ("ssn", "dob", "email", "phone"):
            break
        end = match.end()
    if end and (" " in name[:end] or is_first_name(name[:end], extra)):
        yield Span(start, start + end, "PERSON", 0.7, "structured.cue")


@functools.cache
def first_names() -> frozenset[str]:
    """The built-in first names, in lower case."""
    return _names("first_names.txt")


@functools.cache
def last_names() -> frozenset[str]:
    """The built-in last names, in lower case."""
    return _names("last_names.txt")


def _names(file: str) -> frozenset[str]:
    text = resources.files("llmci.adapters.recognizers").joinpath(file).read_text(encoding="utf-8")
    return frozenset(text.casefold().split())
