"""Flags of attestations, as docker buildx reads them."""

from __future__ import annotations

import pytest

from builder.attest.options import DEFAULT, Attestations, AttestError, SbomOptions, parse


def read(*attest: str, provenance: str = "", sbom: str = "", **environ: str) -> Attestations:
    return parse(attest, provenance, sbom, environ)


def test_the_minimal_provenance_is_the_default_and_can_be_switched_off() -> None:
    assert read() == Attestations(DEFAULT)
    assert read(BUILDX_NO_DEFAULT_ATTESTATIONS="1") == Attestations()
    assert read(provenance="false") == Attestations()
    assert read("type=provenance,disabled=true") == Attestations()
    asked = read(provenance="true", BUILDX_NO_DEFAULT_ATTESTATIONS="1").provenance
    assert asked is not None
    assert (asked.mode, asked.version, asked.inline_only) == ("max", "v1", False)


def test_the_shorthand_wins_over_the_long_form() -> None:
    asked = read("type=provenance,mode=max", provenance="mode=min,version=v0.2").provenance
    assert asked is not None
    assert (asked.mode, asked.version) == ("min", "v0.2")
    assert read("type=sbom", sbom="false").sbom is None


def test_a_scanner_has_its_own_parameters_with_their_letters_kept() -> None:
    assert read(sbom="true").sbom == SbomOptions()
    assert read(sbom="generator=me/scan:1,SCAN_stage=a").sbom == SbomOptions(
        "me/scan:1", {"SCAN_stage": "a"}
    )


@pytest.mark.parametrize(
    "text",
    [
        "mode=min",
        "type=other",
        "type=provenance,mode=most",
        "type=provenance,version=v9",
        "type=provenance,colour=red",
        "type=provenance,filename=../x",
        "type=provenance,reproducible=perhaps",
        "type=sbom,generator=No",
        "type=sbom,word",
    ],
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(AttestError, match="--attest"):
        read(text)
