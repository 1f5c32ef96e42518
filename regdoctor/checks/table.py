"""Every check, one row each. The order is that of findings of equal rank."""

from __future__ import annotations

from regdoctor.checks import internal_check_failed
from regdoctor.checks.auth import (
    credentials_rejected,
    mtls_client_certificate_required,
    pull_access_denied_or_not_found,
    registry_mirror_needs_auth,
    request_not_sent,
    token_realm_wrong_port_or_host,
)
from regdoctor.checks.http import (
    http_response_to_https_client,
    https_port_spoken_http,
    registry_unexpected_answer,
)
from regdoctor.checks.manifest import (
    blob_unexpected_answer,
    head_manifest_refused,
    image_not_found,
    manifest_unexpected_answer,
    nexus_lt_3_15_head_404,
)
from regdoctor.checks.network import (
    buildkit_container_dns_private_names,
    dns_lookup_failure,
    docker_desktop_503_is_a_local_block,
    http2_push_stream_errors,
    https_eof_plain_port_or_lb_close,
    proxy_407_authentication_required,
    tcp_connect_failure,
    tls_first_record_not_handshake_direct,
    tls_handshake_failure,
    tls_unrecognized_name,
    tls_version_or_cipher_mismatch,
)
from regdoctor.checks.protocol import Check
from regdoctor.checks.proxy import (
    reverse_proxy_to_registry_without_sni,
    rpardini_or_mitm_cache_upstream_verify_depth,
)
from regdoctor.checks.x509 import (
    x509_chain_rejected,
    x509_clock_skew_not_yet_valid,
    x509_expired_certificate,
    x509_hostname_mismatch,
    x509_legacy_common_name,
    x509_missing_intermediate,
    x509_no_ip_sans,
    x509_self_signed_leaf,
    x509_unknown_authority_private_root,
)

CHECKS: tuple[Check, ...] = (
    dns_lookup_failure.CHECK,
    buildkit_container_dns_private_names.CHECK,
    tcp_connect_failure.CHECK,
    docker_desktop_503_is_a_local_block.CHECK,
    proxy_407_authentication_required.CHECK,
    reverse_proxy_to_registry_without_sni.CHECK,
    rpardini_or_mitm_cache_upstream_verify_depth.CHECK,
    http_response_to_https_client.CHECK,
    tls_unrecognized_name.CHECK,
    tls_version_or_cipher_mismatch.CHECK,
    tls_first_record_not_handshake_direct.CHECK,
    https_eof_plain_port_or_lb_close.CHECK,
    tls_handshake_failure.CHECK,
    http2_push_stream_errors.CHECK,
    https_port_spoken_http.CHECK,
    x509_clock_skew_not_yet_valid.CHECK,
    x509_expired_certificate.CHECK,
    x509_hostname_mismatch.CHECK,
    x509_legacy_common_name.CHECK,
    x509_no_ip_sans.CHECK,
    x509_missing_intermediate.CHECK,
    x509_self_signed_leaf.CHECK,
    x509_unknown_authority_private_root.CHECK,
    x509_chain_rejected.CHECK,
    mtls_client_certificate_required.CHECK,
    registry_unexpected_answer.CHECK,
    token_realm_wrong_port_or_host.CHECK,
    registry_mirror_needs_auth.CHECK,
    request_not_sent.CHECK,
    credentials_rejected.CHECK,
    pull_access_denied_or_not_found.CHECK,
    nexus_lt_3_15_head_404.CHECK,
    head_manifest_refused.CHECK,
    image_not_found.CHECK,
    manifest_unexpected_answer.CHECK,
    blob_unexpected_answer.CHECK,
    internal_check_failed.CHECK,
)
