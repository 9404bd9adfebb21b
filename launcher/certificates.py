"""The suite's own certificate authority, its server certificate, and auth's first signing key."""

import secrets
from datetime import UTC, datetime

import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from launcher.layout import Layout, write_private


def ensure_certificates(layout: Layout, names: list[str]) -> None:
    """Make the authority and one certificate for the local names, unless they are there."""
    if layout.certificate.exists() and layout.certificate_key.exists():
        return
    authority = trustme.CA(organization_name="Billing suite, local authority")
    leaf = authority.issue_cert(*names)
    chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
    write_private(layout.authority, authority.cert_pem.bytes().decode())
    write_private(layout.certificate_key, leaf.private_key_pem.bytes().decode())
    # Last: its presence says that all three belong together.
    write_private(layout.certificate, chain.decode())


def ensure_signing_key(layout: Layout) -> None:
    """An EC P-256 key named by its day and a random part, so that names sort by age."""
    if any(layout.signing_keys.glob("*.pem")):
        return
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    day = datetime.now(UTC).strftime("%Y%m%d%H%M%S")  # noqa: TID251 - a file's name, no business time
    write_private(layout.signing_keys / f"{day}-{secrets.token_hex(4)}.pem", pem.decode())
