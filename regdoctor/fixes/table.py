"""Which planner answers which finding, one row a code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from regdoctor.fixes import certificates, nexus, plain_http, push, registry, servers
from regdoctor.model.finding import Finding, Fix
from regdoctor.observations.store import Observations

Planner = Callable[[Observations, Finding], tuple[Fix, ...]]

PLANNERS: dict[str, Planner] = {
    "blob-unexpected-answer": servers.healthy_registry,
    "cache-export-400-image-manifest": push.cache_as_image,
    "credentials-rejected": registry.log_in,
    "dns-lookup-failure": registry.resolver,
    "harbor-quota-exceeded": push.more_quota,
    "head-manifest-refused": registry.answer_head,
    "helm-oci-plain-http-and-tls-flags": push.helm_flags,
    "http-response-to-https-client": plain_http.allow_or_secure,
    "https-eof-plain-port-or-lb-close": servers.right_backend,
    "https-port-spoken-http": plain_http.use_https,
    "image-not-found": registry.existing_tag,
    "manifest-unexpected-answer": servers.healthy_registry,
    "mtls-client-certificate-required": certificates.show_certificate,
    "nexus-bearer-token-realm-missing": nexus.activate_realm,
    "nexus-buildkit-cache-blob-upload-invalid": nexus.plain_uploads,
    "nexus-docker-login-404-no-connector": nexus.open_connector,
    "nexus-lt-3.15-head-404": registry.upgrade_nexus,
    "nexus-oci-media-types-before-3.71": nexus.upgrade_for_oci,
    "nexus-proxy-hides-upstream-error-as-manifest-unknown": nexus.reach_upstream,
    "nexus-proxy-quay-blob-failure": nexus.allow_blob_hosts,
    "nexus-push-blob-unknown-missing-layer": nexus.one_repository,
    "nexus-push-to-group-or-proxy": nexus.push_to_hosted,
    "proxy-407-authentication-required": registry.proxy_login,
    "pull-access-denied-or-not-found": registry.see_image,
    "push-413-request-entity-too-large": push.allow_large_bodies,
    "push-access-denied": push.may_push,
    "push-blob-upload-unknown-multi-replica": push.one_registry,
    "push-chunk-range-header-unreliable": push.count_chunks,
    "push-location-http-downgrade-missing-x-forwarded-proto": push.forwarded_headers,
    "push-to-pull-through-cache-405": push.push_elsewhere,
    "push-unexpected-answer": push.healthy_pushes,
    "registry-mirror-needs-auth": registry.open_mirror,
    "registry-unexpected-answer": servers.healthy_registry,
    "request-not-sent": registry.readable_credentials,
    "spec-manifest-kind-refused": push.plain_images,
    "spec-push-left-behind": push.delete_by_hand,
    "spec-push-subject-ignored": push.notice_subjects,
    "spec-upload-mount-refused": push.mount_or_upload,
    "spec-upload-no-location": push.tell_location,
    "spec-upload-not-cancelled": push.purge_uploads,
    "tag-immutable": push.other_tag,
    "tcp-connect-failure": registry.reach,
    "tls-first-record-not-handshake-direct": servers.right_backend,
    "tls-handshake-failure": servers.right_backend,
    "tls-unrecognized-name": servers.add_site,
    "tls-version-or-cipher-mismatch": servers.allow_modern_tls,
    "token-realm-wrong-port-or-host": registry.realm_address,
    "upload-location-relative-not-resolved": push.resolve_location,
    "x509-chain-rejected": servers.trusted_path,
    "x509-clock-skew-not-yet-valid": certificates.set_clock,
    "x509-expired-certificate": certificates.renew,
    "x509-hostname-mismatch": certificates.reissue,
    "x509-legacy-common-name": certificates.reissue,
    "x509-missing-intermediate": certificates.whole_chain,
    "x509-no-ip-sans": certificates.reissue,
    "x509-self-signed-leaf": certificates.self_signed,
    "x509-unknown-authority-private-root": certificates.private_root,
    "zot-docker-media-types-rejected": push.take_docker_types,
}


def with_fixes(seen: Observations, finding: Finding) -> Finding:
    """``finding`` and what to do about it; unchanged where no row answers its code."""
    planner = PLANNERS.get(finding.code)
    return replace(finding, fixes=planner(seen, finding)) if planner else finding
