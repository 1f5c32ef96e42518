"""A registry session: one plan's dealings with all registries."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

from builder.errors import BuilderError
from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.reference import Reference
from builder.registry import manifests, push, scope
from builder.registry.auth import Authorizer
from builder.registry.blobs import Download, worst
from builder.registry.client import Client
from builder.registry.config import RegistryConfig
from builder.registry.credentials import CredentialStore
from builder.registry.errors import Attempt, IntegrityError, RegistryError, Unreachable
from builder.registry.hosts import Host
from builder.registry.manifests import Answer, Resolved, coped_code, worth_a_get
from builder.registry.once import Once
from builder.registry.push import Content, Upload
from builder.registry.retry import RetryPolicy, limit_reason, status_reason
from builder.registry.wire import Wire
from builder.transport.errors import TransportError
from builder.transport.exchange import Exchange

if TYPE_CHECKING:
    from builder.transport.transport import Transport

T = TypeVar("T")

_ACCEPT = ", ".join(mediatypes.IMAGE_ACCEPT)


class Session:
    """Everything learnt is reused: tokens, digests, manifests, connections, dead hosts.

    ``hosts_of`` gives the hosts of a domain in order, by default those of ``config``.
    """

    def __init__(
        self,
        *,
        transport: Transport | None = None,
        config: RegistryConfig | None = None,
        credentials: CredentialStore | None = None,
        policy: RetryPolicy | None = None,
        hosts_of: Callable[[str], tuple[Host, ...]] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        from builder.transport.transport import Transport

        env = os.environ if environ is None else environ
        self.config = config if config is not None else RegistryConfig(environ=env)
        self._owns_transport = transport is None
        self.transport = transport or Transport(environ=env, resolve=self.config.resolve)
        self.credentials = credentials if credentials is not None else CredentialStore(env)
        self._hosts_of = hosts_of or self.config.hosts
        self._hosts: dict[str, tuple[Host, ...]] = {}
        wire = Wire(self.transport)
        self._authorizer = Authorizer(wire, self.credentials)
        self._client = Client(wire, self._authorizer, policy or RetryPolicy())
        self._once = Once()
        self._attempts: list[Attempt] = []
        self._manifests: dict[Digest, bytes] = {}
        self._unreachable: set[Host] = set()

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Ends what is still under way, and closes the connections it opened itself."""
        await self._once.aclose()
        if self._owns_transport:
            await self.transport.aclose()

    # -- what is known ---------------------------------------------------------------------

    def hosts(self, domain: str) -> tuple[Host, ...]:
        """The hosts asked for references of ``domain``, in order. Raises InvalidConfig."""
        if domain not in self._hosts:
            self._hosts[domain] = self._hosts_of(domain)
        return self._hosts[domain]

    def allow_insecure(self, domain: str) -> None:
        """``domain`` may speak http, or https with any certificate (``registry.insecure``)."""
        self._hosts[domain] = self.config.with_insecure(domain).hosts(domain)

    def attempts(self, subject: Reference | str = "") -> tuple[Attempt, ...]:
        """What was tried so far, in order: for a reference, a domain, or (nothing) at all."""
        if isinstance(subject, Reference):
            return tuple(a for a in self._attempts if a.subject == str(subject))
        return tuple(a for a in self._attempts if not subject or a.host.domain == subject)

    def notes(self, host: Host) -> tuple[str, ...]:
        """What had to be coped with in a host's ways: ``challenge-without-scope``,
        ``challenge-from-ping``, ``realm-over-http``, ``realm-relative``,
        ``location-downgraded``."""
        return self._authorizer.notes(host)

    @property
    def client(self) -> Client:
        """What sends its requests, for questions that are none of its steps."""
        return self._client

    # -- steps, each callable alone ---------------------------------------------------------

    async def ping(self, host: Host) -> Answer:
        """``GET /v2/`` without credentials; once per host. Failures are in the answer."""

        async def step() -> Answer:
            log: list[Exchange] = []
            try:
                url = f"{host.endpoint.url}/v2/"
                reply = await self._client.wire.request(host, "GET", url, log=log)
            except BuilderError as error:
                answer = Answer(host, 0, (), b"", tuple(log), error)
            else:
                answer = Answer(host, reply.status, reply.headers, reply.body, tuple(log))
            self._record("ping", host, "", answer.exchanges, answer.error)
            return answer

        return await self._once.run(("ping", host), step)

    async def authorize(
        self, host: Host, repository: str = "", *, push_too: bool = False
    ) -> Answer:
        """``GET /v2/`` with a credential or token; failures in the answer.

        Without a ``repository`` it is what ``docker login`` asks: is this credential good?
        """
        wanted = ""
        if repository:
            wanted = scope.push(repository) if push_too else scope.pull(repository)

        async def step() -> Answer:
            answer = await manifests.ask(
                self._client,
                host,
                "GET",
                f"{host.endpoint.url}/v2/",
                repository=repository,
                scopes=(wanted,) if wanted else (),
            )
            self._record("token", host, repository, answer.exchanges, answer.error)
            return answer

        return await self._once.run(("authorize", host, wanted), step)

    async def head_manifest(self, host: Host, reference: Reference) -> Answer:
        """HEAD with containerd's Accept list, once; failures are in the answer."""
        return await self._manifest("HEAD", host, reference, _ACCEPT)

    async def get_manifest(self, host: Host, reference: Reference) -> Answer:
        """GET with containerd's Accept list, once; failures are in the answer."""
        return await self._manifest("GET", host, reference, _ACCEPT)

    async def _manifest(self, method: str, host: Host, reference: Reference, accept: str) -> Answer:
        # Only the last host is worth patience; a HEAD in trouble is followed by a GET anyway.
        patient = host == self.hosts(host.domain)[-1]
        reason = limit_reason if method == "HEAD" else status_reason

        async def step() -> Answer:
            return await manifests.ask_manifest(
                self._client, host, method, reference, accept, retry=reason if patient else None
            )

        key = (method, host, reference.path, reference.target, accept)
        return await self._once.run(key, step)

    # -- pull -------------------------------------------------------------------------------

    async def resolve(self, reference: Reference) -> Resolved:
        """Host after host until one knows; once per reference. Raises RegistryError.

        The error is that of BuildKit's rule (the first of the gravest kind), and has the
        attempts at all hosts.
        """
        return await self._once.run(("resolve", reference), lambda: self._resolve(reference))

    async def _resolve(self, reference: Reference) -> Resolved:
        errors: list[RegistryError] = []
        mine: list[Attempt] = []
        for host in self._reachable(reference.domain, "resolve"):
            exchanges: list[Exchange] = []
            try:
                descriptor, coped = await self._resolve_at(host, reference, exchanges)
            except RegistryError as error:
                errors.append(error)
                mine.append(self._record("resolve", host, str(reference), exchanges, error))
                self._remember_unreachable(host, error)
                continue
            mine.append(self._record("resolve", host, str(reference), exchanges, None))
            coped += self.notes(host)
            if errors:
                coped += ("host-skipped",)
            return Resolved(reference, descriptor, host, tuple(mine), coped)
        raise self._final(reference.domain, errors, mine)

    async def _resolve_at(
        self, host: Host, reference: Reference, exchanges: list[Exchange]
    ) -> tuple[Descriptor, tuple[str, ...]]:
        head = await self.head_manifest(host, reference)
        exchanges += head.exchanges
        if not worth_a_get(head):
            raise manifests.failure(str(reference), head)
        known = manifests.described_by_head(reference, head)
        if known is not None:
            return known, ()
        got = await self.get_manifest(host, reference)
        exchanges += got.exchanges
        if not got.ok:
            # Where both methods were refused alike, the HEAD is what BuildKit would report.
            same = got.status == head.status and got.error is None and head.error is None
            if not same:
                raise manifests.failure(str(reference), got)
            raise manifests.failure(str(reference), got if head.status == 404 else head)
        descriptor = manifests.described_by_get(reference, got)
        self._manifests[descriptor.digest] = got.body
        return descriptor, (coped_code(head),)

    async def fetch_manifest(self, reference: Reference, descriptor: Descriptor) -> bytes:
        """The manifest or index ``descriptor``, verified; once per digest.

        What a GET of ``resolve`` brought is not asked for again. Raises RegistryError.
        """
        known = self._manifests.get(descriptor.digest)
        if known is not None:
            return known
        key = ("manifest", reference.name, descriptor.digest)
        return await self._once.run(key, lambda: self._fetch_manifest(reference, descriptor))

    async def _fetch_manifest(self, reference: Reference, descriptor: Descriptor) -> bytes:
        by_digest = Reference(reference.domain, reference.path, digest=descriptor.digest)
        accept = f"{descriptor.media_type}, */*" if descriptor.media_type else _ACCEPT
        errors: list[RegistryError] = []
        mine: list[Attempt] = []
        for host in self._reachable(reference.domain, "pull"):
            answer = await self._manifest("GET", host, by_digest, accept)
            error: RegistryError
            if answer.ok:
                try:
                    body = manifests.verified(by_digest, descriptor, answer)
                except IntegrityError as lie:
                    error = lie
                else:
                    self._record("manifest", host, str(reference), answer.exchanges, None)
                    self._manifests[descriptor.digest] = body
                    return body
            else:
                error = manifests.failure(str(by_digest), answer)
            errors.append(error)
            mine.append(self._record("manifest", host, str(reference), answer.exchanges, error))
            self._remember_unreachable(host, error)
        raise self._final(reference.domain, errors, mine)

    async def fetch_blob(
        self, reference: Reference, descriptor: Descriptor
    ) -> AsyncGenerator[bytes, None]:
        """The blob's bytes as they arrive; digest and length are verified by the end.

        A cut is resumed by Range, at the next host where this one gives up. Bytes that came
        before an IntegrityError are not to be trusted. Raises RegistryError. Iterate under
        ``contextlib.aclosing`` where the iteration may be left early.
        """
        mine: list[Attempt] = []

        def record(attempt: Attempt) -> None:
            self._attempts.append(attempt)
            mine.append(attempt)
            if isinstance(attempt.error, RegistryError):
                self._remember_unreachable(attempt.host, attempt.error)

        download = Download(self._client, reference, descriptor, record)
        hosts = self._reachable(reference.domain, "pull")
        try:
            async with aclosing(download.chunks(hosts)) as chunks:
                async for chunk in chunks:
                    yield chunk
        except RegistryError as error:
            error.attempts = tuple(mine)
            raise

    async def referrers(
        self, reference: Reference, digest: Digest, *, artifact_type: str = ""
    ) -> tuple[Descriptor, ...]:
        """What refers to ``digest``: by the referrers API, or by the tag schema without it."""
        from builder.registry.referrers import referrers

        hosts = self._reachable(reference.domain, "pull")
        found = await referrers(self._client, hosts[-1], reference, digest)
        self._record("referrers", hosts[-1], str(reference), found.exchanges, None)
        return tuple(
            d for d in found.descriptors if not artifact_type or d.artifact_type == artifact_type
        )

    # -- push -------------------------------------------------------------------------------

    async def blob_exists(self, reference: Reference, digest: Digest) -> bool:
        """Whether the registry has the blob in this repository. Raises RegistryError."""
        upload = self._upload(reference, digest)
        answer = await upload.exists()
        error = None if answer.ok or answer.status == 404 else manifests.failure("blob", answer)
        self._record("blob-exists", upload.host, str(digest), upload.log, error)
        if error is not None:
            raise error
        return answer.ok

    async def mount_blob(self, reference: Reference, digest: Digest, source: str) -> bool:
        """Whether the registry took the blob over from repository ``source`` of its own.

        Where it opened an upload instead, that upload is given up.
        """
        upload = self._upload(reference, digest)
        location = await self._guard("mount", upload, upload.mount(source))
        if location:
            await self._guard("mount", upload, upload.cancel(location))
        return location is None

    async def ask_push(
        self, host: Host, method: str, url: str, repository: str, **sent: Any
    ) -> Answer:
        """One request with the right to push to ``repository``; failures are in the answer.

        ``sent``: ``headers``, ``content`` (bytes). For probes: nothing is tried again.
        """
        scopes = (scope.push(repository),)
        return await manifests.ask(
            self._client, host, method, url, repository=repository, scopes=scopes, **sent
        )

    async def push_blob(
        self,
        reference: Reference,
        descriptor: Descriptor,
        content: Content,
        *,
        mount_from: Sequence[str] = (),
        chunked: bool = False,
    ) -> bool:
        """Push unless it is there; ``content()`` gives the bytes anew for each try.

        True where bytes were sent; False where the blob was there, or was mounted from one of
        the repositories ``mount_from``. Once per repository and digest. Raises RegistryError.
        """
        key = ("push", reference.name, descriptor.digest)

        async def step() -> bool:
            return await self._push_blob(reference, descriptor, content, mount_from, chunked)

        return await self._once.run(key, step)

    async def _push_blob(
        self,
        reference: Reference,
        descriptor: Descriptor,
        content: Content,
        mount_from: Sequence[str],
        chunked: bool,
    ) -> bool:
        if await self.blob_exists(reference, descriptor.digest):
            return False
        upload = self._upload(reference, descriptor.digest)
        location: str | None = ""
        for source in mount_from:
            location = await self._guard("mount", upload, upload.mount(source))
            if location is None:
                return False
            if location:
                break
        work = upload.send(location or "", content, descriptor.size, chunked=chunked)
        await self._guard("push-blob", upload, work)
        return True

    async def push_manifest(self, reference: Reference, data: bytes, media_type: str) -> Descriptor:
        """PUT to the reference's tag, or to its digest where it has no tag.

        What the registry now has under it. Raises RegistryError.
        """
        upload = self._upload(reference, Digest.of(data))
        work = push.put_manifest(self._client, upload.host, reference, data, media_type, upload.log)
        stored = await self._guard("push-manifest", upload, work)
        self._manifests[stored.digest] = data
        # What was learnt of a tag before it was pushed is no longer so.
        self._once.forget(reference, (reference.path, reference.target))
        return stored

    # -- inside -----------------------------------------------------------------------------

    def _upload(self, reference: Reference, digest: Digest) -> Upload:
        hosts = [h for h in self.hosts(reference.domain) if "push" in h.capabilities]
        if not hosts:
            raise RegistryError(f"no host of {reference.domain} may be pushed to")
        return Upload(self._client, hosts[-1], reference, digest, [])

    async def _guard(self, step: str, upload: Upload, work: Coroutine[Any, Any, T]) -> T:
        try:
            result = await work
        except BuilderError as error:
            raise self._failed(step, upload, error) from error
        self._record(step, upload.host, str(upload.digest), upload.log, None)
        upload.log.clear()
        return result

    def _failed(self, step: str, upload: Upload, error: BuilderError) -> RegistryError:
        answer = Answer(upload.host, 0, (), b"", tuple(upload.log), error)
        failed = manifests.failure(str(upload.reference), answer)
        failed.attempts = (self._record(step, upload.host, str(upload.digest), upload.log, failed),)
        return failed

    def _record(
        self,
        step: str,
        host: Host,
        subject: str,
        exchanges: Sequence[Exchange],
        error: BuilderError | None,
    ) -> Attempt:
        attempt = Attempt(step, host, subject, tuple(exchanges), error)
        self._attempts.append(attempt)
        return attempt

    def _reachable(self, domain: str, capability: str) -> list[Host]:
        """The hosts to ask, without those that were found dead; all of them if all were."""
        able = [h for h in self.hosts(domain) if capability in h.capabilities]
        return [h for h in able if h not in self._unreachable] or able

    def _remember_unreachable(self, host: Host, error: RegistryError) -> None:
        cause = error.__cause__
        if not isinstance(error, Unreachable) or not isinstance(cause, TransportError):
            return
        dead = cause.stage in ("dns", "connect", "proxy", "tls")
        if dead and cause.endpoint == host.endpoint:
            self._unreachable.add(host)

    def _final(
        self, domain: str, errors: Sequence[RegistryError], mine: Sequence[Attempt]
    ) -> RegistryError:
        if not errors:
            return RegistryError(f"no host to ask for {domain}")
        error = worst(errors)
        error.attempts = tuple(mine)
        return error
