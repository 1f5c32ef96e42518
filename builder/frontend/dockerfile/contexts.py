"""Where files come from: the build context, named contexts, and the Dockerfile itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.gitref import git_source, parse_git_ref
from builder.frontend.dockerfile.naming import INTERNAL, described
from builder.frontend.dockerfile.options import ConvertOptions
from builder.frontend.dockerfile.paths import join
from builder.llb.definition import Definition
from builder.llb.ops import Copy, SourceOp
from builder.llb.state import FileStep, FileVertex, Output, SourceVertex, marshal
from builder.oci import gojson
from builder.oci.platform import Platform
from builder.oci.reference import Reference


def local_source(
    name: str,
    *,
    session: str,
    hint: str,
    follow: Iterable[str] = (),
    exclude: Iterable[str] = (),
    no_differ: bool = False,
) -> tuple[SourceOp, frozenset[str]]:
    """A ``local://`` op and the capabilities it needs."""
    attrs: dict[str, str] = {}
    caps = {"source.local"}
    followed, excluded = list(follow), list(exclude)
    if session:
        attrs["local.session"] = session
        caps.add("source.local.sessionid")
    if followed:
        attrs["local.followpaths"] = gojson.dumps(followed).decode()
        caps.add("source.local.followpaths")
    if excluded:
        attrs["local.excludepatterns"] = gojson.dumps(excluded).decode()
        caps.add("source.local.excludepatterns")
    if hint:
        attrs["local.sharedkeyhint"] = hint
        caps.add("source.local.sharedkeyhint")
    if no_differ:
        attrs["local.differ"] = "none"
    return SourceOp(f"local://{name}", attrs), frozenset(caps)


def remote_source(key: str, url: str) -> tuple[SourceOp, frozenset[str], str]:
    """The op of the named context ``key`` at a git or http(s) URL, the capabilities it needs, and
    its name. Raises DockerfileError."""
    ref = parse_git_ref(url)
    if ref is not None:
        return (*git_source(ref), f"{INTERNAL}load git source {url}")
    scheme = url.partition(":")[0]
    if scheme not in ("http", "https"):
        raise DockerfileError(f"unsupported context source {scheme} for {key}")
    op = SourceOp(url, {"http.filename": "context"})
    return op, frozenset({"source.http"}), f"[context {key}] {url}"


def followed_paths(used: Iterable[str]) -> list[str]:
    """What to transfer of a context: nothing said (everything) once ``/`` is used."""
    paths = set(used)
    return [] if "/" in paths else sorted(join(".", path) for path in paths)


def dockerfile_definition(filename: str, options: ConvertOptions) -> Definition:
    """How the Dockerfile is fetched; also what the source map says the text came from."""
    if options.main_context is not None and options.main_dockerfile:
        return marshal(main_source(options).output())
    follow = [filename, f"{filename}.dockerignore"]
    if filename.rpartition("/")[2] == "Dockerfile":
        follow.append(join(filename[: -len("Dockerfile")], "dockerfile"))
    op, caps = local_source(
        options.dockerfile_name,
        session=options.session,
        hint=options.dockerfile_name,
        follow=follow,
        no_differ=True,
    )
    name = f"{INTERNAL}load build definition from {filename}"
    return marshal(SourceVertex(described(name), op=op, source_caps=caps).output())


def ignore_file_definition(options: ConvertOptions) -> Definition:
    """How ``.dockerignore`` is fetched from the context."""
    op, caps = local_source(
        options.context_name,
        session=options.session,
        hint=f"{options.context_name}-.dockerignore",
        follow=[".dockerignore"],
        no_differ=True,
    )
    vertex = SourceVertex(described(f"{INTERNAL}load .dockerignore"), op=op, source_caps=caps)
    return marshal(vertex.output())


def main_source(options: ConvertOptions) -> SourceVertex | FileVertex:
    """The main context; a local one is without its op still."""
    if options.main_context is None:
        return SourceVertex(described(f"{INTERNAL}load build context"))
    source = SourceVertex(
        described(options.main_name), op=options.main_context, source_caps=options.main_caps
    )
    if not options.main_unpack:
        return source
    unpack = Copy(src="/context", dest="/", mode=-1, attempt_unpack=True, timestamp=-1)
    return FileVertex(steps=(FileStep(unpack, source.output()),))


@dataclass(slots=True)
class Contexts:
    """The sources of one conversion. What is used of each is known last: call ``settle``."""

    options: ConvertOptions
    main: SourceVertex | FileVertex = field(init=False)
    _locals: list[tuple[SourceVertex, str, str, set[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.main = main_source(self.options)

    def local(self, key: str, name: str, used: set[str]) -> Output:
        """The named context ``key`` served by the client as ``name``."""
        vertex = SourceVertex(described(f"[context {key}] load from client"))
        self._locals.append((vertex, key, name, used))
        return vertex.output()

    def remote(self, key: str, url: str) -> Output:
        """The named context ``key`` at a git or http(s) URL."""
        op, caps, name = remote_source(key, url)
        return SourceVertex(described(name), op=op, source_caps=caps).output()

    def layout(self, key: str, store: str, image: Reference, platform: Platform) -> Output:
        """The named context ``key`` from the client's OCI layout ``store``."""
        attrs = {"oci.store": store}
        if self.options.session:
            attrs["oci.session"] = self.options.session
        return SourceVertex(
            described(f"[context {key}] OCI load from client"),
            platform=platform,
            op=SourceOp(f"oci-layout://{image}", attrs),
            source_caps=frozenset({"source.ocilayout"}),
        ).output()

    def settle(self, used: Iterable[str]) -> None:
        """Fix the sources; ``used`` are the paths used of the main context."""
        options = self.options
        if options.main_context is None and isinstance(self.main, SourceVertex):
            self.main.op, self.main.source_caps = local_source(
                options.context_name,
                session=options.session,
                hint=options.context_shared_key_hint,
                follow=followed_paths(used),
                exclude=options.ignore_patterns,
            )
        for vertex, key, name, paths in self._locals:
            vertex.op, vertex.source_caps = local_source(
                name,
                session=options.session,
                hint=f"context:{key}-{options.named_hints.get(key, '')}",
                follow=followed_paths(paths),
                exclude=options.named_ignores.get(key, ()),
            )
