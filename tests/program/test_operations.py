"""What docs/operations.md has for operators: systemd takes the units, the image has what the shop needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shop_app.core.settings import ROOT
from tests import releases
from tests.conftest import skip_or_fail

DOCUMENT = (ROOT / "docs" / "operations.md").read_text()
UNITS = dict(re.findall(r"^`([\w-]+@\.\w+)`[^\n]*(?:\n[^\n]+)*\n\n```ini\n(.*?)^```$", DOCUMENT, re.S | re.M))


def test_the_units_are_all_there():
    assert set(UNITS) == {"shop@.service", "shop-work@.service", "shop-backup@.service", "shop-backup@.timer"}


@pytest.mark.parametrize("name", sorted(UNITS))
def test_systemd_takes_the_units(tmp_path: Path, name: str):
    program = shutil.which("systemd-analyze")
    if program is None:
        skip_or_fail("systemd", "SYSTEMD TESTS SKIPPED: systemd-analyze isn't installed")
        return
    for unit, text in UNITS.items():
        # Programs are looked for, and a release lies elsewhere here.
        text = text.replace("/srv/shop/%i/.venv/bin/python", sys.executable)
        (tmp_path / unit.replace("@", "@3000")).write_text(text)
    done = subprocess.run(
        [program, "verify", "--man=no", tmp_path / name.replace("@", "@3000")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = [line for line in done.stderr.splitlines() if "shop" in line]
    assert (done.returncode, said) == (0, [])


def test_the_image_is_made_of_what_a_release_is_made_of():
    (recipe,) = re.findall(r"^```dockerfile\n(.*?)^```$", DOCUMENT, re.S | re.M)
    copied = {
        word for line in re.findall(r"^COPY (?!--from)(.*) \S+$", recipe, re.M) for word in line.split()
    }
    there = {name for name in releases.CODE if (ROOT / name).exists()}
    assert copied == there | {"requirements.txt"}
