"""docs/stations.md says of each module what it does here and now."""

import pytest

from tests import modules_table
from tests.modules_table import MODULES, committed


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_the_table_says_what_the_module_does(module):
    assert modules_table.columns([module])[module] == committed()[module]


def test_the_table_has_a_column_for_each_module_and_no_empty_cell():
    assert list(committed()) == list(MODULES)
    assert [cell for column in committed().values() for cell in column.values() if not cell] == []
