"""Which planner answers which finding, one row a code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from regdoctor.fixes import (
    certificates,
    chains,
    network,
    plain_http,
    proxy,
    reach,
    registry,
    servers,
)
from regdoctor.model.finding import Finding, Fix
from regdoctor.observations.store import Observations

Planner = Callable[[Observations, Finding], tuple[Fix, ...]]

PLANNERS: dict[str, Planner] = {
    "builder-localhost-registry-unreachable": reach.builder_loopback,
    "buildkit-container-dns-private-names": network.names_in_builders,
    "buildx-container-builder-no-proxy": proxy.builder_proxy,
    "credentials-rejected": registry.log_in,
    "daemon-does-not-use-shell-proxy": proxy.daemon_proxy,
    "dead-or-poisoned-mirror-deadline-exceeded": reach.replace_mirror,
    "dns-lookup-failure": registry.resolver,
    "docker-desktop-503-is-a-local-block": network.let_desktop_out,
    "firewall-block-page-certificate": chains.unblocked,
    "head-manifest-refused": registry.answer_head,
    "http-response-to-https-client": plain_http.allow_or_secure,
    "http2-push-stream-errors": network.leave_http2,
    "https-eof-plain-port-or-lb-close": servers.right_backend,
    "https-port-spoken-http": plain_http.use_https,
    "image-not-found": registry.existing_tag,
    "blob-unexpected-answer": servers.healthy_registry,
    "ipv6-unreachable": reach.ipv6_route,
    "macos-certificate-not-standards-compliant": chains.apple_rules,
    "manifest-unexpected-answer": servers.healthy_registry,
    "middlebox-answers-plain-http-on-443": reach.past_middlebox,
    "mtls-client-certificate-required": certificates.show_certificate,
    "nexus-lt-3.15-head-404": registry.upgrade_nexus,
    "no-proxy-mistakes": proxy.matching_no_proxy,
    "port-443-owned-by-another-application": reach.other_port,
    "proxy-407-authentication-required": registry.proxy_login,
    "proxy-port-speaks-tls": proxy.https_scheme,
    "proxyconnect-tls-record-https-proxy-scheme": proxy.http_scheme,
    "pull-access-denied-or-not-found": registry.see_image,
    "registry-mirror-needs-auth": registry.open_mirror,
    "registry-unexpected-answer": servers.healthy_registry,
    "request-not-sent": registry.readable_credentials,
    "reverse-proxy-to-registry-without-sni": proxy.name_the_upstream,
    "rpardini-or-mitm-cache-upstream-verify-depth": proxy.verify_deeper,
    "tcp-connect-failure": registry.reach,
    "tls-first-record-not-handshake-direct": servers.right_backend,
    "tls-handshake-failure": servers.right_backend,
    "tls-handshake-timeout-mtu-blackhole": network.smaller_packets,
    "tls-handshake-timeout-post-quantum-clienthello": network.shorter_hello,
    "tls-unrecognized-name": servers.add_site,
    "tls-version-or-cipher-mismatch": servers.allow_modern_tls,
    "token-realm-rejected-private-address": reach.public_realm,
    "token-realm-wrong-port-or-host": registry.realm_address,
    "x509-chain-rejected": servers.trusted_path,
    "x509-clock-skew-not-yet-valid": certificates.set_clock,
    "x509-expired-certificate": certificates.renew,
    "x509-expired-cross-sign-dst-root-x3": chains.newer_roots,
    "x509-hostname-mismatch": certificates.reissue,
    "x509-incompatible-key-usage": chains.server_usage,
    "x509-legacy-common-name": certificates.reissue,
    "x509-missing-intermediate": certificates.whole_chain,
    "x509-name-constraints": chains.allowed_names,
    "x509-no-ip-sans": certificates.reissue,
    "x509-self-signed-leaf": certificates.self_signed,
    "x509-sha1-signature": chains.stronger_signature,
    "x509-tls-interception-proxy": chains.intercepted,
    "x509-token-endpoint-fetched-by-client-not-builder": chains.token_client,
    "x509-unknown-authority-private-root": certificates.private_root,
}


def with_fixes(seen: Observations, finding: Finding) -> Finding:
    """``finding`` and what to do about it; unchanged where no row answers its code."""
    planner = PLANNERS.get(finding.code)
    return replace(finding, fixes=planner(seen, finding)) if planner else finding
