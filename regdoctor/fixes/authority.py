"""Installing the authority of a registry, for each client where that client looks."""

from __future__ import annotations

from dataclasses import dataclass

from regdoctor.fixes.authority_inside import INSIDE
from regdoctor.fixes.containerd import root_of
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.model.wording import colons
from regdoctor.observations.host import HostFiles
from regdoctor.observations.store import HOST, Observations

STORE = "/usr/local/share/ca-certificates"


@dataclass(frozen=True, slots=True)
class Authority:
    """The certificate to install. ``file`` is where this host already has it, else ``ca.crt``
    stands for what the registry's owner hands out; ``fingerprint`` (hex) is empty where
    nobody has shown the certificate yet."""

    name: str
    written: str
    fingerprint: str = ""
    file: str = ""

    @property
    def source(self) -> str:
        return self.file or "ca.crt"

    @property
    def provenance(self) -> str:
        """Whence to take the file, and what proves that it is the right one."""
        if self.file:
            return f"{self.name} is on this host already, in {self.file}: check that it is yours"
        if self.fingerprint:
            return (
                f"get {self.name} and its fingerprint from the registry's owner, not from the "
                "connection that failed; that one showed SHA-256 "
                f"{colons(self.fingerprint)}, which is right only if the owner says the same"
            )
        return (
            f"get the certificate of {self.name}, and its fingerprint, from the registry's owner, "
            "not from the connection that failed"
        )

    @property
    def verify(self) -> str:
        return f"openssl x509 -in {quoted(self.source)} -noout -subject -fingerprint -sha256"


def quoted(text: str) -> str:
    """``text`` as one word of a POSIX shell."""
    import shlex

    return shlex.quote(text)


def install(seen: Observations, finding: Finding, authority: Authority) -> tuple[Fix, ...]:
    """A fix for every client that the finding breaks, and one for the whole host."""
    makers = {
        "docker": _docker,
        "buildkit": _buildkit,
        "containerd": _containerd,
        "podman": _podman,
        "regdoctor": _regdoctor,
    }
    files = seen.get(HostFiles, HOST) or HostFiles()
    obtain = Fix("all clients", authority.provenance, "manual", (authority.verify,))
    fixes = []
    for client, maker in makers.items():
        if client not in finding.breaks:
            continue
        inside = INSIDE.get(files.judged_by.get(client, ""))
        made = inside(authority.written, authority.source, files) if inside else None
        fixes.append(made or maker(authority, files))
    # What is in a container or a machine of its own has nothing of the host's store.
    outside = [each for each in finding.breaks if files.judged_by.get(each) not in INSIDE]
    system = (_system(authority),) if outside else ()
    return (obtain, *fixes, _kaniko(authority), *system)


def _docker(authority: Authority, _files: HostFiles) -> Fix:
    target = quoted(f"/etc/docker/certs.d/{authority.written}/ca.crt")
    return _fix(
        "docker",
        "put it where dockerd looks for this registry; no restart is needed",
        authority,
        f"install -D -m 0644 {quoted(authority.source)} {target}",
    )


def _buildkit(authority: Authority, _files: HostFiles) -> Fix:
    path = f"/etc/buildkit/certs/{authority.written}/ca.crt"
    section = f'[registry."{authority.written}"]\n  ca = ["{path}"]\n'
    return _fix(
        "buildkit",
        "name it in buildkitd.toml and restart buildkitd, or create the builder anew with "
        "--buildkitd-config: buildx copies the file into the builder when it is made",
        authority,
        f"install -D -m 0644 {quoted(authority.source)} {quoted(path)}",
        files=(FileChange("/etc/buildkit/buildkitd.toml", added(section)),),
    )


def _containerd(authority: Authority, files: HostFiles) -> Fix:
    root = root_of(files)
    directory = f"{root.directory}/{authority.written}"
    path = f"{directory}/hosts.toml"
    server = f"https://{authority.written}"
    body = f'server = "{server}"\n\n[host."{server}"]\n  ca = "{directory}/ca.crt"\n'
    hosts = (FileChange(path, added(body)),) if path not in files.files else ()
    return _fix(
        "containerd",
        f"name it in hosts.toml{root.condition}",
        authority,
        f"install -D -m 0644 {quoted(authority.source)} {quoted(directory + '/ca.crt')}",
        files=(*hosts, *root.change),
    )


def _podman(authority: Authority, _files: HostFiles) -> Fix:
    target = quoted(f"/etc/containers/certs.d/{authority.written}/ca.crt")
    return _fix(
        "podman",
        "put it where podman, buildah and skopeo look for this registry",
        authority,
        f"install -D -m 0644 {quoted(authority.source)} {target}",
    )


def _regdoctor(authority: Authority, _files: HostFiles) -> Fix:
    path = f"/etc/regdoctor/certs/{authority.written}/ca.crt"
    section = f'[registry."{authority.written}"]\n  ca = ["{path}"]\n'
    return Fix(
        client="regdoctor",
        title="name it for one run, or for all in config.toml",
        disposition="safe" if authority.file else "manual",
        commands=(
            f"install -D -m 0644 {quoted(authority.source)} {quoted(path)}",
            f"regdoctor check --ca {quoted(authority.source)} {quoted(authority.written)}",
        ),
        files=(FileChange("/etc/regdoctor/config.toml", added(section)),),
    )


def _kaniko(authority: Authority) -> Fix:
    return Fix(
        client="kaniko",
        title="mount the file into the pod and name it",
        disposition="manual",
        commands=(
            f"/kaniko/executor --registry-certificate {quoted(authority.written)}=/kaniko/ca.crt",
        ),
    )


def _system(authority: Authority) -> Fix:
    stem = "".join(each if each.isalnum() or each in ".-" else "-" for each in authority.written)
    return Fix(
        client="host",
        title="trust it for everything on this host (Debian; on RHEL put the file into "
        "/etc/pki/ca-trust/source/anchors and run update-ca-trust); daemons read the store "
        "once, so restart them",
        disposition="unsafe",
        commands=(
            f"install -m 0644 {quoted(authority.source)} {STORE}/{stem}.crt",
            "update-ca-certificates",
            "systemctl restart docker containerd",
        ),
    )


def _fix(
    client: str,
    title: str,
    authority: Authority,
    *commands: str,
    files: tuple[FileChange, ...] = (),
) -> Fix:
    return Fix(client, title, "safe" if authority.file else "manual", commands, files)


def added(text: str) -> str:
    """``text`` as the lines that a diff adds."""
    return "".join(f"+{line}\n" for line in text.splitlines())
