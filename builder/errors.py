"""The root of every error that ``builder`` raises on purpose.

::

    BuilderError
    |-- oci.InvalidReference, oci.InvalidDigest, oci.InvalidDocument ...
    |-- transport.TransportError          one exchange failed before a full answer came
    |-- registry.RegistryError            the answers of all endpoints, in order
    |-- content.ContentError              a blob that is missing or not what it claims to be
    |-- snapshot.SnapshotError            a layer or a file system that refuses
    |-- executor.ExecutorError            a RUN step could not be started, or ended badly
    |-- frontend.dockerfile.DockerfileError   carries the source lines it is about
    `-- solver.SolveError                 which vertex failed, wrapping the cause

Each room derives its own tree and describes it in its package docstring. Facts are
attributes; ``str(error)`` is the one-line fact; ``hint`` is what to do about it. Errors
are rendered once, at the edge (``regdoctor.cli``).
"""

from __future__ import annotations


class BuilderError(Exception):
    """An error with a one-line fact (``str``) and, where we know one, a ``hint``."""

    hint: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        if hint:
            self.hint = hint
