"""What mends configuration that does not do what it looks like; diffs stand in the pages."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from regdoctor.fixes.authority import quoted
from regdoctor.model.finding import Finding, Fix
from regdoctor.observations.store import Observations

_ADVICE: dict[str, tuple[Fix, ...]] = {
    "docker-certsd-cert-vs-crt-extension": (
        Fix(
            "all clients",
            ("name the authority ca.crt; keep .cert and .key for the client's own pair"),
            "manual",
            ("mv ca.pem ca.crt",),
        ),
    ),
    "docker-certsd-directory-name-port": (
        Fix(
            "all clients",
            "name the directory as the reference names the registry",
            "manual",
            (
                (
                    "mv /etc/docker/certs.d/registry.example "
                    "/etc/docker/certs.d/registry.example:5000"
                ),
            ),
        ),
    ),
    "containerd-hosts-toml-wrong-structure": (
        Fix(
            "containerd",
            ("write one table per host with its own ca; changes count at the next pull"),
            "manual",
            (
                "containerd --version",
                "journalctl -u containerd | grep -F hosts.toml",
            ),
        ),
    ),
    "containerd-mirror-path-double-v2-override-path": (
        Fix("containerd", "say that the path is complete", "safe", ()),
    ),
    "buildkit-http-and-insecure-semantics": (
        Fix(
            "buildkit",
            ("give the mirror a table of its own, and restart buildkitd or make the builder anew"),
            "manual",
            (
                "docker buildx rm B",
                "docker buildx create --name B --buildkitd-config /etc/buildkit/buildkitd.toml",
            ),
        ),
    ),
    "podman-registries-conf-v1-v2-and-insecure": (
        Fix(
            "podman",
            (
                "keep one file, in the format with [[registry]], and write "
                "insecure into [[registry.mirror]] too"
            ),
            "manual",
            ("podman info --format '{{.Registries}}'",),
        ),
    ),
    "client-setting-ignored": (
        Fix("all clients", "use the name that this client and version has for it", "manual", ()),
    ),
    "client-certificates-not-read": (
        Fix(
            "buildkit",
            ("name the directory in buildkitd.toml (tlsconfigdir), or the file (ca)"),
            "manual",
            (),
        ),
        Fix(
            "podman",
            ("put the file into the directory that comes first, or remove the empty one"),
            "manual",
            (),
        ),
    ),
    "client-credentials-exposed": (
        Fix(
            "all clients",
            (
                "let the registry speak TLS, and give a mirror no reason to ask: "
                "anonymous reading there"
            ),
            "manual",
            (),
        ),
    ),
    "docker-build-mirror-differs": (
        Fix(
            "docker",
            (
                "upgrade the engine to 28 or later, or give the mirror a host of "
                "its own without a path"
            ),
            "manual",
            (),
        ),
    ),
    "docker-insecure-mirror-unverifies-hub": (
        Fix(
            "docker",
            (
                "trust the mirror's CA by /etc/docker/certs.d/docker.io, and take"
                " it out of insecure-registries"
            ),
            "manual",
            ("install -D -m 0644 ca.crt /etc/docker/certs.d/docker.io/ca.crt",),
        ),
    ),
    "docker-mirror-uses-origin-certsd-not-mirror-certsd": (
        Fix(
            "docker",
            "put the same file into both directories: that serves every version",
            "manual",
            ("install -D -m 0644 ca.crt /etc/docker/certs.d/docker.io/ca.crt",),
        ),
    ),
    "docker29-insecure-or-certsd-looks-configured": (
        Fix(
            "docker",
            "keep one of the two: the tables, or daemon.json",
            "manual",
            ("ls /etc/docker/certs.d/*/hosts.toml",),
        ),
    ),
    "dockerd-does-not-read-containerd-certsd": (
        Fix(
            "docker",
            "copy the directory to where dockerd looks",
            "manual",
            (("cp -r /etc/containerd/certs.d/registry.example:5000 /etc/docker/certs.d/"),),
        ),
    ),
    "registry-mirrors-only-apply-to-docker-io": (
        Fix(
            "docker",
            (
                "from engine 28 on, a hosts.toml in /etc/docker/certs.d/NAME "
                "gives any registry a mirror; before, write the mirror into the "
                "reference"
            ),
            "manual",
            (),
        ),
    ),
    "containerd-config-path-colon-list": (
        Fix("containerd", "name one directory, and restart containerd", "safe", ()),
    ),
    "containerd-ctr-ignores-cri-config": (
        Fix(
            "containerd",
            "test with crictl, or give ctr the directory",
            "safe",
            (
                "crictl pull registry.example:5000/team/app:1",
                "ctr -n k8s.io images pull --hosts-dir /etc/containerd/certs.d r.example/app:1",
            ),
        ),
    ),
    "crio-mirror-by-digest-only": (
        Fix(
            "podman",
            "pin the image by its digest, or let the mirror serve tags too",
            "manual",
            (("skopeo inspect --format '{{.Digest}}' docker://registry.example:5000/team/app:1"),),
        ),
    ),
    "k3s-registries-yaml-keys": (
        Fix(
            "containerd",
            "key configs by the endpoint's host and port, and restart k3s",
            "manual",
            ("systemctl restart k3s",),
        ),
    ),
    "docker-desktop-containerd-store-ignores-insecure-registries": (
        Fix(
            "docker",
            ("upgrade Docker Desktop, or put the CA into ~/.docker/certs.d and restart it"),
            "manual",
        ),
    ),
    "buildkit-mirror-not-used-by-container-builder": (
        Fix("buildkit", "give the builder the mirrors, and make it anew", "manual"),
    ),
    "buildkit-mirror-error-stops-or-hides-fallback": (
        Fix("all clients", "ask each host by itself, and mend the one that fails", "safe"),
    ),
    "podman-short-name-not-resolved": (
        Fix("podman", "write the whole name, docker.io/library/...", "safe"),
    ),
    "client-configuration-refused": (
        Fix("all clients", "correct what the words name, and start the client again", "manual"),
    ),
    "containerd-mirrors-and-config-path-conflict": (
        Fix(
            "containerd",
            "take the old mirrors and configs out, and write a hosts.toml per registry",
            "manual",
            ("systemctl restart containerd",),
        ),
    ),
}


def advice(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """What is known to help against the trap of that code."""
    return _ADVICE[finding.code]


def certificate_names(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Of a file whose name alone is wrong, the command that gives it the right one."""
    file = str(_data(finding).get("file", ""))
    stem, dot, extension = file.rpartition(".")
    if not dot or extension not in ("pem", "cer"):
        return advice(seen, finding)
    (general,) = advice(seen, finding)
    return (replace(general, commands=(f"mv {quoted(file)} {quoted(stem)}.crt",)),)


def directory_names(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Where the name that is right is known, the command that gives it."""
    data = _data(finding)
    path, host = str(data.get("file", "")), str(data.get("subject", ""))
    if data.get("kind") != "directory-name-differs":
        return advice(seen, finding)
    (general,) = advice(seen, finding)
    target = f"{posixpath.dirname(path)}/{host}"
    return (replace(general, commands=(f"mv {quoted(path)} {quoted(target)}",)),)


def hosts_toml(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Of a file that does not parse, to correct it; of one that does, the table that is meant."""
    data = _data(finding)
    if data.get("kind") != "hosts-toml-does-not-parse":
        return advice(seen, finding)
    return (
        Fix(
            next(iter(finding.breaks), "containerd"),
            f"correct {data['file']} where the parser stops; it is read at every pull, so nothing "
            "has to be restarted",
            "manual",
        ),
    )


def _data(finding: Finding) -> Mapping[str, Any]:
    """What the finding's note is about."""
    return next((each.data for each in finding.evidence if "kind" in each.data), {})
