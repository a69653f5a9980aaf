"""Values that can be brought back: a token takes their place, and the sealed value goes to a vault.

AES-SIV (RFC 5297) with a key of its own: authenticated, and the same for the same value and kind, so that equal values
keep equal tokens and workers agree without talking. The token is the first half of the synthetic initialisation vector,
which is a keyed hash; the sealed value is needed to open it, and the key to open that.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode

TOKEN = re.compile(r"\[([A-Z][A-Z_]{0,40})_([0-9a-f]{16})\]")
_DIGITS = 16


class WrongKeyError(ValueError):
    """A sealed value was sealed with another key, or was changed."""


class Vault:
    """Seals values, and opens what was sealed.

    Args:
        key: Any secret; the key of the cipher is derived from it.

    Attributes:
        sealed: Token to sealed value in base64, of everything that was sealed since it was emptied last.
    """

    def __init__(self, key: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        self._cipher = AESSIV(hashlib.sha512(b"llmci vault\0" + key).digest())
        self.sealed: dict[str, str] = {}

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without giving them away."""
        shown: bytes = self._cipher.encrypt(b"fingerprint", None)[:8]
        return shown.hex()

    def seal(self, kind: str, value: str) -> str:
        """The token of a value."""
        hidden = self._cipher.encrypt(value.encode("utf-8", "surrogatepass"), [kind.encode()])
        token = f"[{kind}_{hidden.hex()[:_DIGITS]}]"
        self.sealed[token] = b64encode(hidden).decode()
        return token

    def open(self, token: str, sealed: str) -> str:
        """The value of a token.

        Raises:
            WrongKeyError: It was sealed with another key, or for another kind.
        """
        from cryptography.exceptions import InvalidTag

        kind = token[1:-1].rpartition("_")[0]
        try:
            value: bytes = self._cipher.decrypt(b64decode(sealed), [kind.encode()])
        except InvalidTag:
            raise WrongKeyError(token) from None
        return value.decode("utf-8", "surrogatepass")
