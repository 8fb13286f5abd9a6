"""Version 3: a password becomes a key, and the key one device's own (RFC 3414 section 2.6, appendix A.2).

The first step hashes a megabyte, once a password; the second is three short hashes, once a device.
"""

import hashlib
import hmac
from functools import lru_cache

DIGEST_OCTETS = {
    "md5": 12,  # RFC 3414 section 6: HMAC-MD5-96
    "sha1": 12,  # section 7: HMAC-SHA-96
    "sha224": 16,  # RFC 7860 section 4.1 and after: a half to two thirds of the hash
    "sha256": 24,
    "sha384": 32,
    "sha512": 48,
}

KEY_OCTETS = {"des": 16, "aes128": 16, "aes192": 24, "aes256": 32, "aes192c": 24, "aes256c": 32}

EXPANDED = 1_048_576


@lru_cache(maxsize=256)
def master(auth: str, password: str) -> bytes:
    """Ku: the digest of the password repeated to a megabyte."""
    return _expanded(auth, password.encode())


def _expanded(auth: str, octets: bytes) -> bytes:
    repeated = octets * (EXPANDED // len(octets) + 1)
    return hashlib.new(auth, repeated[:EXPANDED], usedforsecurity=False).digest()


def localized(auth: str, key: bytes, engine_id: bytes) -> bytes:
    """Kul: of no use with any other device."""
    return hashlib.new(auth, key + engine_id + key, usedforsecurity=False).digest()


@lru_cache(maxsize=16_384)
def authentication(auth: str, password: str, engine_id: bytes) -> bytes:
    """The key that messages to and from this engine are signed with."""
    return localized(auth, master(auth, password), engine_id)


@lru_cache(maxsize=16_384)
def privacy(protocol: str, auth: str, password: str, engine_id: bytes) -> bytes:
    """The key for a cipher; one longer than the digest is extended.

    `aes192` and `aes256`: draft-blumenthal-aes-usm-04 section 3.1.2.1, by digests of the key so far.
    `aes192c` and `aes256c`: draft-reeder-snmpv3-usm-3desede-00 section 2.1, by localizing the key anew as if
    it were a password.
    """
    key = authentication(auth, password, engine_id)
    size = KEY_OCTETS[protocol]
    link = key
    while len(key) < size:
        if protocol.endswith("c"):
            link = localized(auth, _expanded(auth, link), engine_id)
            key += link
        else:
            key += hashlib.new(auth, key, usedforsecurity=False).digest()
    return key[:size]


def digest(auth: str, key: bytes, message: bytes) -> bytes:
    """What signs a message whose own digest field is zeros, cut to the length of the protocol."""
    return hmac.digest(key, message, auth)[: DIGEST_OCTETS[auth]]
