"""Signing keys from a folder of `<kid>.pem` files: the name that sorts last signs, all verify.

So a rotation is: add a file, restart, and remove the old file when its last token has expired.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey

from auth.keys.problems import KeyringError


class Keyring:
    def __init__(self, private_pems: dict[str, str]) -> None:
        if not private_pems:
            raise KeyringError("there is no signing key")
        self._private = private_pems
        self._active_kid = max(private_pems)
        self._public = {kid: _public_pem(kid, pem) for kid, pem in private_pems.items()}
        self._document = {"keys": [_jwk(kid, pem) for kid, pem in sorted(self._public.items())]}

    @classmethod
    def load(cls, folder: Path) -> Keyring:
        try:
            files = sorted(folder.glob("*.pem"))
            pems = {file.stem: file.read_text() for file in files}
        except OSError as fault:
            raise KeyringError(f"the signing keys cannot be read: {fault}") from fault
        if not pems:
            raise KeyringError(f"no *.pem in the folder of signing keys, {folder}")
        return cls(pems)

    @classmethod
    def throwaway(cls) -> Keyring:
        """A key that lives as long as the process: for printing the API description."""
        return cls({"throwaway": new_private_pem()})

    @property
    def active_kid(self) -> str:
        return self._active_kid

    def private_pem(self) -> str:
        return self._private[self._active_kid]

    def public_pem(self, kid: str) -> str | None:
        return self._public.get(kid)

    def document(self) -> dict[str, Any]:
        """The JWKS: public halves only."""
        return self._document


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
