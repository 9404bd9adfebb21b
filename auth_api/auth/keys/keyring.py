"""Signing keys from a folder of `<kid>.pem` files; a file's time is when its key was published.

All of them verify and are published; the newest that has been published for long enough signs, so
whoever caches the key set knows a key before the first token it signs. The folder is looked at
again while the service runs: a rotation restarts nothing.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from auth.keys.problems import KeyringError
from auth.keys.rules import outlived_kids, signing_kid

LOOK_SECONDS = 2.0
log = structlog.get_logger("auth.keys")


@dataclass(frozen=True, slots=True)
class _Keys:
    """What the folder held at one look; replaced whole, so threads never see half of it."""

    private: dict[str, str]
    published_at: dict[str, float]
    dead: list[str]
    public: dict[str, str]
    document: dict[str, Any]


class Keyring:
    def __init__(
        self,
        private_pems: dict[str, str],
        published_at: dict[str, float] | None = None,
        folder: Path | None = None,
        *,
        token_seconds: float = float("inf"),
    ) -> None:
        known = published_at or dict.fromkeys(private_pems, 0.0)
        dead = outlived_kids(known, time.time(), token_seconds)
        self._keys = _read_keys(private_pems, known, dead)
        self._folder = folder
        self._token_seconds = token_seconds
        self._looked_at = time.monotonic()

    @classmethod
    def load(cls, folder: Path, *, token_seconds: float = float("inf")) -> Keyring:
        """`token_seconds`: the longest life of a token, after which a key that signs no more proves
        none either, whether or not its file is still there."""
        return cls(*_read_folder(folder), folder, token_seconds=token_seconds)

    @classmethod
    def throwaway(cls) -> Keyring:
        """A key that lives as long as the process: for printing the API description."""
        return cls({"throwaway": new_private_pem()})

    @property
    def active_kid(self) -> str:
        return signing_kid(self._current().published_at, time.time())

    def private_pem(self, kid: str) -> str:
        return self._current().private[kid]

    def public_pem(self, kid: str) -> str | None:
        return self._current().public.get(kid)

    def document(self) -> dict[str, Any]:
        """The JWKS: public halves only."""
        return self._current().document

    def _current(self) -> _Keys:
        if self._folder is not None and time.monotonic() - self._looked_at > LOOK_SECONDS:
            self._looked_at = time.monotonic()
            try:
                pems, published_at = _read_folder(self._folder)
                known = self._keys
                dead = outlived_kids(published_at, time.time(), self._token_seconds)
                if (pems, published_at, dead) != (known.private, known.published_at, known.dead):
                    self._keys = _read_keys(pems, published_at, dead)
                    log.info("signing keys read anew", **{"event.action": "keys_changed"})
            except KeyringError:
                # The keys in memory go on serving: a half-written folder must not stop log-ins.
                log.exception("signing keys cannot be read")
        return self._keys


def _read_folder(folder: Path) -> tuple[dict[str, str], dict[str, float]]:
    try:
        files = sorted(folder.glob("*.pem"))
        pems = {file.stem: file.read_text() for file in files}
        published_at = {file.stem: file.stat().st_mtime for file in files}
    except (OSError, UnicodeDecodeError) as fault:
        raise KeyringError(f"the signing keys cannot be read: {fault}") from fault
    if not pems:
        raise KeyringError(f"no *.pem in the folder of signing keys, {folder}")
    return pems, published_at


def _read_keys(pems: dict[str, str], published_at: dict[str, float], dead: list[str]) -> _Keys:
    if not pems:
        raise KeyringError("there is no signing key")
    public = {kid: _public_pem(kid, pem) for kid, pem in pems.items() if kid not in dead}
    document = {"keys": [_jwk(kid, pem) for kid, pem in sorted(public.items())]}
    return _Keys(pems, published_at, dead, public, document)


def remove_leftovers(folder: Path) -> None:
    """Of a rotation that was killed: a private key that nobody would ever use or take away."""
    for left in folder.glob(".*.new"):
        left.unlink(missing_ok=True)


def write_key(folder: Path, kid: str) -> None:
    """A new key, whole or not at all, readable by its owner alone."""
    waiting = folder / f".{kid}.new"
    descriptor = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(new_private_pem())
        file.flush()
        os.fsync(file.fileno())
    waiting.rename(folder / f"{kid}.pem")


def publication_times(folder: Path) -> dict[str, float]:
    return _read_folder(folder)[1]


def new_private_pem() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _public_pem(kid: str, private_pem: str) -> str:
    try:
        key = serialization.load_pem_private_key(private_pem.encode(), password=None)
    except (ValueError, TypeError) as fault:
        raise KeyringError(f"{kid}.pem is not an unencrypted private key") from fault
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise KeyringError(f"{kid}.pem is not a P-256 key")
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _jwk(kid: str, public_pem: str) -> dict[str, Any]:
    key = ECKey.import_key(public_pem, {"kid": kid, "use": "sig", "alg": "ES256"})
    return dict(key.as_dict(private=False))
