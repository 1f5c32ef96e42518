"""OpenSSL's findings in the words that Go's ``crypto/tls`` and ``crypto/x509`` have for them.

Only where the code alone decides; the doctor's own verifier judges chains in detail.
"""

from __future__ import annotations

import ssl

_PREFIX = "tls: failed to verify certificate: x509: "
_UNKNOWN_AUTHORITY = "certificate signed by unknown authority"
_EXPIRED = "certificate has expired or is not yet valid"

# X509_V_ERR_* of openssl/x509_vfy.h
_VERIFY_WORDS = {
    2: _UNKNOWN_AUTHORITY,
    9: _EXPIRED,
    10: _EXPIRED,
    18: _UNKNOWN_AUTHORITY,
    19: _UNKNOWN_AUTHORITY,
    20: _UNKNOWN_AUTHORITY,
    21: _UNKNOWN_AUTHORITY,
    24: _UNKNOWN_AUTHORITY,
    25: "too many intermediates for path length constraint",
    26: "certificate specifies an incompatible key usage",
    47: "a root or intermediate certificate is not authorized to sign for this name",
    79: _UNKNOWN_AUTHORITY,
}
_NAME_MISMATCHES = (62, 64)  # of a DNS name, of an IP address

# Alerts a server sends (RFC 8446, 6.2), as Go names them.
_ALERTS = {
    "UNEXPECTED_MESSAGE": "unexpected message",
    "BAD_RECORD_MAC": "bad record MAC",
    "HANDSHAKE_FAILURE": "handshake failure",
    "BAD_CERTIFICATE": "bad certificate",
    "UNSUPPORTED_CERTIFICATE": "unsupported certificate",
    "CERTIFICATE_REVOKED": "revoked certificate",
    "CERTIFICATE_EXPIRED": "expired certificate",
    "CERTIFICATE_UNKNOWN": "unknown certificate",
    "ILLEGAL_PARAMETER": "illegal parameter",
    "UNKNOWN_CA": "unknown certificate authority",
    "ACCESS_DENIED": "access denied",
    "DECODE_ERROR": "error decoding message",
    "DECRYPT_ERROR": "error decrypting message",
    "PROTOCOL_VERSION": "protocol version not supported",
    "INSUFFICIENT_SECURITY": "insufficient security level",
    "INTERNAL_ERROR": "internal error",
    "CERTIFICATE_REQUIRED": "certificate required",
    "UNRECOGNIZED_NAME": "unrecognized name",
    "NO_APPLICATION_PROTOCOL": "no application protocol",
}


def handshake_words(error: ssl.SSLError, host: str, head: bytes) -> str:
    """``head`` is what the server sent first: it tells a server that speaks no TLS."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return verify_words(error.verify_code, error.verify_message, host)
    if head.startswith(b"HTTP/"):
        return "http: server gave HTTP response to HTTPS client"
    if head and head[0] not in (0x15, 0x16):
        return "tls: first record does not look like a TLS handshake"
    if not head or isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "EOF"
    if error.reason in ("UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION"):
        return "tls: server selected unsupported protocol version"
    return alert_words(error)


def alert_words(error: ssl.SSLError) -> str:
    """``remote error: tls: ...`` for an alert of the server, OpenSSL's reason otherwise."""
    reason = error.reason or ""
    for prefix in ("SSLV3_ALERT_", "TLSV1_ALERT_", "TLSV13_ALERT_", "TLSV1_"):
        words = _ALERTS.get(reason.removeprefix(prefix)) if reason.startswith(prefix) else None
        if words:
            return f"remote error: tls: {words}"
    return f"tls: {reason.replace('_', ' ').lower() or error}"


def verify_words(code: int, message: str, host: str) -> str:
    """Why a certificate was refused; ``message`` is OpenSSL's own text for ``code``."""
    if code in _NAME_MISMATCHES:
        return f"{_PREFIX}certificate is not valid for {host}"
    return _PREFIX + _VERIFY_WORDS.get(code, message)
