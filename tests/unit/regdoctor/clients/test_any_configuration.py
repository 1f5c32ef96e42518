"""Whatever stands in the files, a plan comes out; a configuration may hold anything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.replay.scene import planned

LEAVES = st.one_of(
    st.booleans(),
    st.integers(-1, 5),
    st.sampled_from(["", "pull", "https://mirror.example:5000/v2", "http://", "x", "/x/r.pem"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["endpoint", "tls", "auth", "ca", "x"]), inner, max_size=3),
    ),
    max_leaves=6,
)


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(key)} = {toml(each)}" for key, each in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(toml(each) for each in value) + "]"
    return json.dumps(value)


def tables(*keys: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(keys), VALUES, max_size=len(keys))


def lines(settings: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(key)} = {toml(value)}\n" for key, value in settings.items())


HOST = ("server", "host", "capabilities", "ca", "client", "skip_verify", "override_path", "header")


@given(top=tables(*HOST, "dial_timeout"), inner=tables(*HOST[2:]))
@settings(max_examples=40, deadline=None)
def test_hosts_toml(top: dict[str, Any], inner: dict[str, Any]) -> None:
    text = lines(top)
    if "host" not in top:
        text += f'[host."https://mirror.example:5000"]\n{lines(inner)}'
    files = {"/c/docker.io/hosts.toml": text, "/x/r.pem": "{{pem:ca-reg}}"}
    for version in ("1.6.20", "2.2.7"):
        plan = planned("ctr", version, files, command="ctr images pull --hosts-dir /c X")
        assert plan.refuses or plan.endpoints


@given(section=tables("mirrors", "http", "insecure", "ca", "keypair", "tlsconfigdir"), top=VALUES)
@settings(max_examples=40, deadline=None)
def test_buildkitd_toml(section: dict[str, Any], top: Any) -> None:
    path = "/etc/buildkit/buildkitd.toml"
    for text in (f'[registry."docker.io"]\n{lines(section)}', f"registry = {toml(top)}\n"):
        for version in ("0.7.0", "0.11.6", "0.32"):
            plan = planned("buildkitd", version, {path: text}, "alpine")
            assert plan.refuses or plan.endpoints


@given(
    registry=tables("config_path", "mirrors", "configs", "auths"),
    number=LEAVES,
    images=tables("use_local_image_pull"),
    imports=VALUES,
)
@settings(max_examples=40, deadline=None)
def test_config_toml(
    registry: dict[str, Any], number: Any, images: dict[str, Any], imports: Any
) -> None:
    for name in ("io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"):
        text = (
            f"version = {toml(number)}\nimports = {toml(imports)}\n"
            f'[plugins."{name}"]\n{lines(images)}[plugins."{name}".registry]\n{lines(registry)}'
        )
        for version in ("1.4.13", "1.7.24", "2.2.7"):
            plan = planned("cri", version, {"/etc/containerd/config.toml": text})
            assert plan.refuses or plan.endpoints


@given(mirrors=VALUES, configs=VALUES)
@settings(max_examples=40, deadline=None)
def test_registries_yaml(mirrors: Any, configs: Any) -> None:
    text = json.dumps({"mirrors": mirrors, "configs": configs})
    named = json.dumps({"mirrors": {"docker.io": mirrors}, "configs": {"docker.io": configs}})
    for each in (text, named):
        plan = planned("k3s", "1.30.2", {"/etc/rancher/k3s/registries.yaml": each})
        assert plan.refuses or plan.endpoints


@given(settings_=tables("hosts_dir", "insecure_registry"))
@settings(max_examples=20, deadline=None)
def test_nerdctl_toml(settings_: dict[str, Any]) -> None:
    plan = planned("nerdctl", "2.0.3", {"/etc/nerdctl/nerdctl.toml": lines(settings_)})
    assert plan.endpoints


@pytest.mark.parametrize(
    "auths", ["5", "[]", '{"a": 5}', '{"a": {"auth": []}}', '{"": {"auth": "dTpw"}}']
)
def test_config_json(auths: str) -> None:
    files = {"/root/.docker/config.json": f'{{"auths": {auths}}}'}
    assert planned("buildkitd", "0.32", files, "alpine").endpoints
