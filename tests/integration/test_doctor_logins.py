"""Logins as the files of this host have them: helpers, keys, and files that cannot be read."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fixtures.checked import Ran, check
from tests.fixtures.registry import (
    BasicAuth,
    BearerAuth,
    Registry,
    Server,
    Store,
    TokenService,
    faults,
)
from tests.fixtures.registry.auth import Auth

pytestmark = pytest.mark.integration

ME = base64.b64encode(b"me:right").decode()
LOGIN = {"auths": {"here": {"auth": ME}}}


def looked(
    directory: Path,
    config: Mapping[str, object] | None,
    *arguments: str,
    auth: Auth | None = None,
    environ: Mapping[str, str] | None = None,
    tamper: tuple[faults.Tamper, ...] = (),
) -> Ran:
    """An image asked for by a user whose docker file is ``config``; ``here`` is the registry."""
    store = Store()
    store.add_image("team/app", "1.0")
    auth = auth or BasicAuth({"me": "right"})
    with Server(Registry(store, auth=auth, tamper=tamper)) as server:
        if config is not None:
            text = json.dumps(config).replace('"here"', f'"{server.authority}"')
            (directory / "config.json").write_text(text)
        arguments = tuple(each.replace("HERE", server.authority) for each in arguments)
        image = f"{server.authority}/team/app:1.0"
        return check(
            *arguments, image, environ={"DOCKER_CONFIG": str(directory), **(environ or {})}
        )


def test_a_login_that_is_right_is_quiet(tmp_path: Path) -> None:
    assert looked(tmp_path, LOGIN).report["findings"] == []


def test_a_helper_for_this_registry_that_is_not_installed(tmp_path: Path) -> None:
    ran = looked(tmp_path, {"credHelpers": {"here": "gone"}})
    assert ran.serious == {"credential-helper-not-in-path"}
    finding = ran.findings["credential-helper-not-in-path"]
    assert finding["breaks"] == ["docker", "buildkit", "regdoctor"]
    assert "docker-credential-gone" in finding["title"]


def test_a_helper_for_another_registry_does_not_matter(tmp_path: Path) -> None:
    config = {**LOGIN, "credHelpers": {"other.example": "gone"}}
    assert looked(tmp_path, config).report["findings"] == []


def test_a_registry_for_everybody_breaks_docker_alone_for_want_of_a_helper(tmp_path: Path) -> None:
    config = {"credsStore": "gone"}
    anybody = BasicAuth({}, anonymous_pull=True)
    ran = looked(tmp_path, config, auth=anybody)
    assert ran.serious == set()
    assert ran.findings["credential-helper-not-in-path"]["severity"] == "info"
    assert looked(tmp_path, config, "--as", "docker", auth=anybody).code == 1


def test_a_keyring_without_a_bus(tmp_path: Path) -> None:
    helper = tmp_path / "docker-credential-secretservice"
    helper.write_text("#!/bin/sh\necho 'Cannot autolaunch D-Bus without X11 $DISPLAY'\nexit 1\n")
    helper.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    ran = looked(tmp_path, {"credsStore": "secretservice"}, environ={"PATH": path})
    assert ran.serious == {"credential-helper-secretservice-no-dbus"}
    assert ran.findings["credential-helper-secretservice-no-dbus"]["confidence"] == "certain"


def test_a_key_with_a_wildcard_is_no_pattern(tmp_path: Path) -> None:
    ran = looked(tmp_path, {"credHelpers": {"127.0.0.*": "ecr-login"}})
    assert ran.serious == {"credhelpers-no-wildcard-and-docker-build"}
    other = looked(tmp_path, {"credHelpers": {"*.example": "ecr-login"}})
    assert other.serious == {"pull-access-denied-or-not-found"}


def test_a_key_that_docker_does_not_know_for_its_hub(tmp_path: Path) -> None:
    hub = BearerAuth(TokenService(), service="registry.docker.io")
    wrong = {"auths": {"docker.io": {"auth": ME}}}
    ran = looked(tmp_path, wrong, "--as", "docker", auth=hub)
    assert ran.serious == {"dockerhub-config-key-mismatch"}
    assert ran.findings["dockerhub-config-key-mismatch"]["severity"] == "warning"
    assert ME not in ran.out
    right = {"auths": {"https://index.docker.io/v1/": {"auth": ME}}}
    assert looked(tmp_path, right, "--as", "docker", auth=hub).report["findings"] == []


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"auths": {"here": {"auth": "?"}}}, "not base64"),
        ({"auths": {"here": "me:right"}}, "not a JSON object"),
        ({"auths": []}, "auths is not a JSON object"),
    ],
)
def test_an_entry_that_cannot_be_read(
    config: Mapping[str, object], words: str, tmp_path: Path
) -> None:
    ran = looked(tmp_path, config)
    assert ran.serious == {"docker-config-json-malformed-or-directory"}
    assert words in ran.report["findings"][0]["title"]
    assert ran.open == set()


def test_a_directory_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    ran = looked(tmp_path, None)
    assert ran.serious == {"docker-config-json-malformed-or-directory"}
    assert "is a directory" in ran.report["findings"][0]["title"]


def test_a_file_of_podmans_that_hides_dockers(tmp_path: Path) -> None:
    environ = {"REGISTRY_AUTH_FILE": str(tmp_path / "auth.json")}
    ran = looked(tmp_path, LOGIN, "--as", "podman", environ=environ)
    assert ran.serious == {"skopeo-container-ignores-mounted-config-credsstore"}
    assert looked(tmp_path, LOGIN, "--as", "docker", environ=environ).code == 0


def test_a_login_of_containerds_under_the_name_of_the_origin(tmp_path: Path) -> None:
    """``registry.mirrors`` and ``registry.configs`` of a config.toml, as on a node."""
    toml = tmp_path / "host" / "etc" / "containerd" / "config.toml"
    toml.parent.mkdir(parents=True)
    plugin = 'plugins."io.containerd.grpc.v1.cri".registry'
    auth = '[plugins."io.containerd.grpc.v1.cri".registry.configs."{}".auth]\nusername = "me"\n'
    store = Store()
    store.add_image("team/app", "1.0")
    with Server(Registry(store, auth=BasicAuth({"me": "right"}))) as server:
        mirrors = f'version = 2\n[{plugin}.mirrors."origin.example"]\nendpoint = ["{server.url}"]\n'
        arguments = ("--host-root", str(tmp_path / "host"), "--as", "containerd", server.authority)
        toml.write_text(mirrors + auth.format("origin.example"))
        ran = check(*arguments)
        assert "containerd-mirror-auth-sent-to-wrong-host" in ran.serious
        toml.write_text(mirrors + auth.format("origin.example") + auth.format(server.authority))
        assert "containerd-mirror-auth-sent-to-wrong-host" not in check(*arguments).findings


def test_no_secret_of_a_file_is_shown_or_saved(tmp_path: Path) -> None:
    saved = tmp_path / "seen.json"
    ran = looked(tmp_path, LOGIN, "-v", "--save", str(saved))
    kept = saved.read_text()
    assert '"user": "me"' in kept
    for text in (ran.out, ran.err, kept):
        assert ME not in text
        assert "me:right" not in text
