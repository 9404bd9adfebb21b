"""Secrets in every form in which a careless line could hold them, and the search for them."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

CVC = "737"
# Whatever the value: no token, no header that carries one, no key, no hash of a password.
PATTERNS = {
    "a token": rb"eyj[a-z0-9_-]{8}",
    "a bearer header": rb"bearer\s+[^\s\"]{8}",
    "a basic header": rb"basic\s+[a-z0-9+/=]{8}",
    "a private key": rb"-----begin",
    "a password's hash": rb"argon2id?\$|scram-sha-256\$|pbkdf2",
    "a card's code": rb"cvc\W{1,8}" + CVC.encode(),
}
SHORTEST = 8


def written_files(var: Path) -> list[Path]:
    """All that the suite's processes write for people to read, rotated files too."""
    found = {path for path in (var / "logs").rglob("*") if path.is_file()}
    found |= {path for path in var.rglob("*.log*") if path.is_file()}
    return sorted(found)


def search(secrets: Mapping[str, str], files: list[Path]) -> dict[str, set[str]]:
    """Where each is found, in any form: its name, then `file:line` of the first place in a file."""
    forms = {name: sorted(_forms(secret)) for name, secret in secrets.items()}
    found: dict[str, set[str]] = {}
    for path in files:
        text = path.read_bytes().lower()
        places = {name: _first(text, alternatives) for name, alternatives in forms.items()}
        for name, pattern in PATTERNS.items():
            hit = re.search(pattern, text)
            places[name] = hit.start() if hit else -1
        for name, place in places.items():
            if place >= 0:
                line = text.count(b"\n", 0, place) + 1
                found.setdefault(name, set()).add(f"{path.name}:{line}")
    return found


def _first(text: bytes, alternatives: list[bytes]) -> int:
    return next((text.find(form) for form in alternatives if form in text), -1)


def _forms(secret: str) -> Iterator[bytes]:
    for text in {secret, *_pieces(secret)}:
        raw = text.encode()
        yield from (form.encode().lower() for form in _as_text(text))
        yield raw.hex().encode()
        yield from _as_base64(raw)


def _pieces(secret: str) -> list[str]:
    """Also a part of it is too much: halves of what is long, the digits of a card in groups."""
    if secret.isdigit():
        groups = [secret[at : at + 4] for at in range(0, len(secret), 4)]
        return [" ".join(groups), "-".join(groups), secret[:12]]
    parts = secret.split(".") if secret.startswith("eyJ") else [secret]
    long = [part for part in parts if len(part) >= 24]
    return [piece for part in long for piece in (part[:12], part[-12:])]


def _as_text(text: str) -> set[str]:
    escaped = {json.dumps(text)[1:-1], repr(text)[1:-1], text.replace('"', "\\x22")}
    # In a line of JSON a quoted text is escaped once more.
    twice = {json.dumps(form)[1:-1] for form in escaped}
    return {text, quote(text), quote(text, safe=""), quote_plus(text), *escaped, *twice}


def _as_base64(raw: bytes) -> Iterator[bytes]:
    """Standard and for URLs, wherever in the coded text it stands (a name and a colon before)."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for before in range(3):
            whole = encode(bytes(before) + raw).rstrip(b"=")
            # The first and the last signs also hold bits of the neighbours.
            inner = whole[-(-before * 8 // 6) : -1]
            if len(inner) >= SHORTEST:
                yield inner.lower()
