"""Verdicts per store: shortcuts must not change what Go would say."""

from __future__ import annotations

import pytest

from regdoctor.checks.derive import derive
from regdoctor.observations.host import IN_IMAGES, HostFiles, OwnTrust, RootsSeen
from regdoctor.observations.store import HOST
from regdoctor.observations.tls import ServedChain
from regdoctor.observations.trust import ChainFacts, ChainVerdicts
from tests.fixtures.ca import CertificateAuthority, Validity, self_signed
from tests.fixtures.scenes import HTTPS, NOW, VALID, chain_seen, found, host_files

ROOT = CertificateAuthority("Example Root CA", validity=VALID, organisation="Example Ltd")
ISSUING = ROOT.intermediate(validity=VALID)
LEAF = ISSUING.issue("registry.example", validity=VALID)
OTHERS = tuple(CertificateAuthority(f"Other {n}", validity=VALID).der for n in range(5))


@pytest.mark.parametrize(
    ("system", "accepted"),
    [
        ((ROOT.der,), True),
        ((ISSUING.der,), True),  # an intermediate in the pool ends the path
        ((LEAF.der,), True),  # so does the leaf itself
        ((), False),
    ],
)
def test_a_large_pool_is_judged_as_a_small_one(system: tuple[bytes, ...], accepted: bool) -> None:
    seen = chain_seen(LEAF, system=(*OTHERS, *system))
    verdicts = seen.get(ChainVerdicts, HTTPS)
    assert verdicts is not None
    assert all(each.accepted is accepted for each in verdicts.verdicts)


def test_a_namesake_in_a_large_pool_is_still_found() -> None:
    namesake = CertificateAuthority("Example Root CA", validity=VALID, organisation="Example Ltd")
    assert "x509-chain-rejected" in found(chain_seen(LEAF, system=(*OTHERS, namesake.der)))


def test_a_root_of_the_same_organisation_is_kin() -> None:
    public = CertificateAuthority("Public Root", validity=VALID, organisation="Public CA Ltd")
    missing = CertificateAuthority("Public Issuing", validity=VALID, organisation="Public CA Ltd")
    leaf = missing.issue("registry.example", validity=VALID)
    verdicts = chain_seen(leaf, system=(*OTHERS, public.der)).get(ChainVerdicts, HTTPS)
    assert verdicts is not None
    assert verdicts.kin


def test_what_lies_beneath_an_expired_leaf_is_judged_at_a_time_when_it_was_valid() -> None:
    expired = ROOT.issue("registry.example", validity=Validity.expired(NOW))
    verdicts = chain_seen(expired, own=[ROOT.der]).get(ChainVerdicts, HTTPS)
    assert verdicts is not None
    docker, own = verdicts.of("docker"), verdicts.of("regdoctor")
    assert docker is not None
    assert own is not None
    assert (docker.reason, docker.beneath_reason) == ("expired", "unknown-authority")
    assert (own.reason, own.beneath_reason) == ("expired", "")


def test_a_client_that_does_not_verify_accepts_anything() -> None:
    files = host_files(
        {"/etc/docker/daemon.json": b'{"insecure-registries": ["registry.example:5000"]}'}
    )
    seen = chain_seen(self_signed("other.example", validity=VALID), files=files)
    verdicts = seen.get(ChainVerdicts, HTTPS)
    assert verdicts is not None
    docker = verdicts.of("docker")
    assert docker is not None
    assert docker.accepted
    assert docker.skipped


def test_a_file_is_named_as_holder_only_where_it_is_known_which_one_it_is() -> None:
    seen = chain_seen(LEAF, own=[ROOT.der])
    first = seen.get(ChainVerdicts, HTTPS)
    assert first is not None
    assert first.holders == ("own-0.pem",)
    seen.add(HTTPS, OwnTrust((ROOT.der, OTHERS[0]), ("a.pem", "b.pem")))
    derive(seen, HTTPS)
    second = seen.get(ChainVerdicts, HTTPS)
    assert second is not None
    assert second.holders == ()


def test_a_certificate_that_does_not_parse_keeps_its_fingerprint_and_says_why() -> None:
    seen = chain_seen(LEAF)
    seen.add(HTTPS, ServedChain("registry.example", (b"junk",), seen_at=NOW.timestamp()))
    derive(seen, HTTPS)
    facts = seen.get(ChainFacts, HTTPS)
    assert facts is not None
    assert facts.certificates[0].unparsed
    assert len(facts.certificates[0].fingerprint) == 64
    assert "x509-chain-rejected" in found(seen)


@pytest.mark.parametrize("image", [(), (ROOT.der,)])
def test_a_client_in_a_container_is_judged_by_the_roots_of_its_image(
    image: tuple[bytes, ...],
) -> None:
    leaf = ROOT.issue("registry.example", validity=VALID)
    seen = chain_seen(leaf, system=(ROOT.der,), asked=("kaniko", "crane"))
    seen.add(HOST, RootsSeen(image, ("image",)), name=IN_IMAGES)
    derive(seen, HTTPS)
    verdicts = seen.get(ChainVerdicts, HTTPS)
    assert verdicts is not None
    inside, outside = verdicts.of("kaniko"), verdicts.of("crane")
    assert inside is not None
    assert inside.accepted is bool(image)
    assert inside.sources == ("its image",)
    assert outside is not None
    assert outside.accepted


def test_nothing_is_said_for_a_builder_whose_roots_are_on_another_host() -> None:
    builder = b'{"Name": "far", "Driver": "remote", "Nodes": []}'
    made = host_files({"/root/.docker/buildx/instances/far": builder})
    judged_by = {"buildkit": "buildx"}
    files = HostFiles(made.files, made.directories, "/root", judged_by=judged_by)
    leaf = ROOT.issue("registry.example", validity=VALID)
    verdicts = chain_seen(leaf, files=files, asked=("buildkit",)).get(ChainVerdicts, HTTPS)
    assert verdicts is not None
    assert verdicts.of("buildkit") is None
    assert verdicts.of("docker") is not None
