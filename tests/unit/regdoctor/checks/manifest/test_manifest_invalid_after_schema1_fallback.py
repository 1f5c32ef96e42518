"""manifest-invalid-after-schema1-fallback."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.images import output_seen

CODE = "manifest-invalid-after-schema1-fallback"
LINE = (
    '''level=warning msg="failed to upload schema2 manifest: manifest invalid: manifest invalid"'''
)


def test_fires_for_what_the_client_prints() -> None:
    finding = found(output_seen(LINE, "docker"))[CODE]
    assert finding.breaks == ("docker",)
    assert finding.fixes


def test_quiet_for_other_words() -> None:
    assert CODE not in found(output_seen("""manifest invalid: manifest invalid""", "docker"))
