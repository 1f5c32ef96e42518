"""What mends programs of a host: how clients are called, and what they are told."""

from __future__ import annotations

from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.store import Observations


def pull_deadline(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The runtime gave up on a pull."""
    return (
        Fix(
            "kubernetes",
            "with cri-dockerd, give the whole pull more than two minutes",
            "manual",
            ("systemctl restart kubelet",),
            (FileChange("/var/lib/kubelet/config.yaml", "+runtimeRequestTimeout: 15m\n"),),
        ),
        Fix(
            "containerd",
            "let a pull be silent for longer; in containerd 1.x the table is "
            'plugins."io.containerd.grpc.v1.cri"',
            "manual",
            ("systemctl restart containerd",),
            (
                FileChange(
                    "/etc/containerd/config.toml",
                    "+[plugins.'io.containerd.cri.v1.images']\n"
                    "+  image_pull_progress_timeout = '15m'\n",
                ),
            ),
        ),
        Fix(
            "host",
            "pull by hand and look at the time: where that succeeds, a deadline is the fault "
            "and not the network",
            "safe",
            ("time crictl pull registry.example/team/app:1.0",),
        ),
    )


def whole_reference(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """ctr asks for what is written, without library/."""
    return (
        Fix(
            "containerd",
            "write the reference out",
            "safe",
            ("ctr images pull docker.io/library/alpine:3.19",),
        ),
        Fix(
            "host",
            "or use a client that writes it out itself",
            "safe",
            ("crictl pull alpine:3.19", "nerdctl pull alpine:3.19"),
        ),
    )


def start_buildkitd(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """nerdctl finds no buildkitd to build with."""
    return (
        Fix(
            "nerdctl",
            "start it; it comes with the archive nerdctl-full",
            "safe",
            ("systemctl enable --now buildkit",),
        ),
        Fix(
            "nerdctl",
            "without root: a buildkitd of the user's own",
            "safe",
            ("containerd-rootless-setuptool.sh install-buildkit",),
        ),
        Fix(
            "regdoctor",
            "nothing to do: regdoctor build needs no daemon",
            "safe",
            ("regdoctor build .",),
        ),
    )


def add_over_https(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """ADD of a URL knows the system's pool alone."""
    return (
        Fix(
            "podman",
            "trust the authority on the whole host (RHEL; on Debian "
            "/usr/local/share/ca-certificates and update-ca-certificates)",
            "unsafe",
            ("install -m 0644 corp.crt /etc/pki/ca-trust/source/anchors/", "update-ca-trust"),
        ),
        Fix(
            "all clients",
            "or fetch the file before the build, and COPY it",
            "safe",
            ("curl --cacert corp.crt -o x.tar https://files.corp.example/x.tar",),
        ),
    )


def manifest_insecure(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """``docker manifest`` reads no setting of the daemon."""
    return (
        Fix(
            "docker",
            "let the user read the certificates; they are no secret, the keys beside them are",
            "manual",
            ("chmod 755 /etc/docker /etc/docker/certs.d /etc/docker/certs.d/*",),
        ),
        Fix(
            "docker",
            "for a registry without TLS, say so to this command",
            "unsafe",
            ("docker manifest inspect --insecure registry.example:5000/team/app:1.0",),
        ),
        Fix(
            "all clients",
            "or ask with a client that reads its own settings",
            "safe",
            ("docker buildx imagetools inspect registry.example:5000/team/app:1.0",),
        ),
    )


def list_at_mirror(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Lists of tags are asked of the origin, never of a mirror."""
    return (
        Fix(
            "podman",
            "ask the mirror by its own name, or do not ask for tags",
            "safe",
            (
                "skopeo list-tags docker://mirror.example/library/debian",
                "skopeo inspect --no-tags docker://docker.io/library/debian:12",
            ),
        ),
    )


def first_host_first(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """containerd shows the last host's error, and hides the first's."""
    return (
        Fix(
            "containerd",
            "have the last host speak http as well, so that the error is that of the "
            "registry; then mend what it says",
            "manual",
            ("regdoctor check --as containerd r.example:5000/team/app:1.0",),
            (
                FileChange(
                    "/etc/containerd/certs.d/r.example:5000/hosts.toml",
                    '+server = "http://r.example:5000"\n',
                ),
            ),
        ),
    )


def settings_of_builder(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """A builder asks over https what the daemon was told to ask in the clear."""
    return (
        Fix(
            "buildkit",
            "say it again in buildkitd.toml and create the builder anew: a builder in a "
            "container sees no daemon.json",
            "unsafe",
            (
                (
                    "docker buildx create --use --driver docker-container --buildkitd-config "
                    "buildkitd.toml"
                ),
            ),
            (FileChange("buildkitd.toml", '+[registry."registry.example:80"]\n+  http = true\n'),),
        ),
        Fix(
            "docker",
            "update an engine of 18.09 or 19.03; until then pull the base images first",
            "manual",
            (
                "docker version -f '{{.Server.Version}}'",
                "docker pull registry.example:80/team/app:1.0",
            ),
        ),
    )


def kaniko_flags(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """kaniko has TLS flags of its own for each direction."""
    return (
        Fix(
            "kaniko",
            "give the authority for the host: this holds for pull, push and mirrors",
            "safe",
            ("/kaniko/executor --registry-certificate r.example=/kaniko/ca.crt",),
        ),
        Fix(
            "kaniko",
            "or leave out verification for that one host",
            "unsafe",
            ("/kaniko/executor --skip-tls-verify-registry r.example",),
        ),
    )
