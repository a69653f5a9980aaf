"""Names of software that are people's as well: what stands around them tells which it is."""

from __future__ import annotations

import re

# Languages, libraries, models and services that are called like somebody.
NAMES = frozenset(
    """
    ada alexa ansible basil bard bert cassandra celery claude clementine crystal cypher dart delphi django eiffel elixir ember erlang
    fiona flask flora gatsby gemma gherkin grace griffin grok haskell hugo jasmine jekyll jenkins jinja julia jupyter kafka kai keras kotlin
    laravel llama lua luigi marvin maven mercurial mistral nim opal pascal perl phoenix portia puppet python pytorch ray redis rich rocky ruby
    rust scala selenium sinatra siri spring stan stella swift tornado vagrant vercel watson wren
    """.split()  # noqa: SIM905  words read more easily without quotes
)
_OTHERS = (
    r"(?:Python|Java|JavaScript|TypeScript|C|C\+\+|C#|Go|Golang|Rust|PHP|Perl|R|SQL|MATLAB|Fortran|COBOL|Lisp|Clojure|Haskell|Scala|Kotlin|Swift|Ruby|Julia|Ada|Pascal"
    r"|Lua|Elixir|Erlang|Dart|Django|Flask|Rails|React|Angular|Vue|Node(?:\.js)?|Docker|Kubernetes|Jenkins|Ansible|Terraform|Kafka|Redis|Cassandra|GPT(?:-\d\w*)?|Claude|Gemini|Llama|Mistral)"
)
_BEFORE = re.compile(
    r"(?i:\b(?:written|writing|write it|rewritten|implement(?:ed|ation)?|coded?|coding|program(?:med|ming)?|scripts?|develop(?:ed|ment)?|built|build|compiled?|support for|"
    r"install(?:ed|ing)?|import(?:ed|ing)?|upgrad(?:e|ed|ing)(?: to)?|version of|language)(?: it)?(?: (?:in|with|using|for|as|is|called))? )$"
    rf"|(?<!\w){_OTHERS}(?:, (?:and |or )?| and | or |/| & | vs\.? )$|(?<!\w){_OTHERS}['’]s $"
)
_AFTER = re.compile(
    r"[ -](?i:scripts?|code|coding|codebase|programs?|programm(?:ing|ers?)|languages?|gems?|packages?|librar(?:y|ies)|modules?|compilers?|interpreters?|runtimes?|notebooks?"
    r"|frameworks?|syntax|functions?|developers?|api|sdk|cli|apps?|servers?|clusters?|pipelines?|plugins?|models?|on rails|repl|bindings?|backends?|jobs?|files?|version)\b"
    rf"|[ ]v?\d+(?:\.\d+)*\b(?! (?:years?|times))|(?:,| and| or|/| &| vs\.?) ?(?:and |or )?{_OTHERS}(?!\w)|['’]s (?:syntax|compiler|runtime|standard library|package manager|documentation|{_OTHERS})\b"
)
_WIDEST = 40


def is_software(text: str, start: int, end: int) -> bool:
    """Whether a word is rather the name of a language or a tool than of a person there."""
    if text[start:end].casefold() not in NAMES:
        return False
    return _AFTER.match(text, end) is not None or _BEFORE.search(text, max(0, start - _WIDEST), start) is not None
