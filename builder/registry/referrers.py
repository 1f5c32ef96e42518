"""What refers to a manifest (distribution-spec, "Listing Referrers" and "Referrers Tag Schema")."""

from __future__ import annotations

from msgspec import Struct

from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor, InvalidDocument
from builder.oci.digest import Digest
from builder.oci.manifest import Index, parse
from builder.oci.reference import Reference
from builder.registry import scope
from builder.registry.client import Client
from builder.registry.hosts import Host
from builder.registry.manifests import Answer, ask, failure
from builder.transport.exchange import Exchange


class Referrers(Struct, frozen=True):
    """``descriptors`` in the registry's order; ``by_tag``: the registry has no referrers API."""

    descriptors: tuple[Descriptor, ...]
    exchanges: tuple[Exchange, ...]
    by_tag: bool = False


async def referrers(client: Client, host: Host, reference: Reference, digest: Digest) -> Referrers:
    """Asks the API, and looks under the tag ``ALGORITHM-HEX`` where there is none.

    Raises RegistryError.
    """
    answer = await _ask(client, host, reference, f"referrers/{digest}")
    found = _index(answer)
    if found is not None:
        return Referrers(found, answer.exchanges)
    if answer.error is not None or answer.status not in (200, 400, 404, 405, 406):
        raise failure(str(reference), answer)
    tagged = await _ask(client, host, reference, f"manifests/{digest.algorithm}-{digest.hex[:64]}")
    exchanges = (*answer.exchanges, *tagged.exchanges)
    if tagged.status == 404:
        return Referrers((), exchanges, by_tag=True)
    if not tagged.ok:
        raise failure(str(reference), tagged)
    return Referrers(_index(tagged) or (), exchanges, by_tag=True)


async def _ask(client: Client, host: Host, reference: Reference, rest: str) -> Answer:
    return await ask(
        client,
        host,
        "GET",
        host.url(reference.path, rest),
        repository=reference.path,
        scopes=(scope.pull(reference.path),),
        accept=mediatypes.OCI_INDEX,
    )


def _index(answer: Answer) -> tuple[Descriptor, ...] | None:
    """The manifests of an index; None where the body is none, whatever its header says."""
    if not answer.ok:
        return None
    try:
        document = parse(answer.body, mediatypes.OCI_INDEX)
    except InvalidDocument:
        return None
    return document.manifests if isinstance(document, Index) else None
