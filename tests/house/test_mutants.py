"""Every mutant applies to the sources as they stand, and its tests are there."""

from __future__ import annotations

import pytest

from tests.mutants import MUTANTS, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_text_that_a_mutant_replaces_stands_in_its_file_once(mutant: Mutant):
    for name, old, _new in mutant.edits:
        assert (ROOT / name).read_text().count(old) == 1, f"{old!r} in {name}"
    for name in mutant.tests:
        assert (ROOT / name.partition("::")[0]).exists(), name
