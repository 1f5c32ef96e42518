"""What is known of products and their versions, and by which finding it is told.

One fault has one code, whichever product has it: a row names the finding, or says why there is
none. Faults of pushes show only where something is pushed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quirk:
    """``versions`` are those that were seen to have it, in words, empty where it is any, or
    nobody noted them. ``code`` is empty where no finding tells it, and ``why`` says the reason."""

    id: str
    product: str
    versions: str
    code: str
    why: str = ""


ORDINARY = frozenset(
    {
        "credentials-rejected",
        "image-not-found",
        "manifest-unexpected-answer",
        "pull-access-denied-or-not-found",
        "registry-unexpected-answer",
    }
)
"""Findings with many causes: that a product has one more says nothing about a case."""


def known_for(product: str, code: str) -> Iterator[Quirk]:
    """What the product is known for that shows as ``code``; nothing of ordinary findings."""
    if code in ORDINARY:
        return iter(())
    return (each for each in QUIRKS if each.product == product and each.code == code)


_Q = Quirk
_NO_API = "a 404 is what the specification has for it, and clients turn to the tag sha256-..."
_GET_NEXT = "clients turn to GET by themselves"
_OLD_ACCEPT = "only clients that do not name the OCI types meet it, and today's name them"
_DELETES = "only clean-ups ask for the right to delete"
_ARTIFACTS = "artifacts that are no images: nothing that builds or pulls images meets it"

QUIRKS: tuple[Quirk, ...] = (
    _Q("nexus-head-manifest-404", "nexus", "<3.15.0", "nexus-lt-3.15-head-404"),
    _Q(
        "nexus-cache-manifest-500",
        "nexus",
        "3.19 .. at least 3.26.1",
        "cache-export-400-image-manifest",
    ),
    _Q(
        "nexus-cache-blob-400",
        "nexus",
        "3.90.2-06 COMMUNITY",
        "nexus-buildkit-cache-blob-upload-invalid",
    ),
    _Q("nexus-oci-rejected", "nexus", "<3.23", "nexus-oci-media-types-before-3.71"),
    _Q("nexus-artifact-types", "nexus", "<3.71", "nexus-oci-media-types-before-3.71"),
    _Q("nexus-realm-port-doubled", "nexus", "3.78.2, 3.80.0", "token-realm-wrong-port-or-host"),
    _Q("nexus-realm-null", "nexus", "3.77.1", "token-realm-wrong-port-or-host"),
    _Q("nexus-anon-404", "nexus", "3.76.0", "image-not-found"),
    _Q("nexus-force-basic", "nexus", ">=3.89.1", "nexus-bearer-token-realm-missing"),
    _Q(
        "nexus-path-routing-anon",
        "nexus",
        "3.87.0 (3.83+ feature)",
        "pull-access-denied-or-not-found",
    ),
    _Q(
        "nexus-attest-digest-dash",
        "nexus",
        "3.70.3",
        "",
        "what Nexus asks of its upstream is not seen, and no pull asks for an attestation",
    ),
    _Q("nexus-head-500", "nexus", "3.96.0-3.96.1", "spec-missing-not-404"),
    _Q("nexus-link-path", "nexus", "2026 versions", "spec-tags-list"),
    _Q("nexus-ua-routing", "nexus", "nginx recipe", "registry-unexpected-answer"),
    _Q("nexus-proxy-containerd", "nexus", "3.55", "head-manifest-refused"),
    _Q(
        "nexus-no-accept-schema1",
        "nexus",
        "2018-2020",
        "",
        "only requests without Accept, or with q in it, meet it, and no client sends those",
    ),
    _Q(
        "nexus-list-despite-accept", "nexus", "", "", "clients go by the Content-Type of the answer"
    ),
    _Q(
        "nexus-path-routing-tls",
        "nexus",
        "3.83",
        "",
        "a push of dockerd over plain HTTP, which tries https first",
    ),
    _Q("artifactory-token-post", "artifactory", "5.x-7.x", "", _GET_NEXT),
    _Q(
        "artifactory-no-scope",
        "artifactory",
        "",
        "",
        "clients make the scope themselves, as the session does",
    ),
    _Q(
        "artifactory-redirect-auth",
        "artifactory",
        "reverse proxy setups",
        "auth-on-redirect-not-supported-old-containerd",
    ),
    _Q("artifactory-head-403", "artifactory", "RTFACT-13797", "spec-missing-not-404"),
    _Q("artifactory-tags-last", "artifactory", "< about 7.46.17", "spec-tags-list"),
    _Q("artifactory-digest-tags", "artifactory", "", "", "tags more than expected break no build"),
    _Q(
        "artifactory-attestation-400",
        "artifactory",
        "6.23.38",
        "oci-index-attestation-rejected-by-registry",
    ),
    _Q(
        "artifactory-cache-index", "artifactory", "through 2021+", "cache-export-400-image-manifest"
    ),
    _Q("artifactory-circuit", "artifactory", "", "", "a state of the server that passes"),
    _Q("artifactory-referrers", "artifactory", "<7.90.1", "", _NO_API),
    _Q(
        "artifactory-nerdctl",
        "artifactory",
        "7.84",
        "",
        "its report names nothing that shows on the wire",
    ),
    _Q("harbor-proxy-head-404", "harbor", "2.1.0 (proxy cache)", "head-manifest-refused"),
    _Q(
        "harbor-proxy-head-ctype",
        "harbor",
        "2.1.0-2.1.2 (proxy cache)",
        "head-manifest-without-content-length-or-type",
    ),
    _Q("harbor-proxy-blob-head", "harbor", "", "spec-blob-head"),
    _Q("harbor-proxy-index", "harbor", "", "spec-content-type-differs"),
    _Q("harbor-cache-index", "harbor", "before PR 18105", "cache-export-400-image-manifest"),
    _Q("harbor-v1-attest", "harbor", "1.x", "oci-index-attestation-rejected-by-registry"),
    _Q("harbor-referrers", "harbor", "<2.8.0", "", _NO_API),
    _Q(
        "harbor-oci-subject",
        "harbor",
        "<2.9.0",
        "",
        "the client then writes the tag as well, which does no harm",
    ),
    _Q("harbor-referrers-ctype", "harbor", "<2.11", "spec-referrers"),
    _Q(
        "harbor-systeminfo-anon",
        "harbor",
        ">=2.13.0",
        "",
        "it hides the version and breaks nothing",
    ),
    _Q("harbor-unknown-code", "harbor", "2.10.2", "", "it is judged by the status, as clients do"),
    _Q("harbor-head-length", "harbor", "with compression in front", "spec-head-get-differ"),
    _Q("harbor-mirror-path", "harbor", "", "", "a setting that dockerd refuses when it starts"),
    _Q("harbor-token-post", "harbor", "", "", _GET_NEXT),
    _Q(
        "gitlab-virtual-referrers-html",
        "gitlab",
        "Container Virtual Registry 2026",
        "spec-referrers",
    ),
    _Q("gitlab-artifact-registry-docker", "gitlab", "Artifact registry beta", "", _ARTIFACTS),
    _Q("gitlab-schema1", "gitlab", "all current", "manifest-invalid-after-schema1-fallback"),
    _Q("gitlab-referrers", "gitlab", "", "", _NO_API),
    _Q("gitlab-scope-delete", "gitlab", "auth service", "", _DELETES),
    _Q("gitlab-oci-accept", "gitlab", "distribution based", "", _OLD_ACCEPT),
    _Q("ghcr-anon-token", "ghcr", "", "", "a challenge that every client answers"),
    _Q("ghcr-index-accept", "ghcr", "", "", _OLD_ACCEPT),
    _Q("ghcr-referrers", "ghcr", "live (2026-07)", "", _NO_API),
    _Q("ghcr-chunk-4m", "ghcr", "", "push-chunk-range-header-unreliable"),
    _Q(
        "gh-packages-head-405",
        "ghcr",
        "docker.pkg.github.com and GHES packages",
        "manifest-accept-dependent-digest-not-found",
    ),
    _Q("hub-ratelimit", "docker-hub", "", "manifest-unexpected-answer"),
    _Q("hub-no-referrers", "docker-hub", "live (2026-07)", "", _NO_API),
    _Q("hub-catalog", "docker-hub", "", "", "no build reads the catalogue"),
    _Q("hub-token-post", "docker-hub", "", "", _GET_NEXT),
    _Q("hub-subject-404", "docker-hub", "2023", "", "it is past"),
    _Q("quay-cache-index", "quay", "2020-2021+", "cache-export-400-image-manifest"),
    _Q("quay-artifact-types", "quay", "self-hosted", "", _ARTIFACTS),
    _Q("quay-zstd", "quay", "<3.6", "", "no write probe pushes zstd"),
    _Q("quay-tags-page", "quay", "", "", "pages of any size are right"),
    _Q("quay-immutable", "quay", "recent", "tag-immutable"),
    _Q("quay-delete-scope", "quay", "", "", _DELETES),
    _Q("quay-referrers-flag", "quay", "FEATURE_REFERRERS_API", "", _NO_API),
    _Q("ecr-cache-index", "ecr", "", "cache-export-400-image-manifest"),
    _Q("ecr-repo-missing", "ecr", "", "ecr-repository-does-not-exist"),
    _Q("ecr-get-no-digest", "ecr", "", "", "the header may be missing: clients hash the body"),
    _Q("ecr-page-1000", "ecr", "", "", "one tag is asked for"),
    _Q("ecr-patch-201", "ecr", "", "", "clients accept it"),
    _Q("ecr-mediatype-required", "ecr", "", "", "only old podman leaves the field out"),
    _Q("ecr-referrer-405", "ecr", "", "", _ARTIFACTS),
    _Q("ecr-ptc-first-digest", "ecr", "pull-through cache", "ecr-pull-through-cache-first-pull"),
    _Q(
        "ecr-empty-put-500",
        "ecr",
        "",
        "",
        "only clients that end a chunked upload with an empty PUT meet it, which builders do not",
    ),
    _Q("acr-post-only", "acr", "", "", "clients try POST first where they have a refresh token"),
    _Q("acr-post-400", "acr", "", "credentials-rejected"),
    _Q("acr-redirect-auth", "acr", "", "blob-redirect-signature-or-auth-forwarded"),
    _Q("gar-no-chunk", "gar", "", "push-chunk-range-header-unreliable"),
    _Q(
        "gcr-no-challenge",
        "gar",
        "gcr.io",
        "",
        "clients take the challenge of /v2/, as the session does",
    ),
    _Q("gcr-index-child", "gar", "gcr.io", "cache-export-400-image-manifest"),
    _Q("gar-path", "gar", "", "manifest-unexpected-answer"),
    _Q("gcr-token-post", "gar", "", "", _GET_NEXT),
    _Q("distribution-accept-star", "distribution", "2.7-3.x", "", _OLD_ACCEPT),
    _Q("distribution-no-referrers", "distribution", "", "", _NO_API),
    _Q("distribution-tags-nopage", "distribution", "2.x", "", "all tags at once break nobody"),
    _Q("distribution-tags-clamp", "distribution", ">=3.1", "", "pages of any size are right"),
    _Q("distribution-catalog-max", "distribution", ">=2.8.2", "", "no build reads the catalogue"),
    _Q("distribution-schema1", "distribution", ">=3.0", "image-not-found"),
    _Q(
        "distribution-proxy-one-upstream",
        "distribution",
        "all (proxy mode)",
        "push-to-pull-through-cache-405",
    ),
    _Q(
        "distribution-proxy-500",
        "distribution",
        "proxy of public.ecr.aws",
        "manifest-unexpected-answer",
    ),
    _Q(
        "distribution-http-location",
        "distribution",
        "behind TLS proxy",
        "push-location-http-downgrade-missing-x-forwarded-proto",
    ),
    _Q("zot-docker-types", "zot", "default config", "zot-docker-media-types-rejected"),
    _Q("gitea-stream", "gitea", "", "push-chunk-range-header-unreliable"),
    _Q("gitea-cache", "gitea", "", "cache-export-400-image-manifest"),
    _Q(
        "gitea-index-404",
        "gitea",
        "up to 1.25.3 reports",
        "oci-index-attestation-rejected-by-registry",
    ),
    _Q("gitea-manifest-10m", "gitea", "", "", "no manifest is that large"),
    _Q("pulp-tags-negative", "pulp", "before PR 220", "", "nobody asks for -1 tags"),
    _Q("pulp-blob-text", "pulp", "", "", "a mark of the product, and no fault"),
    _Q("kraken-oci", "kraken", "through 2023", "manifest-unexpected-answer"),
    _Q("kraken-not-found", "kraken", "2023", "image-not-found"),
    _Q("dragonfly-config-path", "dragonfly", "2.x", "containerd-mirrors-and-config-path-conflict"),
    _Q(
        "nginx-body-size",
        "nginx",
        "default client_max_body_size 1m",
        "push-413-request-entity-too-large",
    ),
    _Q("nginx-head-cache", "nginx", "proxy_cache", "spec-head-get-differ"),
    _Q("nginx-gzip", "nginx", "gzip on", "spec-manifest-compressed"),
)
"""Every row, by product."""
