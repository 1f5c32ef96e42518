"""What a build states about its images: provenance, made when an exporter has the manifest."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from builder.api.request import BuildRequest
from builder.attest.capture import capture
from builder.attest.manifest import store_attestation
from builder.attest.options import ProvenanceOptions
from builder.attest.provenance import BuildFacts, provenance
from builder.content import ContentStore
from builder.exporters import Output, PlatformImage
from builder.exporters.types import Attest
from builder.frontend.dockerfile import Conversion
from builder.llb.ops import NetMode
from builder.oci import reference as references
from builder.oci.descriptor import Descriptor
from builder.oci.platform import Platform
from builder.oci.reference import InvalidReference, Reference

_ATTESTED = ("image", "oci")


class Attesting:
    """The statements of one build, which began when this was made."""

    def __init__(self, request: BuildRequest, filename: str, store: ContentStore) -> None:
        self._request = request
        self._filename = filename
        self._store = store
        self._started = time.time()
        self._invocation = secrets.token_hex(12)

    def of(self, output: Output, conversions: Mapping[Platform, Conversion]) -> Attest | None:
        """What an exporter calls for each manifest; None where ``output`` takes none."""
        options = self._request.provenance
        if options is None or output.type not in _ATTESTED:
            return None
        names = tuple(str(references.parse(name)) for name in output.names)

        async def attest(image: PlatformImage, manifest: Descriptor) -> Descriptor:
            facts = self._facts(conversions[image.platform])
            return await asyncio.to_thread(
                self._store_statements, facts, options, manifest, names, image.platform
            )

        return attest

    def _store_statements(
        self,
        facts: BuildFacts,
        options: ProvenanceOptions,
        manifest: Descriptor,
        names: Sequence[str],
        platform: Platform,
    ) -> Descriptor:
        stated = [provenance(facts, options)]
        return store_attestation(self._store, stated, manifest, names, platform)

    def _facts(self, conversion: Conversion) -> BuildFacts:
        return BuildFacts(
            filename=self._filename,
            arguments=_arguments(self._request),
            capture=capture(
                conversion.definition, _pinned(use.reference for use in conversion.references)
            ),
            definition=conversion.definition,
            invocation=self._invocation,
            started=self._started,
            finished=time.time(),
        )


def _pinned(texts: Iterable[str]) -> list[Reference]:
    """Those that name a digest themselves."""
    out = []
    for text in texts:
        with suppress(InvalidReference):
            reference = references.parse(text)
            if reference.digest is not None:
                out.append(reference)
    return out


def _arguments(request: BuildRequest) -> dict[str, str]:
    """The request as docker buildx gives it to a frontend, without what is of one host."""
    out = {f"build-arg:{name}": value for name, value in request.build_args.items()}
    out |= {f"label:{name}": value for name, value in request.labels.items()}
    out |= {
        f"context:{name}": value if "://" in value else f"local:{name}"
        for name, value in request.named_contexts.items()
    }
    plain = {
        "target": request.target,
        "no-cache": ",".join(request.no_cache_filter),
        "add-hosts": ",".join(f"{host.host}={host.ip}" for host in request.add_hosts),
        "shm-size": str(request.shm_size or ""),
        "ulimit": ",".join(f"{u.name}={u.soft}:{u.hard}" for u in request.ulimits),
        "force-network-mode": {NetMode.HOST: "host", NetMode.NONE: "none"}.get(request.network, ""),
    }
    out |= {name: value for name, value in plain.items() if value}
    if request.no_cache:
        out["no-cache"] = ""
    return out
