"""What a definition takes in: images, repositories, downloads, directories, secrets, and whether
it has a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from msgspec import Struct

from builder.llb import ops as llb
from builder.llb import wire
from builder.llb.definition import Definition
from builder.oci import platform as platforms
from builder.oci import reference as references
from builder.oci.credentials import without_credentials
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.oci.reference import Reference

_IMAGE, _LOCAL, _GIT = "docker-image://", "local://", "git://"


class ImageMaterial(Struct, frozen=True):
    """An image as it was asked for, and the digest that it had."""

    reference: Reference
    platform: Platform
    digest: Digest | None


class UrlMaterial(Struct, frozen=True):
    """A repository (``URL#ref``) or a download: the URL without a password, and what it was."""

    uri: str
    algorithm: str
    hex: str


class Capture(Struct, frozen=True):
    """Sorted by name, each once. ``others`` are URIs of sources of other kinds, and of those
    of which it is not known what they were."""

    images: tuple[ImageMaterial, ...] = ()
    git: tuple[UrlMaterial, ...] = ()
    http: tuple[UrlMaterial, ...] = ()
    locals: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    secrets: tuple[tuple[str, bool], ...] = ()
    ssh: tuple[tuple[str, bool], ...] = ()
    network: bool = False


def capture(
    definitions: Iterable[Definition],
    pinned_by_user: Iterable[Reference],
    pins: Mapping[str, str],
    *,
    local: Iterable[str],
) -> Capture:
    """Of the ops of ``definitions``, and the ``local`` sources. ``pinned_by_user``: references
    that were written with their digest; of others the digest is what they led to. ``pins``:
    the commits and the digests of files that ops, by their digest, have led to."""
    written = set(pinned_by_user)
    images: dict[tuple[str, Platform], ImageMaterial] = {}
    named = set(local)
    other: set[str] = set()
    git: dict[str, UrlMaterial] = {}
    http: dict[str, UrlMaterial] = {}
    secrets: dict[str, bool] = {}
    ssh: dict[str, bool] = {}
    network = False
    for data in chain.from_iterable(each.def_ for each in definitions):
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
                named.add(text[len(_LOCAL) :])
            elif text.startswith((_GIT, "http://", "https://")):
                found = http
                if text.startswith(_GIT):
                    found = git
                    _add_logins(inner.attrs, secrets, ssh)
                material = _url_material(inner, pins.get(str(Digest.of(data)), ""))
                if material.hex:
                    found.setdefault(material.uri, material)
                else:
                    other.add(material.uri)
            else:
                other.add(without_credentials(text))
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
        tuple(git[uri] for uri in sorted(git)),
        tuple(http[uri] for uri in sorted(http)),
        tuple(sorted(named)),
        tuple(sorted(other)),
        tuple(sorted(secrets.items())),
        tuple(sorted(ssh.items())),
        network,
    )


def _url_material(op: llb.SourceOp, pin: str) -> UrlMaterial:
    if not op.identifier.startswith(_GIT):
        algorithm, _, hex = pin.partition(":")
        return UrlMaterial(without_credentials(op.identifier), algorithm, hex)
    base, _, fragment = op.identifier[len(_GIT) :].partition("#")
    uri = op.attrs.get("git.fullurl") or f"https://{base}"
    ref = fragment.partition(":")[0]
    uri = without_credentials(f"{uri}#{ref}" if ref else uri)
    return UrlMaterial(uri, "sha256" if len(pin) == 64 else "sha1", pin)


def _add_logins(attrs: Mapping[str, str], secrets: dict[str, bool], ssh: dict[str, bool]) -> None:
    """What a repository may have been asked with."""
    for name in ("git.authtokensecret", "git.authheadersecret"):
        if attrs.get(name):
            secrets.setdefault(attrs[name], True)
    if attrs.get("git.mountsshsock"):
        ssh.setdefault(attrs["git.mountsshsock"], True)


def _without_digest(reference: Reference) -> Reference:
    return references.parse(str(reference).partition("@")[0])
