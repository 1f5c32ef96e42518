"""What a build states about its image, laid beside it in an index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.builds import Builds, serve_base
from tests.fixtures.registry import Server

pytestmark = [pytest.mark.integration, pytest.mark.root]

DOCKERFILE = (
    "FROM BASE\nARG A\nCOPY a /\n"
    "RUN --mount=type=secret,id=token --network=none cat /a >/b\nLABEL x=y\n"
)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    server, base = serve_base(tmp_path)
    with server:
        yield server, base


@pytest.fixture
def builds(tmp_path: Path, registry: tuple[Server, str]) -> Builds:
    made = Builds(tmp_path, registry[1])
    made.environment["BUILDX_NO_DEFAULT_ATTESTATIONS"] = ""
    made.environment["TOKEN"] = "hunter2"
    return made


class Layout:
    """What a build writes as an OCI layout."""

    def __init__(self, builds: Builds, *arguments: str | Path) -> None:
        self.path = builds.directory / "layout"
        ended = builds.run(
            *("-o", f"type=oci,tar=false,dest={self.path},name=made.example/it:1"),
            *("--secret", "id=token,env=TOKEN", "--build-arg", "A=private"),
            *arguments,
            builds.context(DOCKERFILE, a="x"),
        )
        assert ended.code == 0, ended.text
        self.top = json.loads((self.path / "index.json").read_text())["manifests"][0]

    def json(self, digest: str) -> Any:
        return json.loads((self.path / "blobs" / digest.replace(":", "/")).read_text())

    def statement(self) -> Any:
        image, attestation = self.json(self.top["digest"])["manifests"]
        assert attestation["platform"] == {"architecture": "unknown", "os": "unknown"}
        assert attestation["annotations"] == {
            "vnd.docker.reference.digest": image["digest"],
            "vnd.docker.reference.type": "attestation-manifest",
        }
        manifest = self.json(attestation["digest"])
        assert manifest["artifactType"] == "application/vnd.docker.attestation.manifest.v1+json"
        assert manifest["subject"]["digest"] == image["digest"]
        assert manifest["config"]["data"] == "e30="
        (layer,) = manifest["layers"]
        stated = self.json(layer["digest"])
        assert layer["annotations"] == {"in-toto.io/predicate-type": stated["predicateType"]}
        assert stated["subject"][0]["digest"] == {"sha256": image["digest"].removeprefix("sha256:")}
        assert stated["subject"][0]["name"].startswith("pkg:docker/made.example/it@1?platform=")
        return stated


def test_an_image_says_how_it_was_made_unless_told_otherwise(builds: Builds) -> None:
    layout = Layout(builds)
    stated = layout.statement()
    assert stated["_type"] == "https://in-toto.io/Statement/v1"
    assert stated["predicateType"] == "https://slsa.dev/provenance/v1"
    definition = stated["predicate"]["buildDefinition"]
    (material,) = definition["resolvedDependencies"]
    name = builds.base.rpartition(":")[0].replace(":", "%3A")
    assert material["uri"] == f"pkg:docker/{name}@1?platform=linux%2Famd64"
    assert definition["externalParameters"] == {
        "configSource": {"path": "Dockerfile"},
        "request": {
            "frontend": "dockerfile.v0",
            "locals": [{"name": "context"}, {"name": "dockerfile"}],
            "root": {"configSource": {"path": "Dockerfile"}, "request": {}},
            "compatibilityVersion": 30,
        },
    }
    assert "buildConfig" not in definition["internalParameters"]
    metadata = stated["predicate"]["runDetails"]["metadata"]
    # what was left out is said
    assert metadata["buildkit_completeness"] == {"request": False, "resolvedDependencies": False}
    assert "private" not in json.dumps(stated)


def test_max_has_the_arguments_the_file_and_the_graph_but_no_secret(builds: Builds) -> None:
    stated = Layout(builds, "--provenance", "mode=max,builder-id=me,reproducible=true").statement()
    predicate = stated["predicate"]
    request = predicate["buildDefinition"]["externalParameters"]["request"]
    assert request["args"] == {"build-arg:A": "private"}
    assert request["secrets"] == [{"id": "token", "optional": True}]
    config = predicate["buildDefinition"]["internalParameters"]["buildConfig"]
    steps = {step["id"]: step for step in config["llbDefinition"]}
    last = steps[f"step{len(steps) - 1}"]
    assert last == {
        "id": last["id"],
        "op": {"Op": {}},
        "inputs": [f"step{len(steps) - 2}:0"],
    }
    kinds = [next(iter(step["op"]["Op"]), "") for step in config["llbDefinition"]]
    assert sorted(kinds) == ["", "exec", "file", "source", "source"]
    assert set(config["digestMapping"].values()) == set(steps)
    details = predicate["runDetails"]
    assert details["builder"] == {"id": "me"}
    assert details["metadata"]["buildkit_reproducible"] is True
    assert (
        details["metadata"]["buildkit_metadata"]["source"]["infos"][0]["filename"] == "Dockerfile"
    )
    assert "hunter2" not in json.dumps(stated)


def test_the_older_version_is_there_on_request(builds: Builds) -> None:
    stated = Layout(builds, "--attest", "type=provenance,mode=max,version=v0.2").statement()
    assert stated["predicateType"] == "https://slsa.dev/provenance/v0.2"
    predicate = stated["predicate"]
    assert predicate["buildType"] == "https://mobyproject.org/buildkit@v1"
    assert predicate["invocation"]["configSource"] == {"entryPoint": "Dockerfile"}
    assert predicate["buildConfig"]["llbDefinition"]


@pytest.mark.parametrize("by", ["attribute", "environment"])
def test_a_registry_that_knows_no_artifacts_gets_the_statements_as_an_image(
    builds: Builds, by: str
) -> None:
    target = builds.directory / "plain"
    builds.environment["BUILDX_NO_DEFAULT_OCI_ARTIFACT"] = str(by == "environment")
    more = ",oci-artifact=false" if by == "attribute" else ""
    context = builds.context("FROM scratch\nCOPY a /\n", a="x")
    ended = builds.run("-o", f"type=oci,tar=false,dest={target}{more}", context)
    assert ended.code == 0, ended.text

    def read(digest: str) -> Any:
        return json.loads((target / "blobs" / digest.replace(":", "/")).read_text())

    top = json.loads((target / "index.json").read_text())["manifests"][0]
    manifest = read(read(top["digest"])["manifests"][1]["digest"])
    (layer,) = manifest["layers"]
    assert set(manifest) == {"schemaVersion", "mediaType", "config", "layers"}
    assert manifest["config"]["mediaType"] == "application/vnd.oci.image.config.v1+json"
    assert read(manifest["config"]["digest"]) == {
        "architecture": "unknown",
        "os": "unknown",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }


def test_a_tree_has_no_statements_and_who_asks_for_them_is_told(builds: Builds) -> None:
    context = builds.context("FROM scratch\nCOPY a /\n", a="x")
    output = ("-o", str(builds.directory / "tree"))
    told = "warning: no attestation is written into a type=local output"
    assert told in builds.run(*output, "--provenance=mode=max", context).stderr
    assert told not in builds.run(*output, context).stderr


def test_docker_s_types_have_no_place_for_statements(builds: Builds) -> None:
    context = builds.context("FROM scratch\nCOPY a /\n", a="x")
    output = ("-o", f"type=oci,dest={builds.directory}/a.tar,oci-mediatypes=false")
    refused = builds.run(*output, context)
    assert refused.code == 2
    assert 'cannot export attestations with "oci-mediatypes=false"' in refused.stderr
    assert builds.run(*output, "--provenance=false", context).code == 0


@pytest.mark.parametrize(
    "off", [["--provenance=false"], ["--attest", "type=provenance,disabled=true"]]
)
def test_switched_off_the_image_stands_alone(builds: Builds, off: list[str]) -> None:
    layout = Layout(builds, *off)
    assert layout.top["mediaType"] == "application/vnd.oci.image.manifest.v1+json"


def test_complete_materials_are_refused_where_a_directory_is_one(builds: Builds) -> None:
    ended = builds.run(
        *("--provenance", "complete-materials=true"), builds.context(DOCKERFILE, a="x")
    )
    assert ended.code == 1
    assert "provenance materials are incomplete: context" in ended.stderr


def test_what_was_pushed_with_statements_can_be_built_on(
    builds: Builds, registry: tuple[Server, str], tmp_path: Path
) -> None:
    name = f"{registry[0].authority}/made/it:1"
    first = builds.run("-t", name, "--push", builds.context(DOCKERFILE, a="x"))
    assert first.code == 0, first.text
    assert "exporting attestation manifest" in first.stderr
    ended = builds.run("--pull", "-o", tmp_path / "out", builds.context(f"FROM {name}\n"))
    assert ended.code == 0, ended.text
    assert (tmp_path / "out/b").read_text() == "x"
