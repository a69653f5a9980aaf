"""Keyed digests and keyed permutations: what surrogates are derived from.

The permutation is a balanced Feistel network over the strings of one length and alphabet, in the
manner of FF1 (NIST SP 800-38G), so that it is injective by construction: no two values of one
length become one.
"""

from __future__ import annotations

import hashlib
import string

_ROUNDS = 8


class Keyed:
    """Functions of one secret key; `tweak` tells the uses of it apart."""

    def __init__(self, key: bytes) -> None:
        # BLAKE2 takes keys of up to 64 bytes; the secret may be of any length.
        self._key = hashlib.blake2b(key, person=b"llmci").digest()

    def digest(self, tweak: str, value: str) -> bytes:
        """32 bytes."""
        message = f"{len(tweak)}:{tweak}{value}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(message, key=self._key, digest_size=32).digest()

    def hex(self, tweak: str, value: str, length: int) -> str:
        """So many hexadecimal digits, 64 at most."""
        return self.digest(tweak, value).hex()[:length]

    def number(self, tweak: str, value: str) -> int:
        """A number of 128 bits."""
        return int.from_bytes(self.digest(tweak, value)[:16], "big")

    def permuted(self, tweak: str, text: str, alphabet: str = string.digits) -> str:
        """A permutation of the texts of one length over an alphabet; every character must be of it."""
        base = len(alphabet)
        if len(text) == 1:
            return alphabet[(alphabet.index(text) + self.number(f"{tweak}/1", "")) % base]
        half = len(text) // 2
        left, right = _to_number(text[:half], alphabet), _to_number(text[half:], alphabet)
        left, right = self.permuted_pair(f"{tweak}/{len(text)}", left, right, base**half, base ** (len(text) - half))
        return _to_text(left, half, alphabet) + _to_text(right, len(text) - half, alphabet)

    def permuted_pair(self, tweak: str, left: int, right: int, left_size: int, right_size: int) -> tuple[int, int]:
        """A permutation of the pairs below two sizes."""
        for turn in range(_ROUNDS):
            if turn % 2:
                right = (right + self.number(f"{tweak}/{turn}", str(left))) % right_size
            else:
                left = (left + self.number(f"{tweak}/{turn}", str(right))) % left_size
        return left, right


def _to_number(text: str, alphabet: str) -> int:
    number = 0
    for character in text:
        number = number * len(alphabet) + alphabet.index(character)
    return number


def _to_text(number: int, length: int, alphabet: str) -> str:
    made = []
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        made.append(alphabet[digit])
    return "".join(reversed(made))
