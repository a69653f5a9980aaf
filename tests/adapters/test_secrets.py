"""Keys and passwords are found by their form, by their place, or by the word beside them; what refers to one is none."""

from __future__ import annotations

import random
import string

import pytest
from growth import grows_in_proportion

from llmci.adapters.recognizers.secrets import SecretsRecognizer
from llmci.core.privacy.values import is_code, is_filler, is_random
from llmci.seams import Context, Leaf

RANDOM = random.Random(5)
BASE62 = string.ascii_letters + string.digits


def drawn(length: int, alphabet: str = BASE62) -> str:
    return "".join(RANDOM.choice(alphabet) for _ in range(length - 1)) + "7"


@pytest.fixture(scope="module")
def recognizer() -> SecretsRecognizer:
    return SecretsRecognizer(SecretsRecognizer.Options(), Context.__new__(Context))


def found(recognizer: SecretsRecognizer, text: str) -> set[str]:
    return {text[s.start : s.end] for s in recognizer.find([Leaf(text)])[0]}


@pytest.mark.parametrize(
    "secret",
    [
        f"AKIA{drawn(16, string.ascii_uppercase + string.digits)}",
        f"ghp_{drawn(36)}",
        f"github_pat_{drawn(60)}",
        f"glpat-{drawn(20)}",
        f"xoxb-{drawn(12, string.digits)}-{drawn(24)}",
        f"sk-proj-{drawn(48)}",
        f"sk_live_{drawn(24)}",
        f"AIza{drawn(35)}",
        f"hf_{drawn(34)}",
        f"npm_{drawn(36)}",
        f"SG.{drawn(22)}.{drawn(43)}",
        f"dop_v1_{drawn(64, '0123456789abcdef')}",
        f"eyJhbGciOiJIUzI1NiJ9.{drawn(40)}.{drawn(43)}",
        f"pul-{drawn(40, '0123456789abcdef')}",
        f"{drawn(32, '0123456789abcdef')}-us18",
        f"aB18Q~{drawn(34)}",
        f"pat{drawn(14)}.{drawn(64, '0123456789abcdef')}",
        f"M{drawn(23)}.{drawn(6)}.{drawn(38)}",
        f"{drawn(6)}_{drawn(29)}_mmk",
        f"rzp_live_{drawn(14)}",
        f"ops_eyJ{drawn(700)}",
        f"sk_{drawn(48, '0123456789abcdef')}",
    ],
    ids=lambda secret: secret[:6],
)
@pytest.mark.parametrize("around", ["{}", "see {} there", '"{}"', "key={};", "(`{}`)"])
def test_a_token_is_found_wherever_it_stands(recognizer: SecretsRecognizer, secret: str, around: str) -> None:
    assert any(secret in value for value in found(recognizer, around.format(secret)))


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgres://admin:s3cr3t-Pa55@db.internal:5432/prod", "admin:s3cr3t-Pa55@db.internal:5432"),
        ("postgresql://user:secret@localhost/db", "user:secret@localhost"),
        ("git clone https://ci:s3cr3t-Pa55@example.com/repo.git", "ci:s3cr3t-Pa55"),
        ("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("Authorization: Bearer abc123def456ghi7", "abc123def456ghi7"),
        ('curl -u "elastic:P@ssw0rd$1" https://localhost:9200', "elastic:P@ssw0rd$1"),
        ("curl -X POST \\\n  --user elastic:P4ssw0rd https://localhost:9200", "elastic:P4ssw0rd"),
        ("Authorization: Token 22cb987851bc5659229114c62e60c79abd0d2c08", "22cb987851bc5659229114c62e60c79abd0d2c08"),
        ("https://outlook.office.com/webhook/9da5da9c-4218@2f2b54b7-0141-4ba7/IncomingWebhook/1bf66cc/99", "9da5da9c-4218@2f2b54b7-0141-4ba7/IncomingWebhook/1bf66cc/99"),
        ("$9$TnGXafE4KGHOVU$pEhnEvxrvaynpi8j4f.EMHr6M.FzU8xnZnBr/tJdFWk", "$9$TnGXafE4KGHOVU$pEhnEvxrvaynpi8j4f.EMHr6M.FzU8xnZnBr/tJdFWk"),
        ("Unseal Key 2: 0tZn+7QQCxphpHwTm7/dC3LpP5JGIbYl3PK8Sy81R+P2", "0tZn+7QQCxphpHwTm7/dC3LpP5JGIbYl3PK8Sy81R+P2"),
        ("facebook 1308742762612587|rhoK1cbv0DOU_RTX_87O4MkX7AI", "1308742762612587|rhoK1cbv0DOU_RTX_87O4MkX7AI"),
        ('VAULT_TOKEN="s.Z4bTMtngfLeQ18AqVoBBkUAOD1"', "s.Z4bTMtngfLeQ18AqVoBBkUAOD1"),
        ("mysql -h db -p Sup3rS3cret", "Sup3rS3cret"),
        ("psexec \\\\10.0.0.1 -u Administrator -p braksha7 cmd", "braksha7"),
        ("my password is Tr0ub4dor&3 can you reset it", "Tr0ub4dor&3"),
        ("DB_PASSWORD=hunter2x", "hunter2x"),
        (":password       => '4ian1234',", "4ian1234"),
        ("aws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCYzzEXAMPLEKEY1", "wJalrXUtnFEMIK7MDENGbPxRfiCYzzEXAMPLEKEY1"),
        ('"client_secret": "9f8e7d6c5b4a39281706f5e4d3c2b1a0"', "9f8e7d6c5b4a39281706f5e4d3c2b1a0"),
        ('<add key="SmtpPassword" value="Prest1gitariu$"/>', "Prest1gitariu$"),
        ('new NetworkCredential("jo", "AP7JaG9ToerxBc6g")', "AP7JaG9ToerxBc6g"),
        ("token=xoxp-1137266-99a7b1c2d3&channel=C4D8D3XMX", "xoxp-1137266-99a7b1c2d3"),
    ],
)  # fmt: skip
def test_a_place_or_a_word_gives_a_secret_away(recognizer: SecretsRecognizer, text: str, secret: str) -> None:
    assert secret in found(recognizer, text)


_ASSIGNMENTS = (
    '{name}Token="{value}"', "{name}Token = {value}", '{{\n    "{name}_token": "{value}"\n}}', '{{ \\"{name}_token\\": \\"{value}\\" }}',
    "<{name}Token>{value}</{name}Token>", "<{name}Token>\n    {value}\n</{name}Token>", "{name}_token: {value}", "{name}_token: '{value}'",
    "{name}_token: |\n  {value}", "{name}_token: >\n  {value}", 'string {name}Token = "{value}";', 'var {name}Token string = "{value}"',
    "{name}Token := `{value}`", '${name}Token .= "{value}"', "{name}Token,{value},", '"{name}Token" => "{value}"', '{name}_TOKEN := "{value}"',
    '{name}_TOKEN ::= "{value}"', '{name}_TOKEN ?= "{value}"', '{name}_TOKEN += "{value}"', "export {name}_API_KEY={value}", "--{name}-token {value}",
    'variable "{name}_token" {{\n  default = "{value}"\n}}', "X-Api-Key: {value}", '{name}.setAuthToken("{value}")', "?access_token={value}&x=1",
    'const {name}_token: string = "{value}";', "| {name}_token | {value} |", "{name}_token\t{value}", "ENV {name}_TOKEN {value}", "set {name}_token {value}",
    "- name: {name}_TOKEN\n  value: {value}", '{{"name": "{name}_token", "value": "{value}"}}', "my api key is {value}", "TF_VAR_{name}_token={value}",
)  # fmt: skip


@pytest.mark.parametrize("form", _ASSIGNMENTS)
def test_a_drawn_value_is_found_in_every_way_of_assigning_it(recognizer: SecretsRecognizer, form: str) -> None:
    for value in (drawn(32, "0123456789abcdef"), drawn(40), drawn(32, string.ascii_lowercase + string.digits)):
        assert value in found(recognizer, form.format(name="airtable", value=value))


@pytest.mark.parametrize(
    ("text", "login"),
    [
        ("user = 'jquagmire'\npassword = 'Tr0ub4dor&3'", "jquagmire"),
        ("Server=db;User Id=jquagmire;Password=Tr0ub4dor&3;", "jquagmire;Password=Tr0ub4dor&3"),
        ("psexec \\\\10.0.0.1 -u jquagmire -p braksha7 cmd", "jquagmire"),
        ("connect -user jqm@firma.example -password Tr0ub4dor&3", "jqm@firma.example"),
        ("machine example.com login jquagmire password Tr0ub4dor&3", "jquagmire"),
        ("password: Tr0ub4dor&3\nusername: jquagmire", "jquagmire"),
    ],
)
def test_the_login_goes_with_its_password(recognizer: SecretsRecognizer, text: str, login: str) -> None:
    assert login in found(recognizer, text)


def test_a_login_without_a_password_is_no_secret(recognizer: SecretsRecognizer) -> None:
    assert found(recognizer, "user = 'jquagmire'\ncolor = 'green'") == set()


def test_a_private_key_goes_as_a_whole_and_without_its_end_too(recognizer: SecretsRecognizer) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE\n-----END OPENSSH PRIVATE KEY-----"

    assert key in found(recognizer, f"my key:\n{key}\nthanks")
    assert max(found(recognizer, key[:70]), key=len) == key[:70]


@pytest.mark.parametrize(
    "text",
    [
        "Enter your password: it must have 8 characters, 1 digit and 1 symbol!",
        "1. **Passenger details:** First name, **Passes Display:** none",
        "password = os.environ['DB_PASSWORD']",
        "password: ${DB_PASSWORD}",
        "export TOKEN=$GITHUB_TOKEN",
        "api_key: <your-api-key>",
        "API_KEY=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "secret_length = X25519.secret_length",
        "max_tokens: 4096, completion_tokens=1234567890",
        '"credentialId": "29f63271-dc2f-4734-8221-5b31b5169bac"',
        "tool_call_id='call_VybxG748CQId8Xxo6wb2pWy1'",
        "chatcmpl-BhGJDsZlpk55owZCjMyJl8TOGqk0H",
        'passwordLabel:"Password:",rememberMeLabel:"Remember me:"',
        'get "/passwords/:id/edit" => "cms/sites/passwords#edit"',
        "commit 3f2a9c1e8b7d6a5f4e3d2c1b0a9f8e7d6c5b4a39",
        "uuid 123e4567-e89b-42d3-a456-426614174000",
        "curl -u $USER:$PASS https://example.com and curl -u user:<password> https://example.com",
        "aws_access_key: AKIAIOSFODNN7EXAMPLE",
        "config_path: /srv/app and client_pattern=abc",
        "| 2024 | 12 | a|b |",
        "keyboard: mechanical, hotkey = ctrl+alt+del",
        "bucket_key: SalesResults-1.2",
        "see src/auth/token_store.py and token.json",
        'const keyChars = "0123456789abcdefghijklmnopqrstuvwxyz_-."',
        "pass force_zip64 to use the format, or pass *attrs* instances",
        "s.AcceptanceTimeoutSeconds and s.makeKubeConfigController",
        "assets/box.ico-7a388b69018576d24b59331fd60aab0c.png",
        "<monkey>banana</monkey>",
        "# public key: age1epzmwwzw8n09slh0c7z1z52x43nnga7lkksx3qrh07tqz5v7lcys45428t",
        "GPG key: F3EF5F62A87FC27A22E643F714CE4FF5015AA242",
        "var privateKey = pki.privateKeyToAsn1(key), password = auth[1], pgPass = require('pgpass')",
        "if check_password(p): return jsonify({'message': 'Login successful'})",
        "e.g. `user` in `https://user:pass@example.com`",
        "the key is a1b2c3d4 and the api key is short",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(recognizer: SecretsRecognizer, text: str) -> None:
    assert found(recognizer, text) == set()


@pytest.mark.parametrize(
    "piece",
    [
        "password=",
        "eyJabcdefghij.",
        "-----BEGIN PRIVATE KEY",
        "curl -u a:b ",
        "token: ",
        "http://a:b",
        "-u x -p ",
    ],
)
def test_the_time_grows_no_faster_than_the_text(recognizer: SecretsRecognizer, piece: str) -> None:
    assert grows_in_proportion(lambda count: recognizer.find([Leaf(piece * count)]))


@pytest.mark.parametrize("value", ["xxxxxxxxxxxx", "your-api-key", "<password>", "changeme", "aaaaaaa", "abcdefgh"])
def test_a_filler_is_known(value: str) -> None:
    assert is_filler(value)


@pytest.mark.parametrize(
    "value", ["$HOME", "${{ secrets.X }}", "getPassword()", "config.secret", "/etc/passwd", "arn:aws:iam::1"]
)
def test_a_reference_is_known(value: str) -> None:
    assert is_code(value)


def test_random_strings_are_told_from_words() -> None:
    assert sum(is_random(drawn(24)) for _ in range(200)) > 197
    assert not any(
        is_random(w) for w in ("SalesResults-1.2", "jjwt-jackson-0.11.2", "NEXUS-GPT4-API-KEY", "2024-05-01")
    )
