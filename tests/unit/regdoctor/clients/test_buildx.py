"""buildx builders: which one is judged, and what of the host's files is in its container."""

from __future__ import annotations

import base64
import json
from typing import Any

from regdoctor.clients.buildx import domains, present
from regdoctor.clients.onhost import plan_on
from regdoctor.clients.plan import ClientPlan
from regdoctor.clients.told import told
from regdoctor.observations.host import HostFiles
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, host_files

HOME = "/home/me"
BASE = f"{HOME}/.docker/buildx"
HOST = "registry.example:5000"
IMAGE = f"{HOST}/team/app:1"
CA = CertificateAuthority("Example Root CA", validity=VALID).pem
INSIDE = "/etc/buildkit/certs/registry.example_5000/ca.pem"
TRUSTING = f'[registry."{HOST}"]\nca = ["{INSIDE}"]\n'


def builder(
    name: str = "b",
    toml: str = "",
    *,
    driver: str = "docker-container",
    certificates: dict[str, bytes] | None = None,
    options: dict[str, str] | None = None,
) -> dict[str, bytes]:
    files = {"buildkitd.toml": toml.encode()} if toml else {}
    files |= certificates or {}
    node: dict[str, Any] = {"Name": f"{name}0", "DriverOpts": options}
    node["Files"] = {key: base64.b64encode(each).decode() for key, each in files.items()} or None
    document = {"Name": name, "Driver": driver, "Nodes": [node], "Dynamic": False}
    return {f"{BASE}/instances/{name}": json.dumps(document).encode()}


def current(name: str) -> dict[str, bytes]:
    document = {"Key": "unix:///var/run/docker.sock", "Name": name, "Global": False}
    return {f"{BASE}/current": json.dumps(document).encode()}


def having(files: dict[str, bytes], **environment: str) -> HostFiles:
    made = host_files(files)
    return HostFiles(made.files, made.directories, HOME, environment)


def plan(files: dict[str, bytes], image: str = IMAGE, **environment: str) -> ClientPlan:
    return plan_on(having(files, **environment), "buildx", image)


def sentences(made: ClientPlan) -> str:
    return "\n".join(note.sentence for note in made.notes)


def test_a_builder_trusts_what_was_copied_into_it_when_it_was_made() -> None:
    certificates = {INSIDE.removeprefix("/etc/buildkit/"): CA}
    made = plan({**builder("b", TRUSTING, certificates=certificates), **current("b")})
    (endpoint,) = made.endpoints
    assert [each.path for each in endpoint.transport.extra] == [INSIDE]
    assert endpoint.transport.extra[0].content == CA
    assert not made.executed
    assert "its image" in endpoint.transport.process.store


def test_it_sees_neither_the_hosts_roots_nor_its_certs_d_nor_daemon_json() -> None:
    files = {
        **builder(),
        **current("b"),
        "/etc/ssl/certs/ca-certificates.crt": CA,
        f"/etc/docker/certs.d/{HOST}/ca.crt": CA,
        "/etc/docker/daemon.json": b'{"registry-mirrors": ["https://m.example"]}',
    }
    made = plan(files)
    (endpoint,) = made.endpoints
    assert endpoint.transport.roots == ()
    assert f"/etc/docker/certs.d/{HOST} is not read" in sentences(made)
    hub = plan(files, "alpine")
    assert [each.role for each in hub.endpoints] == ["origin"]
    assert "registry-mirrors of /etc/docker/daemon.json" in sentences(hub)


def test_one_with_mirrors_of_its_own_is_not_told_of_those_of_the_daemon() -> None:
    files = {
        **builder("b", '[registry."docker.io"]\nmirrors = ["m.example"]\n'),
        **current("b"),
        "/etc/docker/daemon.json": b'{"registry-mirrors": ["https://m.example"]}',
    }
    made = plan(files, "alpine")
    assert [each.host for each in made.endpoints] == ["m.example", "registry-1.docker.io"]
    assert "daemon.json" not in sentences(made)
    assert list(domains(having(files))) == ["docker.io"]


def test_its_proxy_is_a_driver_option_and_the_shells_is_the_commands_alone() -> None:
    options = {"env.HTTPS_PROXY": "http://p.example:3128"}
    made = plan({**builder(options=options), **current("b")}, HTTPS_PROXY="http://mine.example")
    (endpoint,) = made.endpoints
    assert endpoint.attempts[0].proxy == "http://p.example:3128"
    assert endpoint.tokens is not None
    assert endpoint.tokens.process.proxies.proxy_of("https", "a.example") == "http://mine.example"
    assert endpoint.tokens.process.store == ""


def test_the_tag_of_its_image_tells_the_release() -> None:
    files = {**builder(options={"image": "mirror.example/moby/buildkit:v0.11.6-rootless"})}
    seen = told(having(files), "buildx", IMAGE)
    assert (seen.version, seen.guessed) == ("0.11.6", False)
    assert told(having(builder()), "buildx", IMAGE).guessed


def test_the_one_that_is_named_or_in_use_is_judged_and_others_are_told() -> None:
    files = {**builder("a"), **builder("b", TRUSTING), **current("b")}
    assert "builder b" in sentences(plan(files))
    assert "BUILDX_BUILDER=a" in sentences(plan(files))
    assert "builder a" in sentences(plan(files, BUILDX_BUILDER="a"))
    # With the docker driver in use, docker build is what builds: a container is asked for by name.
    idle = plan({**builder("a")})
    assert "builder a" in sentences(idle)
    assert "not in use" in sentences(idle)


def test_without_a_builder_one_is_judged_as_it_would_be_made_now() -> None:
    toml = f'[registry."{HOST}"]\nca = ["/x/ca.pem"]\ntlsconfigdir = ["/x/dir"]\n'.encode()
    files = {f"{BASE}/buildkitd.default.toml": toml, "/x/ca.pem": CA, "/x/dir/more.crt": CA}
    made = plan(files)
    assert [each.path for each in made.endpoints[0].transport.extra] == ["/x/ca.pem"]
    assert "tlsconfigdir /x/dir is not copied" in sentences(made)
    assert "would be made" in sentences(made)
    assert not present(having(files))
    assert present(having(builder()))


def test_a_default_file_that_is_newer_than_the_builder_is_told() -> None:
    toml = f'[registry."{HOST}"]\nhttp = true\n'.encode()
    made = plan({**builder(), **current("b"), f"{BASE}/buildkitd.default.toml": toml})
    assert made.endpoints[0].attempts[0].scheme == "https"
    assert "docker buildx rm b" in sentences(made)


def test_a_remote_builder_is_said_to_be_elsewhere() -> None:
    made = plan({**builder(driver="remote"), **current("b")})
    assert "another host" in made.endpoints[0].transport.process.store
    assert "remote" in sentences(made)


def test_a_file_that_is_no_builder_is_passed_over() -> None:
    for text in (b"", b"[]", b"{", b'{"Nodes": [7]}', b'{"Nodes": {}, "Driver": 3}'):
        made = plan({f"{BASE}/instances/b": text, **current("b")})
        assert made.endpoints[0].host == HOST


def test_the_directory_is_chosen_by_the_environment() -> None:
    moved = {path.replace(BASE, "/bx"): text for path, text in builder("c").items()}
    assert "builder c" in sentences(plan(moved, BUILDX_CONFIG="/bx"))
    moved = {path.replace(BASE, "/dc/buildx"): text for path, text in builder("c").items()}
    assert "builder c" in sentences(plan(moved, DOCKER_CONFIG="/dc"))
