"""kind: containerd within a node, whose files are those of the node and not of the host."""

from __future__ import annotations

from regdoctor.clients.kind import present
from regdoctor.clients.onhost import plan_on
from regdoctor.clients.plan import ClientPlan
from regdoctor.observations.host import HostFiles
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, host_files

HOST = "registry.example:5000"
IMAGE = f"{HOST}/team/app:1"
CA = CertificateAuthority("Example Root CA", validity=VALID).pem
CONFIG = b'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\nconfig_path = "/c"\n'
FILES = {
    "/etc/containerd/config.toml": CONFIG,
    f"/c/{HOST}/ca.crt": CA,
    "/etc/ssl/certs/ca-certificates.crt": CA,
}


def plan(files: dict[str, bytes], **environment: str) -> ClientPlan:
    made = host_files(files)
    return plan_on(HostFiles(made.files, made.directories, "/root", environment), "kind", IMAGE)


def test_the_files_of_the_host_are_not_in_the_node() -> None:
    made = plan(FILES)
    (endpoint,) = made.endpoints
    assert (endpoint.transport.extra, endpoint.transport.roots) == ((), ())
    assert "its image" in endpoint.transport.process.store
    assert not made.executed
    told = "\n".join(note.sentence for note in made.notes)
    assert "docker export" in told
    assert "--host-root" in told


def test_the_proxies_of_the_host_are_handed_to_the_node_and_other_variables_are_not() -> None:
    made = plan(FILES, HTTPS_PROXY="http://p.example:3128", SSL_CERT_FILE="/x")
    assert made.endpoints[0].attempts[0].proxy == "http://p.example:3128"


def test_a_nodes_own_files_are_judged_as_containerd_does() -> None:
    made = plan({**FILES, "/kind/version": b"v1.33.1\n"})
    (endpoint,) = made.endpoints
    assert [each.path for each in endpoint.transport.extra] == [f"/c/{HOST}/ca.crt"]
    assert endpoint.transport.process.store == ""
    assert made.notes == ()


def test_it_is_there_where_its_command_or_a_node_is() -> None:
    assert not present(HostFiles())
    assert present(HostFiles(versions={"kind": "0.30.0"}))
    assert present(host_files({"/kind/version": b"v1.33.1\n"}))


def test_a_node_is_made_with_one_directory_for_hosts_toml() -> None:
    (note,) = plan({}).notes
    assert note.kind == "files-are-elsewhere"
