"""COPY and ADD: files from a context, a stage, an image, a URL, a repository or a heredoc."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile.dispatch import Step
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.gitref import GitRef, git_source, parse_git_ref
from builder.frontend.dockerfile.lexical import go_quote
from builder.frontend.dockerfile.naming import INTERNAL, described, expanded, located
from builder.frontend.dockerfile.owners import chown_option, mode_option
from builder.frontend.dockerfile.paths import (
    below_root,
    clean,
    contains_wildcards,
    join,
    normalized,
)
from builder.frontend.dockerfile.shell import Lexer
from builder.llb.definition import OpMetadata, ProgressGroup
from builder.llb.ops import Copy, MkFile, SourceOp
from builder.llb.state import FileStep, FileVertex, MergeVertex, Output, SourceVertex
from builder.oci.digest import Digest, InvalidDigest

_HEREDOC_LEXER = Lexer(quotes=False)


def copy(step: Step, instruction: ins.Copy) -> None:
    source, used = step.conversion.contexts.main.output(), step.state.context_paths
    root: Output | None = source
    from_context = not step.command.sources
    if not from_context:
        stage = step.command.sources[0]
        if not stage.dispatched:
            raise DockerfileError(
                f"cannot copy from stage {go_quote(instruction.from_)}, it needs to be defined "
                f"before current stage {go_quote(step.state.stage_name)}"
            )
        root, used = stage.root.output, stage.paths
    copying = _Copying.of(step, instruction, root, check_ignored=from_context)
    for path in copying.sources:
        if _remote(path) is not None:
            raise DockerfileError("source can't be a git ref for COPY")
        if _is_http(path):
            raise DockerfileError("source can't be a URL for COPY")
        copying.local(path, parents=instruction.parents, unpack=False)
    copying.finish("COPY", link=instruction.link, parents=instruction.parents)
    used.update(below_root(path) for path in copying.sources)


def add(step: Step, instruction: ins.Add) -> None:
    source = step.conversion.contexts.main.output()
    copying = _Copying.of(step, instruction, source, check_ignored=True)
    checksum = step.expand(instruction.checksum)
    _check_checksum(checksum, copying.sources)
    for path in copying.sources:
        git = _remote(path)
        if git is not None:
            copying.git(git, instruction.keep_git_dir, checksum)
        elif _is_http(path):
            copying.http(path, checksum, unpack=instruction.unpack or False)
        else:
            unpack = True if instruction.unpack is None else instruction.unpack
            copying.local(path, parents=False, unpack=unpack)
    copying.finish("ADD", link=instruction.link)
    step.state.context_paths.update(
        below_root(path) for path in copying.sources if not _is_http(path)
    )


def _check_checksum(checksum: str, sources: list[str]) -> None:
    if not checksum:
        return
    if len(sources) != 1:
        raise DockerfileError("checksum can't be specified for multiple sources")
    if not _is_http(sources[0]) and _remote(sources[0]) is None:
        raise DockerfileError("checksum requires HTTP(S) or Git sources")


def _is_http(path: str) -> bool:
    return path.startswith(("http://", "https://"))


def _remote(path: str) -> GitRef | None:
    return parse_git_ref(path)


def _base_name(url: str) -> str:
    """The name that a download gets: the last part of the URL's path."""
    try:
        path = unquote(urlsplit(url).path)
    except ValueError:
        path = ""
    return join("/", path).rpartition("/")[2] or "__unnamed__"


@dataclass(slots=True)
class _Copying:
    """One COPY or ADD on its way to a file vertex."""

    step: Step
    instruction: ins.Copying
    root: Output | None
    check_ignored: bool
    sources: list[str]
    dest: str
    written_dest: str
    chown: str
    chmod: str
    name: str
    steps: list[FileStep]
    _counted: bool = False

    @classmethod
    def of(
        cls, step: Step, instruction: ins.Copying, root: Output | None, *, check_ignored: bool
    ) -> _Copying:
        written_dest = step.expand(instruction.dest)
        text = expanded(step.conversion.lexer, step.code, step.env)
        return cls(
            step,
            instruction,
            root,
            check_ignored,
            [step.expand(path) for path in instruction.sources],
            normalized(step.state.root.cwd, written_dest, keep_slash=True),
            written_dest,
            step.expand(instruction.chown),
            step.expand(instruction.chmod),
            text,
            [],
        )

    def _template(self) -> Copy:
        mode, symbolic = mode_option(self.chmod)
        return Copy(
            dest=self.dest,
            owner=chown_option(self.chown) if self.chown else None,
            mode=mode,
            mode_str=symbolic,
            create_dest_path=True,
            timestamp=-1,
            exclude_patterns=self.instruction.exclude,
        )

    def _add(self, action: Copy, source: Output | None) -> None:
        self.steps.append(FileStep(action, source))

    def local(self, path: str, *, parents: bool, unpack: bool) -> None:
        """A path of the context, a stage or an image; wildcards may match nothing."""
        self._remark_ignored(path)
        include: tuple[str, ...] = ()
        required: tuple[str, ...] = ()
        if parents:
            head, pivot, pattern = path.partition("/./")
            path, pattern = (head, pattern) if pivot else ("/", path)
            pattern = normalized("/", pattern, keep_slash=False)
            include = (pattern.removeprefix("/"),)
            if not contains_wildcards(path) and not contains_wildcards(pattern):
                required = (below_root(join(path, pattern)),)
        action = replace(
            self._template(),
            src=normalized("/", path, keep_slash=False),
            follow_symlink=True,
            dir_copy_contents=True,
            attempt_unpack=unpack,
            allow_wildcard=True,
            allow_empty_wildcard=True,
            include_patterns=include,
            required_paths=required,
        )
        self._add(action, self.root)

    def _remark_ignored(self, path: str) -> None:
        matcher = self.step.conversion.ignored
        path = clean(path)
        # With exceptions nothing is certain: a file below may be let in again.
        ignored = matcher.ignores_root if path in (".", "/") else matcher.matches(path)
        if self.check_ignored and not matcher.has_exceptions and ignored:
            command = self.step.keyword.capitalize()
            self.step.linter.warn(
                "CopyIgnoredFile",
                f'Attempting to {command} file "{path}" that is excluded by .dockerignore',
                self.step.ranges,
            )

    def http(self, url: str, checksum: str, *, unpack: bool) -> None:
        filename = _base_name(url)
        attrs = {"http.filename": filename}
        caps = {"source.http"}
        if checksum:
            try:
                attrs["http.checksum"] = str(Digest(checksum))
            except InvalidDigest as error:
                raise DockerfileError("invalid checksum digest format") from error
            caps.add("source.http.checksum")
        vertex = SourceVertex(
            described(self._prefixed(), ""), op=SourceOp(url, attrs), source_caps=frozenset(caps)
        )
        action = replace(self._template(), src=f"/{filename}", attempt_unpack=unpack)
        self._add(action, vertex.output())

    def git(self, ref: GitRef, keep_git_dir: bool | None, checksum: str) -> None:
        if None not in (keep_git_dir, ref.keep_git_dir) and keep_git_dir != ref.keep_git_dir:
            raise DockerfileError("inconsistent keep-git-dir configuration")
        if checksum and ref.checksum and checksum != ref.checksum:
            raise DockerfileError(
                f"checksum mismatch {go_quote(checksum)} != {go_quote(ref.checksum)}"
            )
        keep = ref.keep_git_dir if ref.keep_git_dir is not None else keep_git_dir
        op, caps = git_source(replace(ref, keep_git_dir=keep, checksum=ref.checksum or checksum))
        vertex = SourceVertex(described(self._prefixed()), op=op, source_caps=caps)
        self._add(replace(self._template(), src="/"), vertex.output())

    def _inline(self, file: ins.InlineFile) -> None:
        """A heredoc becomes a file of its own, then is copied like any other."""
        data = self.step.expand(file.data, _HEREDOC_LEXER) if file.expand else file.data
        path = below_root(file.path)
        action = MkFile(
            path=path, mode=0o644, data=data.encode(errors="surrogateescape"), timestamp=-1
        )
        vertex = FileVertex(
            described(f"{INTERNAL}preparing inline document"), steps=(FileStep(action),)
        )
        self._add(replace(self._template(), src=path), vertex.output())

    def _prefixed(self, text: Callable[[str], str] = str) -> str:
        """The shown name. The first call counts the vertex, ``finish`` does not again."""
        step = self.step
        namer = step.conversion.namer
        if not self._counted:
            self._counted = True
            return namer.next(step.state, text(self.name), step.env, step.platform)
        return namer.current(step.state, text(self.name), step.env, step.platform)

    def finish(self, command: str, *, link: bool, parents: bool = False) -> None:
        """The file vertex, and the history entry."""
        for file in self.instruction.inline:
            self._inline(file)
        step, state = self.step, self.step.state
        name = self._prefixed()
        metadata = described(name, ignore_cache=state.ignore_cache)
        vertex = FileVertex(
            metadata, located(step.ranges), base=state.root.output, steps=tuple(self.steps)
        )
        if link and not self.chmod:
            self._link(vertex, name)
        else:
            state.root.output = vertex.output()
        step.image.commit(self._history(command, parents=parents), layer=True)

    def _link(self, vertex: FileVertex, name: str) -> None:
        """A layer of its own on an empty root, merged over what the stage has."""
        state = self.step.state
        group = secrets.token_hex(12)
        vertex.base = None
        vertex.metadata = _grouped(vertex.metadata, ProgressGroup(group, name, weak=True))
        linked = self._prefixed(lambda text: f"LINK {text}")
        layers = [state.root.output, vertex.output()]
        present = tuple(layer for layer in layers if layer is not None)
        if len(present) == 1:
            # Over scratch there is nothing to merge with.
            state.root.output = present[0]
            return
        metadata = described(linked, ignore_cache=state.ignore_cache)
        state.root.output = MergeVertex(
            _grouped(metadata, ProgressGroup(group, name)), located(self.step.ranges), None, present
        ).output()

    def _history(self, command: str, *, parents: bool) -> str:
        parts = [command]
        parts += ["--parents"] if parents else []
        parts += [f"--chown={self.chown}"] if self.chown else []
        parts += [f"--chmod={self.chmod}"] if self.chmod else []
        parts += self.sources
        parts += [f"<<{file.path}" for file in self.instruction.inline]
        return f"{' '.join(parts)} {self.written_dest} # buildkit"


def _grouped(metadata: OpMetadata, group: ProgressGroup) -> OpMetadata:
    return replace(metadata, progress_group=group)
