"""Fixes of answers that the distribution specification does not have: the registry's owner's."""

from __future__ import annotations

from regdoctor.fixes.advice import manual, nginx, server
from regdoctor.fixes.authority import quoted
from regdoctor.model.finding import Finding, Fix
from regdoctor.observations.store import Observations


def plain_404(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """404, as it came from the registry."""
    where = quoted(finding.subject)
    return (
        server(
            "let 404 of the registry pass as it is (no error pages of a proxy below /v2/); upgrade "
            "a registry that answers so itself (Nexus 3.96.0 and 3.96.1 answer HEAD with 500)",
            f"curl -sSI https://{where}/v2/NAME/manifests/no-such-tag",
            files=(nginx("proxy_intercept_errors off;"),),
        ),
        manual("all clients", "give the account that pushes the right to read as well"),
    )


def unchanged_answers(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Nothing in between that has a mind of its own."""
    return (
        server(
            "let nothing before the registry change or keep answers below /v2/: no compression, no "
            "cache by URL alone (HEAD and GET, and each Accept, are answers of their own)",
            f"regdoctor check -v {quoted(finding.subject)}",
            files=(nginx("gzip off;", "proxy_cache off;"),),
        ),
    )


def upgrade_registry(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The product's own to mend."""
    return (
        server(
            "upgrade the registry, or tell its makers: the evidence names the request",
            f"regdoctor check -v {quoted(finding.subject.partition('/')[0])}",
        ),
    )


def tags_pages(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The next page where clients can find it."""
    return (
        server(
            "upgrade the registry (Artifactory 7.46.17), or let the proxy rewrite the Link header "
            "to the path that clients use",
            f"curl -sSi 'https://{finding.subject}/v2/NAME/tags/list?n=1'",
        ),
        manual("all clients", "list without pages where the registry gives all tags at once"),
    )


def parts_of_blobs(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Ranges, or no pretence of them."""
    return (
        server(
            "let Range and Content-Range pass, and cache whole blobs only",
            files=(nginx("proxy_set_header Range $http_range;", "proxy_force_ranges on;"),),
        ),
    )
