"""What mends a build that stops for reasons of its own: files, secrets, builders, platforms."""

from __future__ import annotations

from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.store import Observations


def name_dockerfile(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The build finds no Dockerfile."""
    return (
        Fix(
            "buildkit",
            "name the file, and the directory of the context after it; -f counts from where "
            "one stands",
            "manual",
            ("docker build -f deploy/Dockerfile .",),
        ),
        Fix(
            "docker",
            "in compose, context is relative to the compose file and dockerfile to the context",
            "manual",
            ("docker compose config",),
        ),
    )


def put_into_context(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """A source of COPY or ADD is not in the context."""
    return (
        Fix(
            "buildkit",
            "look which rule leaves the path out, and let it in with a line that begins with !",
            "manual",
            ("grep -n '' .dockerignore",),
        ),
        Fix(
            "docker",
            "paths are relative to the context, not to the Dockerfile and not to the host: "
            "move the file, or build from a directory above it",
            "manual",
            ("docker build -f app/Dockerfile .",),
        ),
    )


def frontend_image(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The image that ``# syntax=`` names cannot be had."""
    return (
        Fix(
            "buildkit",
            "take the frontend from a registry that the builder reaches, for one build",
            "safe",
            ("docker build --build-arg BUILDKIT_SYNTAX=registry.example/docker/dockerfile:1 .",),
        ),
        Fix(
            "docker",
            "delete the line # syntax= where no new feature is used: the built-in frontend does",
            "manual",
            ("sed -n 1p Dockerfile",),
        ),
        Fix(
            "regdoctor",
            "nothing to do: regdoctor build has the frontend built in",
            "safe",
            ("regdoctor build .",),
        ),
    )


def frontend_died(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The external frontend ended before it answered."""
    return (
        Fix(
            "buildkit",
            "read why it died in the builder's log: runc, seccomp, memory, platform",
            "manual",
            ("docker logs --tail 50 buildx_buildkit_default0", "journalctl -k --since -10min"),
        ),
        Fix(
            "docker",
            "update the engine with its runc, or delete the line # syntax= and use the "
            "built-in frontend",
            "manual",
            ("journalctl -u docker --since -10min",),
        ),
    )


def builder_image(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """buildx cannot start a builder for want of its image."""
    return (
        Fix(
            "buildkit",
            "create the builder from a copy of its image",
            "safe",
            (
                (
                    "docker buildx create --use --driver docker-container --driver-opt "
                    "image=registry.example/moby/buildkit:buildx-stable-1"
                ),
            ),
        ),
        Fix(
            "docker",
            "or use the engine's own BuildKit, which needs no image",
            "safe",
            ("docker buildx use default",),
        ),
    )


def give_secret(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """A secret that a step wants was not given."""
    return (
        Fix(
            "buildkit",
            "give it from a variable or from a file; without src and env the id is taken for "
            "a variable, then for a file",
            "manual",
            (
                "docker build --secret id=token,env=TOKEN .",
                "docker build --secret id=token,src=./token .",
            ),
        ),
        Fix(
            "docker",
            "have a missing secret stop the build at once, and let the step's user read it",
            "manual",
            ("grep -n 'type=secret' Dockerfile",),
        ),
    )


def other_driver(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The docker driver cannot do what was asked for."""
    return (
        Fix(
            "docker",
            "turn on the containerd image store in daemon.json and restart dockerd; images "
            "of the old store are not shown in the new one",
            "manual",
            ("systemctl restart docker",),
            (
                FileChange(
                    "/etc/docker/daemon.json",
                    '+{\n+  "features": {"containerd-snapshotter": true}\n+}\n',
                ),
            ),
        ),
        Fix(
            "buildkit",
            "or build in a container, and repeat in buildkitd.toml the CAs, mirrors and "
            "insecure registries of the engine: that builder does not see them",
            "manual",
            (
                (
                    "docker buildx create --use --driver docker-container --buildkitd-config "
                    "buildkitd.toml"
                ),
            ),
        ),
    )


def load_one(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Several platforms cannot be loaded into the classic store."""
    return (
        Fix(
            "buildkit",
            "load one platform, or push all of them",
            "safe",
            (
                "docker buildx build --load --platform linux/amd64 .",
                (
                    "docker buildx build --push --platform linux/amd64,linux/arm64 -t "
                    "registry.example/team/app:1.0 ."
                ),
            ),
        ),
        Fix(
            "docker",
            "or turn on the containerd image store, which holds indexes",
            "manual",
            ("systemctl restart docker",),
            (
                FileChange(
                    "/etc/docker/daemon.json",
                    '+{\n+  "features": {"containerd-snapshotter": true}\n+}\n',
                ),
            ),
        ),
    )


def emulate(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """A step runs a program of another architecture."""
    return (
        Fix(
            "buildkit",
            "register an emulator in the kernel, for all containers of the host",
            "unsafe",
            ("docker run --privileged --rm tonistiigi/binfmt --install arm64",),
        ),
        Fix(
            "docker",
            "where nobody wanted that architecture, name the platform, or pin the digest of "
            "the index in place of that of one image",
            "manual",
            (
                "docker buildx imagetools inspect alpine:3.19",
                "docker build --platform linux/amd64 .",
            ),
        ),
        Fix(
            "podman",
            "install the package of QEMU's user emulation, which registers itself",
            "manual",
            ("apt-get install qemu-user-static",),
        ),
    )


def daemon_died(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The daemon went away in the middle of a build."""
    return (
        Fix(
            "buildkit",
            "look whether it was killed or panicked; then give it memory, fewer steps at "
            "once, or a newer version",
            "manual",
            (
                "docker logs --tail 100 buildx_buildkit_default0",
                "journalctl -k --since -30min | grep -iE 'oom|killed'",
            ),
        ),
        Fix(
            "docker",
            "the same of the engine; update it where its log shows a panic",
            "manual",
            ("journalctl -u docker --since -30min | grep -iE 'panic|fatal|signal'",),
        ),
    )


def visible_image(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """A builder in a container does not see the engine's images."""
    return (
        Fix(
            "docker",
            "build with the engine's own BuildKit, which sees its images",
            "safe",
            ("docker buildx use default",),
        ),
        Fix(
            "buildkit",
            "or hand the image over: from a registry, or as a named context",
            "manual",
            (
                (
                    "docker buildx build --build-context "
                    "myimage=docker-image://registry.example/team/myimage:1.0 ."
                ),
            ),
        ),
    )


def trust_in_step(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """A program in a RUN step does not trust what it is shown."""
    return (
        Fix(
            "regdoctor",
            "show the step a bundle with the authority, which stays out of the image",
            "safe",
            ("regdoctor build --run-ca corp.crt .",),
        ),
        Fix(
            "buildkit",
            "mount it into the step as a secret, which stays out of the layers",
            "safe",
            ("docker build --secret id=ca,src=corp.crt .",),
        ),
        Fix(
            "docker",
            "or put it into the image for good: COPY corp.crt "
            "/usr/local/share/ca-certificates/ and RUN update-ca-certificates",
            "manual",
            ("grep -n 'update-ca-certificates' Dockerfile",),
        ),
        Fix(
            "podman",
            "mount the host's bundle over the image's for the length of the build",
            "manual",
            (
                (
                    "podman build --volume "
                    "/etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro ."
                ),
            ),
        ),
    )
