"""The list of what refers to an image: signatures, SBOMs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from regdoctor.checks.manifest.images import media_type
from regdoctor.checks.protocol import Check
from regdoctor.checks.spec.reading import readings
from regdoctor.model.finding import Finding, OpenQuestion, Severity
from regdoctor.observations.host import AskedClients
from regdoctor.observations.images import Asked
from regdoctor.observations.store import HOST, Observations

_INDEX = "application/vnd.oci.image.index.v1+json"


class Referrers(Check):
    """A plain 404 is right: clients then ask for the tag ``sha256-...``."""

    code = "spec-referrers"
    summary = "the referrers of an image are answered with neither an index nor a plain 404"
    needs = (Asked,)
    question = "is /referrers/ of the image an OCI index, or a 404?"
    probe = "spec"
    texts = ("failed to decode referrers index: invalid character",)
    clients = ("docker", "buildkit", "containerd")
    products = ("gitlab", "harbor")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for reading in readings(seen):
            asked = reading.asked("referrers")
            if asked is None or reading.mirror:
                continue
            clients = seen.get(AskedClients, HOST)
            why, severity = _wrong(asked, docker=clients is not None and "docker" in clients.names)
            if why:
                yield reading.finding(
                    self.code, f"answers {why}", severity, (asked.answer,), self.clients
                )


def _wrong(asked: Asked, *, docker: bool) -> tuple[str, Severity]:
    answer = asked.answer
    where = "where what refers to an image is asked for"
    if answer.status >= 500:
        return f"{answer.status} {where}", "warning"
    if not answer.ok:
        # 404 is right, and only some engines read the page before they look at the status.
        page = docker and answer.html
        return (f"{answer.status} with a web page {where}", "info") if page else ("", "info")
    if answer.html or not _is_index(answer.body, asked.length):
        return f"with no index {where}", "warning"
    if media_type(answer) != _INDEX:
        return f"as {media_type(answer) or 'nothing'} {where}: oras refuses that", "info"
    return "", "info"


def _is_index(body: str, length: int) -> bool:
    if length > len(body.encode()):
        return body.lstrip().startswith("{")
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return isinstance(document, dict) and isinstance(document.get("manifests"), list)


CHECK = Referrers()
