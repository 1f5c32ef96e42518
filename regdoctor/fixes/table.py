"""Which planner answers which finding, one row a code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from regdoctor.fixes import auth, certificates, logins, plain_http, registry, servers
from regdoctor.model.finding import Finding, Fix
from regdoctor.observations.store import Observations

Planner = Callable[[Observations, Finding], tuple[Fix, ...]]

PLANNERS: dict[str, Planner] = {
    "acr-firewall-ip-denied": auth.azure_firewall,
    "auth-on-redirect-not-supported-old-containerd": auth.final_registry,
    "blob-unexpected-answer": servers.healthy_registry,
    "containerd-auth-no-basic-auth-credentials-config": auth.containerd_login,
    "containerd-mirror-auth-sent-to-wrong-host": logins.mirror_login,
    "credential-helper-not-in-path": logins.helper,
    "credential-helper-secretservice-no-dbus": logins.keyring,
    "credentials-rejected": registry.log_in,
    "credhelpers-no-wildcard-and-docker-build": logins.exact_key,
    "dns-lookup-failure": registry.resolver,
    "docker-config-json-malformed-or-directory": logins.mend_file,
    "dockerhub-abuse-429-hap": auth.fewer_requests,
    "dockerhub-config-key-mismatch": logins.hub_key,
    "dockerhub-incorrect-username-or-password": auth.hub_login,
    "dockerhub-multiple-scope-regression": auth.several_scopes,
    "dockerhub-pull-rate-limit": auth.fewer_pulls,
    "ecr-no-basic-auth-credentials": auth.ecr_login,
    "ecr-pull-through-cache-first-pull": auth.ecr_cache,
    "ecr-repository-does-not-exist": auth.ecr_repository,
    "ecr-token-expired-12h": auth.ecr_login,
    "gar-permission-denied-or-unauthenticated": auth.google_right,
    "gcr-io-shut-down": auth.google_moved,
    "ghcr-403-on-push": auth.github_package,
    "gitea-realm-internal-or-root-url": auth.gitea_root_url,
    "gitea-reqpackageaccess-pat-or-proxy": auth.gitea_package,
    "harbor-robot-dollar-expanded-by-shell": auth.robot_in_quotes,
    "harbor-unauthorized-push-action": auth.harbor_role,
    "head-manifest-refused": registry.answer_head,
    "http-response-to-https-client": plain_http.allow_or_secure,
    "https-eof-plain-port-or-lb-close": servers.right_backend,
    "https-port-spoken-http": plain_http.use_https,
    "image-not-found": registry.existing_tag,
    "k8s-image-pull-secret-wrong-namespace-or-missing": auth.pull_secret,
    "manifest-unexpected-answer": servers.healthy_registry,
    "mirror-rewrite-token-with-two-scopes": auth.one_scope,
    "mtls-client-certificate-required": certificates.show_certificate,
    "nexus-lt-3.15-head-404": registry.upgrade_nexus,
    "podman-invalid-username-password-401": auth.podman_login,
    "proxy-407-authentication-required": registry.proxy_login,
    "pull-access-denied-or-not-found": registry.see_image,
    "quay-unauthorized-repo-missing-or-robot": auth.quay_robot,
    "registry-mirror-needs-auth": registry.open_mirror,
    "registry-unexpected-answer": servers.healthy_registry,
    "request-not-sent": registry.readable_credentials,
    "robot-or-token-account-expired": auth.machine_account,
    "skopeo-auth-file-permission": logins.auth_file,
    "skopeo-container-ignores-mounted-config-credsstore": logins.file_with_secret,
    "sudo-cron-service-reads-other-docker-config": logins.same_user,
    "tcp-connect-failure": registry.reach,
    "tls-first-record-not-handshake-direct": servers.right_backend,
    "tls-handshake-failure": servers.right_backend,
    "tls-unrecognized-name": servers.add_site,
    "tls-version-or-cipher-mismatch": servers.allow_modern_tls,
    "token-realm-redirect-loses-query": auth.realm_itself,
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
