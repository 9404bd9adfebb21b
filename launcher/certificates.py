"""The suite's own certificate authority, its server certificate, and auth's first signing key."""

import secrets
import ssl
from datetime import UTC, datetime

import trustme
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from launcher.layout import Layout, write_private


def ensure_certificates(layout: Layout, names: list[str]) -> None:
    """Make the authority and one certificate for the local names, unless they are there whole."""
    if _are_whole(layout):
        return
    authority = trustme.CA(organization_name="Billing suite, local authority")
    leaf = authority.issue_cert(*names)
    chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
    write_private(layout.authority, authority.cert_pem.bytes().decode())
    write_private(layout.certificate_key, leaf.private_key_pem.bytes().decode())
    # Last: its presence says that all three belong together.
    write_private(layout.certificate, chain.decode())


def _are_whole(layout: Layout) -> bool:
    """A certificate without its key, or cut short by a full disk, would only stop nginx."""
    try:
        ssl.create_default_context().load_cert_chain(layout.certificate, layout.certificate_key)
        ssl.create_default_context(cafile=layout.authority)
    except OSError:  # ssl.SSLError is one too
        return False
    return True


def ensure_signing_key(layout: Layout) -> None:
    """An EC P-256 key named by its day and a random part, so that names sort by age.

    A key that cannot be read is put aside: it proves nothing, and auth would not start with it.
    """
    for path in sorted(layout.signing_keys.glob("*.pem")):
        try:
            serialization.load_pem_private_key(path.read_bytes(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            print(f"{path} is no key: put aside as {path.name}.broken")
            path.rename(path.with_name(f"{path.name}.broken"))
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
