"""The README's figures are those of the results in this checkout."""

import json

import pytest

from benchmarks.report.readme import BEGIN, END, readme_table, with_table
from benchmarks.report.summary import Summary
from benchmarks.rig.places import RESULTS, ROOT


def test_the_readme_shows_the_medians_of_the_kept_results():
    kept = json.loads((RESULTS / "bench.json").read_text())
    readme = (ROOT / "README.md").read_text()
    assert readme == with_table(readme, readme_table(Summary(kept["medians"])))


def test_a_page_without_a_place_for_the_figures_is_refused():
    with pytest.raises(ValueError, match="no place for figures"):
        with_table("# Waybill", "| a |")
    assert with_table(f"a {BEGIN} old {END} b", "new") == f"a {BEGIN}\nnew\n{END} b"
