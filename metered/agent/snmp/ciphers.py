"""Version 3: privacy. AES in CFB mode (RFC 3826), DES in CBC mode (RFC 3414 section 8) for devices that know
nothing newer.

The ciphers are those of the package `cryptography`, which only a configured user with privacy needs.
"""

import secrets
from typing import TYPE_CHECKING, Any

from metered.agent.snmp.ber import Malformed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher

SALT_OCTETS = 8
DES_BLOCK = 8


class NoCipherError(Exception):
    """The package `cryptography` is missing; the text says how to get it."""


def encrypt(protocol: str, key: bytes, boots: int, time: int, plain: bytes) -> tuple[bytes, bytes]:
    """The ciphertext and the salt that travels with it (msgPrivacyParameters)."""
    if protocol == "des":
        # section 8.1.1.1: the boots and a number of our own; never the same twice for one key
        salt = boots.to_bytes(4, "big") + secrets.token_bytes(4)
        plain += bytes(-len(plain) % DES_BLOCK)
    else:
        salt = secrets.token_bytes(SALT_OCTETS)
    return _cipher(protocol, key, boots, time, salt).encryptor().update(plain), salt


def decrypt(protocol: str, key: bytes, boots: int, time: int, salt: bytes, secret: bytes) -> bytes:
    """Raises Malformed for what cannot have been encrypted so; a wrong key shows only in what comes out."""
    if len(salt) != SALT_OCTETS or (protocol == "des" and len(secret) % DES_BLOCK):
        raise Malformed("not encrypted as this protocol does")
    return _cipher(protocol, key, boots, time, salt).decryptor().update(secret)


def _cipher(protocol: str, key: bytes, boots: int, time: int, salt: bytes) -> "Cipher[Any]":
    try:
        from cryptography.hazmat.decrepit.ciphers import modes as older
        from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    except ImportError:
        raise NoCipherError(
            "SNMPv3 with privacy needs the package cryptography: pip install 'metered-agent[snmpv3]'"
        ) from None
    if protocol == "des":
        # section 8.1.1.1: eight octets are the key, eight more the pre-IV; DES is triple DES with one key
        # thrice
        vector = bytes(a ^ b for a, b in zip(key[8:16], salt, strict=True))
        return Cipher(TripleDES(key[:8] * 3), modes.CBC(vector))
    # RFC 3826 section 3.1.2.1
    vector = boots.to_bytes(4, "big") + time.to_bytes(4, "big") + salt
    return Cipher(algorithms.AES(key), older.CFB(vector))
