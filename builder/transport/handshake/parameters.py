"""What we offer. The order is that of a Go client, so that a server with several certificates
chooses for us the one it would choose for a Go client; what Go lacks comes last."""

from __future__ import annotations

from typing import Final

TLS_1_0: Final = 0x0301
TLS_1_1: Final = 0x0302
TLS_1_2: Final = 0x0303
TLS_1_3: Final = 0x0304

VERSIONS: Final = {TLS_1_0: "TLSv1", TLS_1_1: "TLSv1.1", TLS_1_2: "TLSv1.2", TLS_1_3: "TLSv1.3"}

# Number -> (name, digest of the key schedule, octets of a key).
TLS_1_3_CIPHERS: Final = {
    0x1301: ("TLS_AES_128_GCM_SHA256", "sha256", 16),
    0x1302: ("TLS_AES_256_GCM_SHA384", "sha384", 32),
    0x1303: ("TLS_CHACHA20_POLY1305_SHA256", "sha256", 32),
}
OLDER_CIPHERS: Final = {
    0xC02B: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    0xC02F: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    0xC02C: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    0xC030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    0xCCA9: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    0xCCA8: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0xC009: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    0xC013: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    0xC00A: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    0xC014: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    0xC023: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    0xC027: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    0xC024: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
    0xC028: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    0x009E: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    0x009F: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    0xCCAA: "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    0x009C: "TLS_RSA_WITH_AES_128_GCM_SHA256",
    0x009D: "TLS_RSA_WITH_AES_256_GCM_SHA384",
    0x003C: "TLS_RSA_WITH_AES_128_CBC_SHA256",
    0x003D: "TLS_RSA_WITH_AES_256_CBC_SHA256",
    0x002F: "TLS_RSA_WITH_AES_128_CBC_SHA",
    0x0035: "TLS_RSA_WITH_AES_256_CBC_SHA",
    0xC012: "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    0x000A: "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
}

X25519: Final = 0x001D
P256: Final = 0x0017
P384: Final = 0x0018
P521: Final = 0x0019
GROUPS: Final = (X25519, P256, P384, P521)
# RFC drafts call it X25519MLKEM768; Go offers it first since 1.24, OpenSSL since 3.5.
POST_QUANTUM: Final = 0x11EC
# Shares are sent for these at once; a server that wants another one asks (HelloRetryRequest).
SHARES: Final = (X25519, P256)

SIGNATURE_SCHEMES: Final = (
    *(0x0804, 0x0403, 0x0807, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0503, 0x0603),
    *(0x0201, 0x0203, 0x0809, 0x080A, 0x080B, 0x0808),
)

APPLICATION_PROTOCOLS: Final = (b"h2", b"http/1.1")


def cipher_name(number: int) -> str:
    """The IANA name of what we offered; a number for anything else."""
    if number in TLS_1_3_CIPHERS:
        return TLS_1_3_CIPHERS[number][0]
    return OLDER_CIPHERS.get(number, f"0x{number:04X}")
