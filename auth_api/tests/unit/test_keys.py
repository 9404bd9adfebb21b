"""The folder of signing keys: what sorts last signs, all verify, anything else stops the start."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from auth.keys.keyring import Keyring
from auth.keys.problems import KeyringError


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def test_the_file_that_sorts_last_signs_and_all_are_published(key_dir: Path) -> None:
    keyring = Keyring.load(key_dir)
    assert keyring.active_kid == "key-2"
    assert [key["kid"] for key in keyring.document()["keys"]] == ["key-1", "key-2"]


def test_the_document_holds_public_halves_only(key_dir: Path) -> None:
    for key in Keyring.load(key_dir).document()["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("EC", "P-256", "sig", "ES256")


def test_an_empty_folder_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match=r"no \*\.pem"):
        Keyring.load(tmp_path)


@pytest.mark.parametrize(
    "pem",
    [
        "not a key",
        _pem(ec.generate_private_key(ec.SECP384R1())),
        _pem(rsa.generate_private_key(65537, 2048)),
    ],
)
def test_a_key_of_another_kind_stops_the_start(pem: str) -> None:
    with pytest.raises(KeyringError, match=r"bad\.pem"):
        Keyring({"bad": pem})
