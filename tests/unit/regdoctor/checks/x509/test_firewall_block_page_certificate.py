"""firewall-block-page-certificate: the wrong name, and a box's own."""

from __future__ import annotations

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, chain_seen, found

CODE = "firewall-block-page-certificate"
BOX = CertificateAuthority("support", organisation="Fortinet", validity=VALID)
SERIAL = "FG3K6C3A15800021"


@pytest.mark.parametrize("san", [True, False])
def test_fires_on_the_serial_number_of_a_box(san: bool) -> None:
    leaf = CertificateAuthority("Example Root CA", validity=VALID).issue(
        SERIAL, san=san, validity=VALID
    )
    codes = found(chain_seen(leaf, host="registry-1.docker.io"))
    assert set(codes) == {CODE}
    assert f"FortiGate ({SERIAL})" in codes[CODE].title
    assert codes[CODE].confidence == "certain"


def test_fires_on_the_name_of_the_maker() -> None:
    leaf = BOX.issue("block.corp.example", validity=VALID, send_root=True)
    codes = found(chain_seen(leaf, host="ghcr.io"))
    assert set(codes) == {CODE}
    assert "does not help" in codes[CODE].fixes[0].title


def test_quiet_where_the_box_shows_the_right_name() -> None:
    leaf = BOX.issue("ghcr.io", validity=VALID, send_root=True)
    assert set(found(chain_seen(leaf, host="ghcr.io"))) == {"x509-tls-interception-proxy"}


def test_quiet_for_another_site_of_the_same_server() -> None:
    root = CertificateAuthority("Example Root CA", validity=VALID)
    leaf = root.issue("fgaming.example", validity=VALID)
    codes = found(chain_seen(leaf, system=[root.der]))
    assert set(codes) == {"x509-hostname-mismatch"}
