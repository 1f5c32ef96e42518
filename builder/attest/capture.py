"""What a definition takes in: images, directories, secrets, and whether it has a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from builder.llb import ops as llb
from builder.llb import wire
from builder.llb.definition import Definition
from builder.oci import platform as platforms
from builder.oci import reference as references
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.oci.reference import Reference
from builder.transport import redaction

_IMAGE, _LOCAL = "docker-image://", "local://"


@dataclass(frozen=True, slots=True)
class ImageMaterial:
    """An image as it was asked for, and the digest that it had."""

    reference: Reference
    platform: Platform
    digest: Digest | None


@dataclass(frozen=True, slots=True)
class Capture:
    """Sorted by name, each once. ``others`` are URIs of sources of other kinds."""

    images: tuple[ImageMaterial, ...] = ()
    locals: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    secrets: tuple[tuple[str, bool], ...] = ()
    ssh: tuple[tuple[str, bool], ...] = ()
    network: bool = False


def capture(definition: Definition, pinned_by_user: Iterable[Reference]) -> Capture:
    """Of the ops of ``definition``. ``pinned_by_user``: references that were written with
    their digest; of others the digest is what they led to."""
    written = set(pinned_by_user)
    images: dict[tuple[str, Platform], ImageMaterial] = {}
    local, other = {"dockerfile"}, set()
    secrets: dict[str, bool] = {}
    ssh: dict[str, bool] = {}
    network = False
    for data in definition.def_:
        op = wire.decode(llb.Op, data)
        inner = op.op
        if isinstance(inner, llb.SourceOp):
            text = inner.identifier
            if text.startswith(_IMAGE):
                pinned = references.parse(text[len(_IMAGE) :])
                asked = pinned if pinned in written else _without_digest(pinned)
                platform = op.platform or platforms.host()
                images[str(asked), platform] = ImageMaterial(asked, platform, pinned.digest)
            elif text.startswith(_LOCAL):
                local.add(text[len(_LOCAL) :])
            else:
                other.add(redaction.url(text))
        elif isinstance(inner, llb.ExecOp):
            network = network or inner.network != llb.NetMode.NONE
            for env in inner.secretenv:
                secrets[env.id] = secrets.get(env.id, True) and env.optional
            for mount in inner.mounts:
                if mount.secret_opt is not None:
                    option = mount.secret_opt
                    secrets[option.id] = secrets.get(option.id, True) and option.optional
                if mount.ssh_opt is not None:
                    id = mount.ssh_opt.id or "default"
                    ssh[id] = ssh.get(id, True) and mount.ssh_opt.optional
    return Capture(
        tuple(images[key] for key in sorted(images, key=lambda key: (key[0], str(key[1])))),
        tuple(sorted(local)),
        tuple(sorted(other)),
        tuple(sorted(secrets.items())),
        tuple(sorted(ssh.items())),
        network,
    )


def _without_digest(reference: Reference) -> Reference:
    return references.parse(str(reference).partition("@")[0])
