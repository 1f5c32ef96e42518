"""Which planner answers which finding, one row a code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from regdoctor.fixes import builds, certificates, host, machine, plain_http, registry, servers
from regdoctor.model.finding import Finding, Fix
from regdoctor.observations.store import Observations

Planner = Callable[[Observations, Finding], tuple[Fix, ...]]

PLANNERS: dict[str, Planner] = {
    "base-image-arg-empty": machine.value_for_argument,
    "blob-unexpected-answer": servers.healthy_registry,
    "build-secret-missing": builds.give_secret,
    "buildkit-1809-ignored-insecure-registries": host.settings_of_builder,
    "buildkit-daemon-died-eof": builds.daemon_died,
    "buildx-cannot-boot-builder-image": builds.builder_image,
    "buildx-load-multi-platform": builds.load_one,
    "containerd-http-fallback-shows-only-https-error": host.first_host_first,
    "copy-source-not-found-checksum": builds.put_into_context,
    "credentials-rejected": registry.log_in,
    "ctr-needs-full-reference-with-library": host.whole_reference,
    "dns-lookup-failure": registry.resolver,
    "docker-driver-lacks-multiplatform-or-cache-export": builds.other_driver,
    "docker-manifest-cli-ignores-daemon-insecure": host.manifest_insecure,
    "docker-sock-permission-denied": machine.open_socket,
    "dockerfile-not-found": builds.name_dockerfile,
    "frontend-grpc-server-closed": builds.frontend_died,
    "head-manifest-refused": registry.answer_head,
    "http-response-to-https-client": plain_http.allow_or_secure,
    "https-eof-plain-port-or-lb-close": servers.right_backend,
    "https-port-spoken-http": plain_http.use_https,
    "image-not-found": registry.existing_tag,
    "kaniko-insecure-flags-split-push-pull": host.kaniko_flags,
    "kubelet-pull-deadline-or-no-progress": host.pull_deadline,
    "legacy-builder-lacks-mount": machine.choose_buildkit,
    "local-image-invisible-to-container-builder": builds.visible_image,
    "manifest-unexpected-answer": servers.healthy_registry,
    "mtls-client-certificate-required": certificates.show_certificate,
    "multiarch-exec-format-error": builds.emulate,
    "nerdctl-buildkitd-not-running": host.start_buildkitd,
    "nexus-lt-3.15-head-404": registry.upgrade_nexus,
    "no-space-left-on-device": machine.make_room,
    "podman-build-add-https-ignores-certsd": host.add_over_https,
    "podman-policy-signature-rejected": machine.let_in,
    "podman-rootless-and-machine-certs": machine.readable_certs,
    "proxy-407-authentication-required": registry.proxy_login,
    "pull-access-denied-or-not-found": registry.see_image,
    "reference-with-scheme-or-uppercase": machine.right_reference,
    "registry-mirror-needs-auth": registry.open_mirror,
    "registry-unexpected-answer": servers.healthy_registry,
    "request-not-sent": registry.readable_credentials,
    "rootless-insufficient-subuids": machine.give_subids,
    "run-step-tls-interception": builds.trust_in_step,
    "skopeo-list-tags-bypasses-mirrors": host.list_at_mirror,
    "syntax-directive-frontend-pull-fails": builds.frontend_image,
    "tag-with-illegal-character": machine.right_reference,
    "tcp-connect-failure": registry.reach,
    "tls-first-record-not-handshake-direct": servers.right_backend,
    "tls-handshake-failure": servers.right_backend,
    "tls-unrecognized-name": servers.add_site,
    "tls-version-or-cipher-mismatch": servers.allow_modern_tls,
    "token-realm-wrong-port-or-host": registry.realm_address,
    "x509-chain-rejected": servers.trusted_path,
    "x509-clock-skew-not-yet-valid": certificates.set_clock,
    "x509-expired-certificate": certificates.renew,
    "x509-hostname-mismatch": certificates.reissue,
    "x509-legacy-common-name": certificates.reissue,
    "x509-missing-intermediate": certificates.whole_chain,
    "x509-no-ip-sans": certificates.reissue,
    "x509-self-signed-leaf": certificates.self_signed,
    "x509-unknown-authority-private-root": certificates.private_root,
}


def with_fixes(seen: Observations, finding: Finding) -> Finding:
    """``finding`` and what to do about it; unchanged where no row answers its code."""
    planner = PLANNERS.get(finding.code)
    return replace(finding, fixes=planner(seen, finding)) if planner else finding
