import json

from benchmarks.growth.page import filled
from benchmarks.rig.places import RESULTS, ROOT


def test_the_figures_of_the_capacity_page_are_those_of_the_results():
    page = (ROOT / "docs/capacity.md").read_text()
    assert filled(page, json.loads((RESULTS / "growth.json").read_text())) == page
