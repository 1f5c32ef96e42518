"""What the answers of a Nexus tell of its version, where a proxy took its name away.

Coarse, and evidence beside a finding: proxies add and take headers of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from regdoctor.observations.http import Answer
from regdoctor.observations.products import is_nexus, nexus_version


def version_told(answers: Sequence[Answer]) -> str:
    """``Nexus 3.14``, ``a Nexus, by its page older than 3.14``, or ``a Nexus``."""
    version = nexus_version(list(answers))
    if version is not None:
        return f"Nexus {version[0]}.{version[1]}"
    return f"a Nexus{bracket(answers)}"


def bracket(answers: Sequence[Answer]) -> str:
    """``, older than 3.14 by its page`` and the like; empty where nothing tells.

    The page for errors says ``lang`` since 3.14; X-XSS-Protection is sent since 3.16, and is 0
    at 3.90 where it was ``1; mode=block`` before.
    """
    own = [answer for answer in answers if is_nexus(answer)]
    pages = [answer.body for answer in own if answer.html and "<html" in answer.body]
    if any("<html>" in page for page in pages):
        return ", older than 3.14 by its page"
    if any(answer.header("X-XSS-Protection") == "0" for answer in own):
        return ", newer than 3.80 by its headers"
    if own and not any(answer.header("X-XSS-Protection") for answer in own):
        return ", older than 3.16 by its headers"
    return ""
