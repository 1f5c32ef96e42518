"""The flags of a build, read as docker's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.api import AgentSource, RequestError, SecretSource
from builder.llb.ops import HostIP, NetMode, Ulimit
from regdoctor.cli import buildflags as flags


def test_a_build_arg_without_value_comes_from_the_environment() -> None:
    environ = {"A": "1", "B": "2"}
    assert flags.build_args(["A", "B=3", "C", "D=", "E=a=b"], [], environ) == {
        "A": "1",
        "B": "3",
        "D": "",
        "E": "a=b",
    }


def test_a_named_context_has_the_name_that_from_would_look_for() -> None:
    given = ["docker.io/library/alpine:latest=/a", "b=c=d", "docker.io/x/y:1=/y",
             "r.example/z:latest::linux/arm64=/z"]  # fmt: skip
    assert flags.named_contexts([*given, "b:latest=last"]) == {
        "alpine": "/a",
        "b": "last",
        "x/y:1": "/y",
        "r.example/z::linux/arm64": "/z",
    }


def test_a_file_of_build_args_yields_to_flags(tmp_path: Path) -> None:
    file = tmp_path / "args"
    file.write_text("# comment\n\nA=file\nB = not trimmed inside \nHOME\n")
    found = flags.build_args(["A=flag"], [file], {"HOME": "/root"})
    assert found == {"A": "flag", "B ": " not trimmed inside", "HOME": "/root"}


def test_docker_s_proxies_become_build_args_in_both_spellings() -> None:
    proxies = {"default": {"httpProxy": "http://p:1", "noProxy": "x"}, "tcp://other": {}}
    assert flags.proxy_build_args(proxies) == {
        "HTTP_PROXY": "http://p:1",
        "http_proxy": "http://p:1",
        "NO_PROXY": "x",
        "no_proxy": "x",
    }
    assert flags.proxy_build_args({"default": "nonsense"}) == {}


def test_a_secret_comes_from_where_it_says(tmp_path: Path) -> None:
    file = tmp_path / "s"
    file.write_text("x")
    found = flags.secrets(
        [f"id=a,src={file}", "id=b,env=TOKEN", "id=TOKEN", f"id=c,type=file,source={file}"],
        {"TOKEN": "t"},
    )
    assert found == {
        "a": SecretSource(file=file),
        "b": SecretSource(env="TOKEN"),
        "TOKEN": SecretSource(env="TOKEN"),
        "c": SecretSource(file=file),
    }


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("", 0), ("64m", 64 << 20), ("1g", 1 << 30), ("512", 512), ("1.5k", 1536), ("2KiB", 2048)],
)
def test_a_size_has_docker_s_units(text: str, wanted: int) -> None:
    assert flags.size("--shm-size", text) == wanted


def test_hosts_may_be_written_in_docker_s_ways() -> None:
    assert flags.add_hosts(["a:1.2.3.4", "b=::1", "c:[::1]", "d:fe80::1"]) == (
        HostIP("a", "1.2.3.4"),
        HostIP("b", "::1"),
        HostIP("c", "::1"),
        HostIP("d", "fe80::1"),
    )


def test_ulimits_have_a_soft_and_a_hard_side() -> None:
    assert flags.ulimits(["nofile=1:2", "nproc=5", "core=-1"]) == (
        Ulimit("nofile", 1, 2),
        Ulimit("nproc", 5, 5),
        Ulimit("core", -1, -1),
    )


def test_annotations_say_what_they_are_on() -> None:
    assert flags.annotation_attributes(
        ["A.b=c,d=e", "index:k=v", "manifest[linux/amd64],manifest-descriptor:x=a:b"]
    ) == {
        "annotation.A.b": "c,d=e",
        "annotation-index.k": "v",
        "annotation-manifest[linux/amd64].x": "a:b",
        "annotation-manifest-descriptor.x": "a:b",
    }


def test_networks_are_docker_s_three() -> None:
    assert flags.network("") == flags.network("default") == NetMode.UNSET
    assert flags.network("host") == NetMode.HOST
    assert flags.network("none") == NetMode.NONE


@pytest.mark.parametrize(
    "call",
    [
        lambda: flags.build_args(["=x"], [], {}),
        lambda: flags.build_args([], [Path("/nowhere")], {}),
        lambda: flags.named_contexts(["x"]),
        lambda: flags.named_contexts(["=/tree"]),
        lambda: flags.named_contexts(["Upper=/tree"]),
        lambda: flags.labels(["=x"]),
        lambda: flags.agents(["=/key"]),
        lambda: flags.agents(["a", "a=/key"]),
        lambda: flags.agents(["a=/s,raw=maybe"]),
        lambda: flags.secrets(["src=/etc/hostname"], {}),
        lambda: flags.secrets(["id=a,src=/nowhere"], {}),
        lambda: flags.secrets(["id=a,env=UNSET"], {}),
        lambda: flags.secrets(["id=a,what=x"], {}),
        lambda: flags.secrets(["id=a,type=x"], {}),
        lambda: flags.secrets(['"id=a'], {}),
        lambda: flags.size("--shm-size", "much"),
        lambda: flags.network("bridge2"),
        lambda: flags.add_hosts(["nohost"]),
        lambda: flags.add_hosts([":1.2.3.4"]),
        lambda: flags.ulimits(["nofile"]),
        lambda: flags.ulimits(["none=1"]),
        lambda: flags.ulimits(["nofile=2:1"]),
        lambda: flags.entitlements(["root"]),
        lambda: flags.annotation_attributes(["novalue"]),
        lambda: flags.annotation_attributes(["nonsense:k=v"]),
    ],
)
def test_what_cannot_be_read_is_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(RequestError):
        call()


def test_agents_are_sockets_or_keys() -> None:
    assert flags.agents(["default", "a=/k1,/k2", "b=/s,raw=true"]) == {
        "default": AgentSource(),
        "a": AgentSource((Path("/k1"), Path("/k2"))),
        "b": AgentSource((Path("/s"),), raw=True),
    }


def test_limits_of_docker_are_those_of_resource_which_wins() -> None:
    single = {"memory": "1g", "memory-swap": "-1", "cpuset-cpus": "0,1", "cpu-quota": ""}
    read = flags.resources(["memory=2g"], single)
    assert (read.memory, read.memory_swap, read.cpuset_cpus) == (2 << 30, -1, "0,1")
    assert read == flags.resources(['memory=2g,memory-swap=-1,"cpuset-cpus=0,1"'])


def test_hosts_may_be_given_by_commas() -> None:
    assert flags.add_hosts(["a:192.0.2.1,b=2001:db8::1"]) == (
        HostIP("a", "192.0.2.1"),
        HostIP("b", "2001:db8::1"),
    )
