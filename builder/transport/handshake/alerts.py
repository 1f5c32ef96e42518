"""Alerts by number (RFC 8446, section 6, with those of earlier versions)."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

_NAMES: Final = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}

WARNING: Final = 1


class Alert(Struct, frozen=True):
    """``level``: 1 warning, 2 fatal, as sent."""

    level: int
    description: int

    @property
    def name(self) -> str:
        """``unrecognized_name``; a number for one that no specification names."""
        return _NAMES.get(self.description, f"alert {self.description}")

    @property
    def fatal(self) -> bool:
        return self.level != WARNING or self.description == 0

    def __str__(self) -> str:
        return self.name
