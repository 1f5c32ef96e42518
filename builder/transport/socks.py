"""The client's part of SOCKS5 (RFC 1928, RFC 1929): the proxy resolves the name, as in Go."""

from __future__ import annotations

import ipaddress
import time

from builder.transport.proxy import Proxy
from builder.transport.tcp import LayerError, Wire, joined

_NO_AUTHENTICATION, _PASSWORD = 0, 2
_REPLIES = {
    1: "general SOCKS server failure",
    2: "connection not allowed by ruleset",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}


async def connect_through(wire: Wire, proxy: Proxy, host: str, port: int, deadline: float) -> None:
    """Has the proxy at the other end of ``wire`` connect to ``host:port``.

    ``deadline`` is of ``time.monotonic()``. Raises LayerError of stage ``proxy``.
    """
    try:
        await _greet(wire, proxy, deadline)
        await wire.write(b"\x05\x01\x00" + _address(host) + port.to_bytes(2, "big"), None)
        version, reply, _, kind = await _exactly(wire, 4, deadline)
        if version != 5 or reply != 0:
            raise _Refused(_REPLIES.get(reply, f"unknown code: {reply}"))
        length = {1: 4, 4: 16}.get(kind) or (await _exactly(wire, 1, deadline))[0]
        await _exactly(wire, length + 2, deadline)
    except (_Refused, LayerError, TimeoutError) as error:
        words = "i/o timeout" if isinstance(error, TimeoutError) else str(error)
        raise LayerError(
            "proxy",
            f"socks connect tcp {joined(proxy.host, proxy.port)}->{joined(host, port)}: {words}",
            timed_out=isinstance(error, TimeoutError),
            peer=wire.peer,
        ) from error


class _Refused(Exception):
    """What the proxy said instead of yes."""


async def _greet(wire: Wire, proxy: Proxy, deadline: float) -> None:
    methods = [_NO_AUTHENTICATION, *([_PASSWORD] if proxy.credential else [])]
    await wire.write(bytes([5, len(methods), *methods]), None)
    version, method = await _exactly(wire, 2, deadline)
    if version != 5:
        raise _Refused(f"unexpected protocol version {version}")
    if method == _NO_AUTHENTICATION:
        return
    if method != _PASSWORD or proxy.credential is None:
        raise _Refused("no acceptable authentication methods")
    user, password = (text.encode()[:255] for text in proxy.credential)
    packed = bytes([1, len(user)]) + user + bytes([len(password)]) + password
    await wire.write(packed, None)
    _, status = await _exactly(wire, 2, deadline)
    if status != 0:
        raise _Refused("username/password authentication failed")


def _address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode("idna")
        return bytes([3, len(name)]) + name
    return bytes([1 if address.version == 4 else 4]) + address.packed


async def _exactly(wire: Wire, size: int, deadline: float) -> bytes:
    data = b""
    while len(data) < size:
        piece = await wire.read(size - len(data), max(0.001, deadline - time.monotonic()))
        if not piece:
            raise _Refused("EOF")
        data += piece
    return data
