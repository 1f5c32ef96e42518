"""Extended key usages along a path: serverAuth must be allowed by every certificate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from regdoctor.x509.certificate import Certificate

SERVER_AUTH: Final = "1.3.6.1.5.5.7.3.1"
ANY: Final = "2.5.29.37.0"


def forbidding(path: Sequence[Certificate]) -> Certificate | None:
    """The certificate nearest to the root that does not allow serverAuth."""
    for each in reversed(path):
        if each.usages and not {SERVER_AUTH, ANY} & set(each.usages):
            return each
    return None
