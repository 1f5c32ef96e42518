"""Which planner answers which finding, one row a code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from regdoctor.fixes import (
    blobs,
    certificates,
    manifests,
    plain_http,
    registry,
    servers,
    spec,
)
from regdoctor.model.finding import Finding, Fix
from regdoctor.observations.store import Observations

Planner = Callable[[Observations, Finding], tuple[Fix, ...]]

PLANNERS: dict[str, Planner] = {
    "accept-header-comma-list-old-registry-schema1": manifests.one_accept,
    "artifactory-docker-path-method": blobs.artifactory_path,
    "blob-redirect-backend-tls-untrusted-or-expired": blobs.trusted_storage,
    "blob-redirect-backend-unreachable": blobs.reach_storage,
    "blob-redirect-signature-or-auth-forwarded": blobs.unaltered_address,
    "blob-unexpected-answer": servers.healthy_registry,
    "cloudflare-or-proxy-502-503-504": blobs.backend_behind_proxy,
    "containerd-server-docker-io-text-html": manifests.right_server,
    "credentials-rejected": registry.log_in,
    "distribution-http-secret-and-mirror-warning-noise": manifests.shared_secret,
    "dns-lookup-failure": registry.resolver,
    "failed-size-validation": blobs.untouched_bytes,
    "head-manifest-refused": registry.answer_head,
    "head-manifest-without-content-length-or-type": manifests.whole_head,
    "http-response-to-https-client": plain_http.allow_or_secure,
    "https-eof-plain-port-or-lb-close": servers.right_backend,
    "https-port-spoken-http": plain_http.use_https,
    "image-not-found": registry.existing_tag,
    "index-names-missing-manifest": manifests.whole_copy,
    "load-metadata-takes-10-to-20-seconds": blobs.quick_lookup,
    "manifest-accept-dependent-digest-not-found": manifests.known_digest,
    "manifest-invalid-after-schema1-fallback": manifests.see_first_error,
    "manifest-unexpected-answer": servers.healthy_registry,
    "mirror-ns-query-not-understood": manifests.ignore_ns,
    "mtls-client-certificate-required": certificates.show_certificate,
    "nexus-lt-3.15-head-404": registry.upgrade_nexus,
    "no-matching-manifest-for-platform": manifests.other_platform,
    "oci-index-attestation-rejected-by-registry": manifests.without_attestation,
    "pinned-digest-is-single-arch-or-attestation": manifests.pin_the_index,
    "platform-detection-or-index-variant-bug": manifests.plain_variant,
    "proxy-407-authentication-required": registry.proxy_login,
    "pull-access-denied-or-not-found": registry.see_image,
    "pull-through-cache-library-prefix": manifests.with_library,
    "registry-mirror-needs-auth": registry.open_mirror,
    "registry-unexpected-answer": servers.healthy_registry,
    "request-not-sent": registry.readable_credentials,
    "schema1-removed-containerd-2.1": manifests.new_schema,
    "schema1-unsupported-by-ggcr": manifests.new_schema,
    "spec-blob-head": spec.upgrade_registry,
    "spec-blob-range": spec.parts_of_blobs,
    "spec-content-type-differs": spec.unchanged_answers,
    "spec-digest-header-wrong": spec.upgrade_registry,
    "spec-head-get-differ": spec.unchanged_answers,
    "spec-manifest-compressed": spec.unchanged_answers,
    "spec-missing-not-404": spec.plain_404,
    "spec-referrers": spec.upgrade_registry,
    "spec-tags-list": spec.tags_pages,
    "tcp-connect-failure": registry.reach,
    "tls-first-record-not-handshake-direct": servers.right_backend,
    "tls-handshake-failure": servers.right_backend,
    "tls-unrecognized-name": servers.add_site,
    "tls-version-or-cipher-mismatch": servers.allow_modern_tls,
    "token-realm-wrong-port-or-host": registry.realm_address,
    "unexpected-commit-digest": blobs.clean_cache,
    "unexpected-eof-mid-download": blobs.patient_proxies,
    "x509-chain-rejected": servers.trusted_path,
    "x509-clock-skew-not-yet-valid": certificates.set_clock,
    "x509-expired-certificate": certificates.renew,
    "x509-hostname-mismatch": certificates.reissue,
    "x509-legacy-common-name": certificates.reissue,
    "x509-missing-intermediate": certificates.whole_chain,
    "x509-no-ip-sans": certificates.reissue,
    "x509-self-signed-leaf": certificates.self_signed,
    "x509-unknown-authority-private-root": certificates.private_root,
    "zstd-layers-on-old-engine": manifests.current_engine,
}


def with_fixes(seen: Observations, finding: Finding) -> Finding:
    """``finding`` and what to do about it; unchanged where no row answers its code."""
    planner = PLANNERS.get(finding.code)
    return replace(finding, fixes=planner(seen, finding)) if planner else finding
