"""A caching proxy verifies fewer certificates of its upstream than the chain now has."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "rpardini-or-mitm-cache-upstream-verify-depth",
    "a caching proxy refuses the registry's chain because it is longer than the proxy allows",
    ("upstream SSL certificate verify error: (22:certificate chain too long)",),
    question="how many certificates does the registry send to the proxy?",
    confidence="certain",
    products=("nginx", "proxy"),
    symptoms=("token requests through a caching proxy end in 502, all else works",),
)
