"""By which marks an answer tells the registry product that gave it."""

from __future__ import annotations

import re

from regdoctor.observations.http import Answer

_NEXUS_SERVER = re.compile(r"^Nexus/(\d+)\.(\d+)\.", re.IGNORECASE)
_NEXUS_ASSET = re.compile(r"\?(\d+)\.(\d+)\.\d+-\d+")
_NEXUS_REFUSAL = "access to the requested resource is not authorized"

_ECR_HOST = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
)


def ecr_place(host: str) -> tuple[str, str] | None:
    """(account, region) of a host of Amazon ECR; None of another."""
    found = _ECR_HOST.match(host)
    return (found["account"], found["region"]) if found else None


def nexus_version(answers: list[Answer]) -> tuple[int, int] | None:
    """(major, minor) of a Nexus that names itself, in a header before a page's assets."""
    for answer in answers:
        found = _NEXUS_SERVER.match(answer.header("Server"))
        if found:
            return int(found[1]), int(found[2])
    for answer in answers:
        found = _NEXUS_ASSET.search(answer.body) if "Nexus Repository" in answer.body else None
        if found:
            return int(found[1]), int(found[2])
    return None


def is_nexus(answer: Answer) -> bool:
    """Nexus's own words, also where a proxy took its name away."""
    return (
        answer.header("Server").startswith("Nexus/")
        or "Sonatype Nexus Repository" in answer.header("WWW-Authenticate")
        or "Nexus Repository" in answer.body
        or _NEXUS_REFUSAL in answer.body
        or _servlet_page(answer)
    )


def _servlet_page(answer: Answer) -> bool:
    """The no-cache triple of Nexus's error page, which hardly anything else sends."""
    return (
        answer.header("Cache-Control").replace(" ", "") == "post-check=0,pre-check=0"
        and answer.header("Pragma") == "no-cache"
        and answer.header("Expires") == "0"
    )
