"""The bridge: ``regdoctor0`` with address translation, shared by all builds of a host."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import socket
import struct
import subprocess
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

from msgspec import Struct

from builder.executor import programs
from builder.executor.network import namespace
from builder.executor.network.claim import claim, locked
from builder.executor.network.netlink import Netlink
from builder.executor.network.types import NetworkError

BRIDGE = "regdoctor0"
_POOLS = ("10.93.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_PREFIX = 24
_LOCK = "bridge"
_SIOCGIFADDR, _SIOCGIFNETMASK = 0x8915, 0x891B
_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")


class BridgeAttachment(Struct):
    """A namespace on the bridge, by the interface ``port``.

    Closing the descriptor would destroy both, but some time later: the port is removed
    first, so that the last one to leave finds the bridge empty.
    """

    descriptor: int
    port: str
    lease: socket.socket
    address: IPv4Address

    @property
    def path(self) -> Path:
        return namespace.path_of(self.descriptor)

    def close(self) -> None:
        with contextlib.suppress(OSError), Netlink() as netlink:
            netlink.delete(socket.if_nametoindex(self.port))
        os.close(self.descriptor)
        self.lease.close()


class Bridge:
    """Needs root, and nft or iptables. Set up at the first ``attach``."""

    name = "bridge"
    resolver = ""

    def __init__(self) -> None:
        self._gateway: IPv4Interface | None = None
        self._mtu = 1500

    def attach(self) -> BridgeAttachment:
        # Under the lock, so that no other process takes the bridge away in between.
        with locked(_LOCK):
            gateway = self._set_up()
            index = socket.if_nametoindex(BRIDGE)
            address, lease = _lease(gateway)
            port = f"rd{secrets.token_hex(5)}"
            try:
                descriptor = namespace.create(
                    lambda fd, outside, inside: self._connect(
                        fd, outside, inside, index, port, address, gateway.ip
                    )
                )
            except BaseException:
                lease.close()
                raise
        return BridgeAttachment(descriptor, port, lease, address.ip)

    def close(self) -> None:
        """Remove the bridge and its rules where no namespace is connected any more."""
        if self._gateway is None:
            return
        with locked(_LOCK), contextlib.suppress(OSError):
            if not _ports():
                with Netlink() as netlink:
                    netlink.delete(socket.if_nametoindex(BRIDGE))
                _translation(self._gateway.network, wanted=False)
        self._gateway = None

    def _connect(
        self,
        descriptor: int,
        outside: Netlink,
        inside: Netlink,
        bridge: int,
        port: str,
        address: IPv4Interface,
        gateway: IPv4Address,
    ) -> None:
        outside.add_veth(port, bridge, "eth0", descriptor, self._mtu)
        index = socket.if_nametoindex("eth0")
        inside.add_address(index, address)
        inside.set_up(index)
        inside.add_default_route(gateway)

    def _set_up(self) -> IPv4Interface:
        if self._gateway is not None and Path("/sys/class/net", BRIDGE).exists():
            return self._gateway
        if not (programs.find("nft") or programs.find("iptables")):
            raise NetworkError("neither nft nor iptables found")
        self._mtu = _outward_mtu()
        with Netlink() as netlink:
            try:
                gateway = _address_of(BRIDGE)
            except OSError:
                gateway = _free_subnet()
                if not Path("/sys/class/net", BRIDGE).exists():
                    netlink.add_bridge(BRIDGE, self._mtu, b"\x02" + secrets.token_bytes(5))
                netlink.add_address(socket.if_nametoindex(BRIDGE), gateway)
            netlink.set_up(socket.if_nametoindex(BRIDGE))
        _translation(gateway.network, wanted=True)
        if _FORWARD.read_text().strip() != "1":
            _FORWARD.write_text("1\n")
        self._gateway = gateway
        return gateway


def _lease(gateway: IPv4Interface) -> tuple[IPv4Interface, socket.socket]:
    for host in gateway.network.hosts():
        if host == gateway.ip:
            continue
        holder = claim(f"address/{host}")
        if holder is not None:
            return IPv4Interface(f"{host}/{gateway.network.prefixlen}"), holder
    raise NetworkError(f"no free address left in {gateway.network}")


def _ports() -> list[Path]:
    return list(Path("/sys/class/net", BRIDGE, "brif").iterdir())


def _address_of(name: str) -> IPv4Interface:
    request = struct.pack("16s24x", name.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        address, mask = (
            socket.inet_ntoa(fcntl.ioctl(channel, number, request)[20:24])
            for number in (_SIOCGIFADDR, _SIOCGIFNETMASK)
        )
    return IPv4Interface(f"{address}/{mask}")


def _free_subnet() -> IPv4Interface:
    """The first subnet that no route of this host reaches into."""
    taken = [network for network, _ in _routes() if network.prefixlen]
    for pool in _POOLS:
        for subnet in IPv4Network(pool).subnets(new_prefix=_PREFIX):
            if not any(subnet.overlaps(network) for network in taken):
                return IPv4Interface((int(subnet.network_address) + 1, _PREFIX))
    raise NetworkError("every private subnet is routed already on this host")


def _routes() -> list[tuple[IPv4Network, str]]:
    """``(destination, interface)`` of ``/proc/net/route``, whose numbers are in host order."""
    out = []
    for line in Path("/proc/thread-self/net/route").read_text().splitlines()[1:]:
        fields = line.split()
        address, mask = (struct.pack("=I", int(fields[i], 16)) for i in (1, 7))
        prefix = int.from_bytes(mask, "big").bit_count()
        out.append((IPv4Network((address, prefix), strict=False), fields[0]))
    return out


def _outward_mtu() -> int:
    """The default route's: a larger one would lose packets on a tunnel or cloud network."""
    for network, interface in _routes():
        if network.prefixlen == 0:
            with contextlib.suppress(OSError, ValueError):
                return int(Path("/sys/class/net", interface, "mtu").read_text())
    return 1500


def _translation(subnet: IPv4Network, *, wanted: bool) -> None:
    if programs.find("nft"):
        _nft(subnet, wanted)
    elif programs.find("iptables"):
        _iptables(
            ["-t", "nat"],
            "POSTROUTING",
            ["-s", str(subnet), "!", "-o", BRIDGE, "-j", "MASQUERADE"],
            wanted,
        )
    if programs.find("iptables"):
        # Another program (dockerd) may have set the policy to drop what is forwarded; a
        # table of our own cannot overrule that.
        listed = _run(["iptables", "-w", "-S", "FORWARD"], check=False).stdout
        if b"-P FORWARD DROP" in listed or BRIDGE.encode() in listed:
            _iptables([], "FORWARD", ["-i", BRIDGE, "-j", "ACCEPT"], wanted)
            established = ["-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED"]
            _iptables([], "FORWARD", ["-o", BRIDGE, *established, "-j", "ACCEPT"], wanted)


def _nft(subnet: IPv4Network, wanted: bool) -> None:
    # The table is made and destroyed first, so that the rules are ours alone each time.
    script = "table ip regdoctor\ndelete table ip regdoctor\n"
    if wanted:
        script += f"""table ip regdoctor {{
  chain postrouting {{
    type nat hook postrouting priority 100;
    ip saddr {subnet} oifname != "{BRIDGE}" masquerade
  }}
  chain forward {{
    type filter hook forward priority 0;
    oifname "{BRIDGE}" ct state related,established accept
    oifname "{BRIDGE}" iifname != "{BRIDGE}" drop
  }}
}}
"""
    _run(["nft", "-f", "-"], script.encode(), check=wanted)


def _iptables(table: list[str], chain: str, rule: list[str], wanted: bool) -> None:
    present = _run(["iptables", "-w", *table, "-C", chain, *rule], check=False).returncode == 0
    if present != wanted:
        _run(["iptables", "-w", *table, "-I" if wanted else "-D", chain, *rule], check=wanted)


def _run(
    command: list[str], script: bytes = b"", *, check: bool = True
) -> subprocess.CompletedProcess[bytes]:
    program = programs.find(command[0])
    if program is None:
        raise NetworkError(f"{command[0]} not found")
    done = subprocess.run(
        [program, *command[1:]], input=script, capture_output=True, timeout=30, check=False
    )
    if check and done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise NetworkError(f"{command[0]}: {said or f'exit code {done.returncode}'}")
    return done
