"""Azure's registry firewall refuses the address that the client comes from."""

from __future__ import annotations

import re

from regdoctor.checks.auth.refusals import Refusal
from regdoctor.checks.auth.worded import Worded

_ADDRESS = re.compile(r"client with IP\s+(?:'|\\u0027)?([0-9a-fA-F.:]{2,45})")


def _verdict(refusal: Refusal) -> str:
    found = _ADDRESS.search(refusal.answer.body)
    whence = f" {found[1]}" if found else ""
    return f"refuses the address{whence} that the request came from: its network rules"


CHECK = Worded(
    "acr-firewall-ip-denied",
    "the firewall of an Azure registry does not let this address in",
    ("client with IP * is not allowed access",),
    _verdict,
    question="does the registry's firewall let this address in?",
    products=("acr",),
)
