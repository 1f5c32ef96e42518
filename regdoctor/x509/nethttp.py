"""From an authority as a reference has it to what net/http asks of TLS, and shows in errors.

net/http drops the port and turns Unicode into punycode before TLS compares names; its error
texts show the URL, escaped.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import quote

from regdoctor.x509.hosts import parse_address
from regdoctor.x509.release import Release


def host_and_port(authority: str) -> tuple[str, str]:
    """``host:port`` in its parts, brackets taken off; a bare IPv6 address has no port."""
    if authority.startswith("["):
        host, _, rest = authority[1:].partition("]")
        return host, rest.removeprefix(":")
    if parse_address(authority) is not None:
        return authority, ""
    host, _, port = authority.partition(":")
    return host, port


def tls_name(authority: str) -> str:
    """The name that the certificate must cover; Unicode becomes punycode (UTS 46)."""
    host = host_and_port(authority)[0]
    if host.isascii():
        return host
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        return host


def url(authority: str, path: str = "/v2/", scheme: str = "https") -> str:
    """The URL as Go's errors print it: ``https://[fe80::1%25eth0]:5000/v2/``."""
    host, port = host_and_port(authority)
    shown = quote(host, safe="!$&'()*+,;=:[]<>\"~")
    if ":" in host:
        shown = f"[{shown}]"
    return f"{scheme}://{shown}{':' + port if port else ''}{path}"


def url_fault(authority: str, release: Release) -> str:
    """Why net/http makes no request of ``url(authority)`` at all; empty where it makes one."""
    address = parse_address(host_and_port(authority)[0])
    if not isinstance(address, ipaddress.IPv6Address) or address.ipv4_mapped is None:
        return ""
    if not release.refuses_mapped_url_hosts:
        return ""
    return f'parse "{url(authority)}": invalid IPv6 host'
