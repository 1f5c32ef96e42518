"""Docker Desktop: the engine of a virtual machine, with the files of the user's directory."""

from __future__ import annotations

import json

import pytest

from regdoctor.clients.docker_desktop import SETTINGS, domains, present
from regdoctor.clients.onhost import plan_on
from regdoctor.clients.plan import ClientPlan
from regdoctor.observations.host import HostFiles
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, host_files

HOME = "/Users/me"
HOST = "registry.example:5000"
IMAGE = f"{HOST}/team/app:1"
CA = CertificateAuthority("Example Root CA", validity=VALID).pem
MIRRORS = b'{"registry-mirrors": ["https://m.example/proxy"]}'


def having(files: dict[str, bytes], **versions: str) -> HostFiles:
    made = host_files({path.replace("~", HOME): text for path, text in files.items()})
    environment = {"HTTPS_PROXY": "http://mine.example:1"}
    return HostFiles(made.files, made.directories, HOME, environment, versions)


def plan(files: dict[str, bytes], image: str = IMAGE, name: str = "docker-desktop") -> ClientPlan:
    return plan_on(having(files), name, image)


def sentences(made: ClientPlan) -> str:
    return "\n".join(note.sentence for note in made.notes)


@pytest.mark.parametrize("name", ["docker-desktop", "docker-desktop-build"])
def test_certificates_and_daemon_json_are_those_of_the_users_directory(name: str) -> None:
    made = plan({f"~/.docker/certs.d/{HOST}/ca.crt": CA}, name=name)
    (endpoint,) = made.endpoints
    assert [each.path for each in endpoint.transport.extra] == [
        f"{HOME}/.docker/certs.d/{HOST}/ca.crt"
    ]
    assert not made.executed
    assert "virtual machine" in endpoint.transport.process.store
    mirrored = plan({"~/.docker/daemon.json": MIRRORS}, "alpine", name)
    assert [each.role for each in mirrored.endpoints] == ["mirror", "origin"]


def test_etc_docker_of_the_host_is_not_the_machines() -> None:
    made = plan(
        {f"/etc/docker/certs.d/{HOST}/ca.crt": CA, "/etc/docker/daemon.json": MIRRORS}, IMAGE
    )
    assert made.endpoints[0].transport.extra == ()
    assert f"/etc/docker/certs.d/{HOST} is not read by Docker Desktop" in sentences(made)
    assert "/etc/docker/daemon.json is not read by Docker Desktop" in sentences(made)


def test_the_shells_proxy_is_not_the_engines_and_that_of_the_settings_is() -> None:
    assert plan({}).endpoints[0].attempts[0].proxy == ""
    for path in SETTINGS:
        text = json.dumps(
            {"ProxyHTTPMode": "manual", "OverrideProxyHTTPS": "http://p.example:3128"}
        )
        made = plan({f"~/{path}": text.encode()})
        assert made.endpoints[0].attempts[0].proxy == "http://p.example:3128"


def test_the_image_store_is_that_of_the_settings() -> None:
    files = {"~/.docker/daemon.json": b'{"registry-mirrors": ["http://m.example/v2"]}'}
    classic = {f"~/{SETTINGS[0]}": b'{"UseContainerdSnapshotter": false}', **files}
    kinds = [note.kind for note in plan(classic, "alpine").notes]
    assert "docker-mirror-path-double-v2" in kinds
    modern = {f"~/{SETTINGS[0]}": b'{"UseContainerdSnapshotter": true}', **files}
    kinds = [note.kind for note in plan(modern, "alpine").notes]
    assert "docker-mirror-path-double-v2" not in kinds


def test_settings_that_do_not_parse_tell_nothing() -> None:
    for text in (b"", b"[]", b"{", b'{"ProxyHTTPMode": 3}'):
        assert plan({f"~/{SETTINGS[0]}": text}).endpoints[0].host == HOST


def test_it_is_there_where_its_settings_are_or_its_package_is() -> None:
    assert not present(having({}))
    assert present(having({f"~/{SETTINGS[0]}": b"{}"}))
    assert present(having({}, **{"docker-desktop": "4.40.0"}))
    assert list(domains(having({"~/.docker/daemon.json": MIRRORS}))) == ["docker.io"]
