"""The few rtnetlink requests that connect a namespace (rtnetlink(7)), without a program.

A socket belongs to the network namespace of the thread that opened it, for its life.
"""

from __future__ import annotations

import os
import socket
import struct
from ipaddress import IPv4Address, IPv4Interface
from types import TracebackType

_NEWLINK, _DELLINK, _SETLINK, _NEWADDR, _NEWROUTE = 16, 17, 19, 20, 24
_REQUEST, _ACK, _EXCL, _CREATE = 0x1, 0x4, 0x200, 0x400
_ERROR = 2
_ADDRESS, _IFNAME, _MTU, _MASTER, _LINKINFO, _NET_NS_FD = 1, 3, 4, 10, 18, 28
_INFO_KIND, _INFO_DATA, _VETH_PEER = 1, 2, 1
_IFF_UP = 1


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def _text(kind: int, value: str) -> bytes:
    return _attribute(kind, value.encode() + b"\0")


def _number(kind: int, value: int) -> bytes:
    return _attribute(kind, struct.pack("=I", value))


def _link(index: int = 0, flags: int = 0) -> bytes:
    return struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, flags)


class Netlink:
    """A request-answer channel to the kernel. Every method raises OSError as the kernel says."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._sequence = 0

    def __enter__(self) -> Netlink:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def add_bridge(self, name: str, mtu: int, hardware: bytes) -> None:
        """``hardware`` is its address; without one it would change with every port."""
        info = _attribute(_LINKINFO, _text(_INFO_KIND, "bridge"))
        body = _link() + _text(_IFNAME, name) + _attribute(_ADDRESS, hardware)
        self._ask(_NEWLINK, _CREATE | _EXCL, body + _number(_MTU, mtu) + info)

    def add_veth(self, name: str, master: int, peer: str, namespace: int, mtu: int) -> None:
        """A pair: ``name`` here, up and in bridge ``master``; ``peer`` in ``namespace`` (an fd)."""
        other = _link() + _text(_IFNAME, peer) + _number(_MTU, mtu) + _number(_NET_NS_FD, namespace)
        data = _attribute(_INFO_DATA, _attribute(_VETH_PEER, other))
        info = _attribute(_LINKINFO, _text(_INFO_KIND, "veth") + data)
        body = _link(flags=_IFF_UP) + _text(_IFNAME, name) + _number(_MTU, mtu)
        self._ask(_NEWLINK, _CREATE | _EXCL, body + _number(_MASTER, master) + info)

    def set_up(self, index: int) -> None:
        self._ask(_SETLINK, 0, _link(index, _IFF_UP))

    def delete(self, index: int) -> None:
        self._ask(_DELLINK, 0, _link(index))

    def add_address(self, index: int, address: IPv4Interface) -> None:
        packed = address.ip.packed
        head = struct.pack("=BBBBI", socket.AF_INET, address.network.prefixlen, 0, 0, index)
        body = _attribute(2, packed) + _attribute(1, packed)
        body += _attribute(4, address.network.broadcast_address.packed)
        self._ask(_NEWADDR, _CREATE | _EXCL, head + body)

    def add_default_route(self, gateway: IPv4Address) -> None:
        main_table, static, universe, unicast = 254, 4, 0, 1
        head = struct.pack(
            "=BBBBBBBBI", socket.AF_INET, 0, 0, 0, main_table, static, universe, unicast, 0
        )
        self._ask(_NEWROUTE, _CREATE | _EXCL, head + _attribute(5, gateway.packed))

    def _ask(self, kind: int, flags: int, body: bytes) -> None:
        self._sequence += 1
        length = 16 + len(body)
        header = struct.pack("=IHHII", length, kind, flags | _REQUEST | _ACK, self._sequence, 0)
        self._socket.send(header + body)
        while True:
            answer = self._socket.recv(65536)
            _, answered, _, sequence, _ = struct.unpack_from("=IHHII", answer)
            if answered != _ERROR or sequence != self._sequence:
                continue
            (code,) = struct.unpack_from("=i", answer, 16)
            if code:
                raise OSError(-code, f"netlink: {os.strerror(-code)}")
            return
