"""crane: one registry, the system's pool, docker's credentials."""

from __future__ import annotations

from dataclasses import replace

from builder.oci.reference import parse
from regdoctor.clients import ggcr
from regdoctor.clients.engines.ggcr import Registry
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import ClientPlan, Situation, Transport
from regdoctor.clients.processes import process
from regdoctor.clients.program import Program
from regdoctor.clients.wire import Wire

_BLOBS = ("config", "layer")
_GO = (1, 24)
_DESTINATION = frozenset({"push"})


def evaluate(situation: Situation) -> ClientPlan:
    """The registry of the reference, and of the second one where an image is copied."""
    words = situation.words
    named = words[1:2] or (situation.reference,)
    if words[:1] in (("copy",), ("cp",)):
        named = words[1:3]
    if words[:1] == ("push",):
        named = words[2:3]
    references = [parse(each) for each in named]
    if words[:1] == ("ls",):
        references = references[:1]
    files = Filesystem(situation.files)
    insecure = situation.switched_on("insecure")
    running = process(files, situation.environment, _GO)
    endpoints = []
    for at, reference in enumerate(references):
        name = ggcr.registry_name(reference.domain)
        made = ggcr.endpoint(
            name,
            reference.path,
            Transport(running, verify=not insecure),
            plain=insecure or ggcr.may_be_plain(name, situation.version),
            credential=ggcr.credential(files, situation.environment, reference, name),
        )
        pushed = at == 1 or words[:1] == ("push",)
        endpoints.append(replace(made, capabilities=_DESTINATION) if pushed else made)
    return ClientPlan("crane", situation.version, references[0], tuple(endpoints))


def walk(plan: ClientPlan, situation: Situation, wire: Wire) -> bool:
    """What the command asks for: ``manifest`` where there is none."""
    if plan.refuses:
        return False
    verb = situation.words[0] if situation.words else "manifest"
    target = plan.reference.target
    done = True
    for endpoint in plan.endpoints:
        registry = Registry(wire, endpoint)
        if "pull" not in endpoint.capabilities:
            done = done and all(registry.ask("HEAD", f"blobs/{blob}") for blob in _BLOBS)
            done = done and registry.ask("PUT", f"manifests/{target}")
        else:
            done = _read(registry, verb, target)
    return done


def _read(registry: Registry, verb: str, target: str) -> bool:
    if verb in ("ls", "catalog"):
        return registry.ask("GET", "tags/list")
    if verb == "digest" and registry.ask("HEAD", f"manifests/{target}"):
        return True
    if not registry.ask("GET", f"manifests/{target}"):
        return False
    if verb in ("manifest", "digest"):
        return True
    if verb == "tag":
        return registry.ask("PUT", f"manifests/{target}")
    if verb == "delete":
        return registry.ask("DELETE", f"manifests/{target}")
    blobs = _BLOBS[:1] if verb == "config" else _BLOBS
    return all(registry.ask("GET", f"blobs/{blob}") for blob in blobs)


PROGRAMS = (Program("crane", evaluate, walk),)
