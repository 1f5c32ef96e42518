"""Proxies, forward and reverse: each client has its setting somewhere else."""

from __future__ import annotations

from regdoctor.fixes.authority import added
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.store import Observations


def name_the_upstream(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """nginx sends no SNI to an upstream by itself."""
    return (
        Fix(
            client="server",
            title="let nginx name the registry in its handshake",
            disposition="manual",
            commands=("nginx -t", "nginx -s reload"),
            files=(
                FileChange(
                    "nginx.conf",
                    added("proxy_ssl_server_name on;\nproxy_ssl_name registry.corp.example;"),
                ),
            ),
        ),
    )


def verify_deeper(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """nginx counts the certificates between leaf and root."""
    return (
        Fix(
            client="server",
            title="let the caching proxy follow a longer chain",
            disposition="manual",
            commands=("nginx -t", "nginx -s reload"),
            files=(FileChange("nginx.conf", added("proxy_ssl_verify_depth 4;")),),
        ),
    )
