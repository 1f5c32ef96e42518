"""Dockerfiles: parsed as BuildKit parses them, converted to the graph that BuildKit makes.

::

    parse(source, filename)                -> Dockerfile
    references(dockerfile, options)        -> every image the target needs, without a network
    variables(dockerfile, options)         -> what FROM lines see
    await convert(source, filename, options, resolver) -> Conversion

``parser`` knows lines, ``grammar`` instructions, ``shell`` words; ``stages`` who needs whom,
``resolution`` base images, ``dispatch*`` what each instruction does. Errors:

::

    DockerfileError                 ``ranges``: the physical lines it is about
    |-- ParseError                  no Dockerfile
    |-- ShellWordError              a word that cannot be expanded
    |-- StageNotFoundError          --target or a stage number
    |-- CircularDependencyError     a stage that needs itself
    |-- IgnorePatternError          a line of .dockerignore
    |-- BlankBaseError              a FROM that expands to nothing
    `-- BaseImageError              ``reference``; ``__cause__`` is the resolver's error
"""

from __future__ import annotations

from builder.frontend.dockerfile.convert import convert
from builder.frontend.dockerfile.convert import references_of as references
from builder.frontend.dockerfile.convert import variables_of as variables
from builder.frontend.dockerfile.directives import detect_syntax
from builder.frontend.dockerfile.errors import BaseImageError, BlankBaseError, DockerfileError
from builder.frontend.dockerfile.grammar import parse
from builder.frontend.dockerfile.ignore import IgnoreMatcher, read_patterns
from builder.frontend.dockerfile.instructions import Dockerfile
from builder.frontend.dockerfile.options import (
    Conversion,
    ConvertOptions,
    ImageUse,
    LintWarning,
    MetaResolver,
    ResolvedImage,
)

__all__ = [
    "BaseImageError",
    "BlankBaseError",
    "Conversion",
    "ConvertOptions",
    "Dockerfile",
    "DockerfileError",
    "IgnoreMatcher",
    "ImageUse",
    "LintWarning",
    "MetaResolver",
    "ResolvedImage",
    "convert",
    "detect_syntax",
    "parse",
    "read_patterns",
    "references",
    "variables",
]
