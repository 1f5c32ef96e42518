"""ECR makes no repository by itself: each name must be made first, in that account and region."""

from __future__ import annotations

import re

from regdoctor.checks.auth.refusals import Refusal
from regdoctor.checks.auth.worded import Worded

_NAME = re.compile(r"repository with name\s+(?:'|\\u0027)?([^'\\\"\s]{1,300})")


def _verdict(refusal: Refusal) -> str:
    found = _NAME.search(refusal.answer.body)
    name = found[1] if found else ""
    first = name.partition("/")[0]
    if "/" in name and ("." in first or ":" in first):
        return f"does not exist: the registry's host is in the name twice, as {name}"
    return "does not exist: ECR knows no such repository in this account and region"


CHECK = Worded(
    "ecr-repository-does-not-exist",
    "ECR has no such repository in this account and region, and makes none by itself",
    ("The repository with name * does not exist in the registry with id",),
    _verdict,
    question="is there a repository of that name in this account and region?",
    products=("ecr",),
)
