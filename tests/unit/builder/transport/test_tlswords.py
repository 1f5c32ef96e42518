"""OpenSSL's findings in Go's words."""

import ssl

import pytest

from builder.transport import tlswords


def error(reason: str, kind: type[ssl.SSLError] = ssl.SSLError) -> ssl.SSLError:
    made = kind(1, f"[SSL: {reason}]")
    made.reason = reason
    return made


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "remote error: tls: handshake failure"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "remote error: tls: protocol version not supported"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "remote error: tls: certificate required"),
        ("TLSV1_ALERT_UNKNOWN_CA", "remote error: tls: unknown certificate authority"),
        ("TLSV1_UNRECOGNIZED_NAME", "remote error: tls: unrecognized name"),
        ("UNSUPPORTED_PROTOCOL", "tls: server selected unsupported protocol version"),
    ],
)
def test_alerts_have_the_names_that_go_gives_them(reason: str, words: str) -> None:
    assert tlswords.handshake_words(error(reason), "h", b"\x16\x03\x01") == words


def test_the_first_bytes_tell_a_server_that_speaks_no_tls() -> None:
    wrong = error("WRONG_VERSION_NUMBER")
    http = tlswords.handshake_words(wrong, "h", b"HTTP/1.1 400")
    assert http == "http: server gave HTTP response to HTTPS client"
    ssh = tlswords.handshake_words(wrong, "h", b"SSH-2.0-OpenSSH")
    assert ssh == "tls: first record does not look like a TLS handshake"
    assert tlswords.handshake_words(wrong, "h", b"") == "EOF"


@pytest.mark.parametrize(("code", "part"), [(20, "unknown authority"), (10, "has expired")])
def test_verify_codes_become_x509_errors(code: int, part: str) -> None:
    words = tlswords.verify_words(code, "openssl says", "h")
    assert words.startswith("tls: failed to verify certificate: x509: ")
    assert part in words


def test_a_code_without_go_words_keeps_openssls() -> None:
    assert tlswords.verify_words(9999, "odd thing", "h").endswith("x509: odd thing")
