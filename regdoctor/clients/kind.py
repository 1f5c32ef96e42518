"""kind: containerd in a node, which is a container with the files of its image.

From kind's source and documentation, not executed. Of the host only the proxies come in, when the
cluster is made. The files of a node itself, given as a host of their own, are judged as
containerd's on any other.
"""

from __future__ import annotations

from dataclasses import replace

from regdoctor.clients import cri
from regdoctor.clients.containerd_config import CONFIG
from regdoctor.clients.plan import IMAGE, ClientPlan, Endpoint, Note, Situation
from regdoctor.clients.program import Program
from regdoctor.observations.host import FileSeen, HostFiles

NODE = "/kind/version"
"""A file of every node."""
_NEW = HostFiles(
    {
        CONFIG: FileSeen(
            b'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\n'
            b'config_path = "/etc/containerd/certs.d"\n'
        )
    }
)
"""What a node is made with since kind v0.27.0."""
_HANDED_ON = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def present(files: HostFiles) -> bool:
    """Whether its command is here, or these are the files of a node."""
    return "kind" in files.versions or NODE in files.files


def evaluate(situation: Situation) -> ClientPlan:
    """One pull of the kubelet within the node."""
    if NODE in situation.files.files:
        return replace(cri.evaluate(situation), client="kind")
    given = {
        name: value for name, value in situation.environment.items() if name.upper() in _HANDED_ON
    }
    bare = replace(situation, files=_NEW, environment=given)
    plan = cri.evaluate(bare)
    return replace(
        plan,
        client="kind",
        endpoints=tuple(_in_the_node(each) for each in plan.endpoints),
        notes=(*plan.notes, _elsewhere()),
        executed=False,
    )


def _in_the_node(endpoint: Endpoint) -> Endpoint:
    running = replace(endpoint.transport.process, store=IMAGE)
    return replace(endpoint, transport=replace(endpoint.transport, process=running))


def _elsewhere() -> Note:
    return Note(
        "files-are-elsewhere",
        "the node",
        "the node",
        "no file of this host is in the node, and what was put into the node is not seen from "
        "here; to judge its own files: mkdir node && docker export NODE | tar -x -C node, then "
        "regdoctor clients --client kind --host-root node",
    )


PROGRAMS = (Program("kind", evaluate, cri.walk, executed=False),)
