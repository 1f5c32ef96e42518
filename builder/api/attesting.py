"""What a build states about its images: provenance, made when an exporter has the manifest."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial

from builder.api.contexts import RemoteContext, definition_of, is_url
from builder.api.frontend import judged
from builder.api.request import BuildRequest
from builder.api.steps import step
from builder.attest.capture import capture
from builder.attest.manifest import Predicate, store_attestation
from builder.attest.provenance import BuildFacts, provenance
from builder.attest.sbom import Scanner, read_statements, scan_definition
from builder.engine.local import LocalEngine
from builder.engine.state import State
from builder.events import Emit
from builder.exporters import Output, PlatformImage
from builder.exporters.types import Attest
from builder.frontend.dockerfile import Conversion
from builder.llb.ops import NetMode
from builder.oci import platform as platforms
from builder.oci import reference as references
from builder.oci.credentials import without_credentials
from builder.oci.descriptor import Descriptor
from builder.oci.platform import Platform
from builder.oci.reference import InvalidReference, Reference
from builder.ops.results import Tree
from builder.ops.threads import in_thread
from builder.sources.image import ImageSource

_ATTESTED = ("image", "oci")


class Attesting:
    """The statements of one build, which began when this was made."""

    def __init__(
        self,
        request: BuildRequest,
        filename: str,
        state: State,
        remote: RemoteContext | None,
        pins: Callable[[], Mapping[str, str]],
    ) -> None:
        self._remote = remote
        self._pins = pins
        self._request = request
        self._filename = filename
        self._state = state
        self._scanned: dict[Platform, list[Predicate]] = {}
        self._started = time.time()
        self._invocation = secrets.token_hex(12)

    def wants_scan(self, output: Output) -> bool:
        """Whether what goes to ``output`` is to have an SBOM."""
        return self._request.attestations.sbom is not None and output.type in _ATTESTED

    async def scan(
        self,
        engine: LocalEngine,
        images: ImageSource,
        conversions: Mapping[Platform, Conversion],
        emit: Emit,
    ) -> None:
        """Run the scanner over the result of each platform. Raises what solving raises, and
        AttestError for what a scanner may not write."""
        options = self._request.attestations.sbom
        assert options is not None
        host, policy = platforms.host(), self._request.policy
        with step(emit, f"[internal] load metadata for {options.generator}"):
            resolved = await images.resolve_image_config(
                judged(policy, references.parse(options.generator)), host, log_name="", mode=""
            )
        config = json.loads(resolved.config)
        scanner = Scanner(resolved.reference, config, options.parameters)
        definitions = [
            policy.apply(scan_definition(each.definition, scanner, host, platform))
            for platform, each in conversions.items()
        ]
        trees = await engine.solve(definitions)
        for platform, tree in zip(conversions, trees, strict=True):
            self._scanned[platform] = await in_thread(partial(self._read, tree))

    def _read(self, tree: Tree, _cancelled: object) -> list[Predicate]:
        with self._state.snapshots.view(tree.snapshot) as root:
            return read_statements(root)

    def of(self, output: Output, conversions: Mapping[Platform, Conversion]) -> Attest | None:
        """What an exporter calls for each manifest; None where ``output`` takes none."""
        options = self._request.attestations.provenance
        scan = self.wants_scan(output)
        if (options is None and not scan) or output.type not in _ATTESTED:
            return None
        names = tuple(str(references.parse(name)) for name in output.names)

        async def attest(image: PlatformImage, manifest: Descriptor) -> Descriptor:
            stated = list(self._scanned.get(image.platform, ())) if scan else []
            if options is not None:
                stated.append(provenance(self._facts(conversions[image.platform]), options))
            store = partial(store_attestation, artifact=output.flag("oci-artifact", default=True))
            return await asyncio.to_thread(
                store, self._state.content, stated, manifest, names, image.platform
            )

        return attest

    def _facts(self, conversion: Conversion) -> BuildFacts:
        remote, definitions, local = self._remote, [conversion.definition], {"context"}
        if remote is not None:
            definitions.append(definition_of(remote, self._request.policy))
            local.clear()
        if remote is None or not remote.dockerfile:
            local.add("dockerfile")
        return BuildFacts(
            filename=self._filename,
            source=remote.url if remote is not None else "",
            arguments=_arguments(self._request),
            capture=capture(
                definitions,
                _pinned(use.reference for use in conversion.references),
                self._pins(),
                local=local,
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
        f"context:{name}": without_credentials(value)
        if "://" in value or is_url(value)
        else f"local:{name}"
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
