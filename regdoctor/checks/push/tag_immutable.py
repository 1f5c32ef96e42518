"""The tag may not be moved; every blob has been pushed by then."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "tag-immutable",
    "the registry does not let an existing tag be overwritten",
    (
        "unexpected status from PUT request to *.dkr.ecr.*/manifests/*: 400 Bad Request",
        "ImageTagAlreadyExistsException",
        "cannot be overwritten because the repository is immutable",
        "tag invalid: The image tag * already exists",
        "configured as immutable",
    ),
    question="is the tag there already with another digest, and is the repository immutable?",
    products=("ecr", "harbor", "docker-hub", "nexus", "gar"),
)
