"""schema1-unsupported-by-ggcr."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.images import output_seen

CODE = "schema1-unsupported-by-ggcr"
TYPE = "application/vnd.docker.distribution.manifest.v1+prettyjws"
LINE = f'reading image: unsupported MediaType: "{TYPE}", see'


def test_fires_for_what_the_client_prints() -> None:
    finding = found(output_seen(LINE, "crane"))[CODE]
    assert finding.breaks == ("crane",)
    assert finding.fixes


def test_quiet_for_other_words() -> None:
    assert CODE not in found(
        output_seen('''unsupported MediaType: "application/vnd.oci.image.layer.v1.tar"''', "crane")
    )
