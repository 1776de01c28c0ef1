"""Writes what was measured: all rounds and medians as JSON, the page, the plots."""

import json
import subprocess
from pathlib import Path
from typing import Any

from ..rig.errors import BenchError
from ..rig.places import RESULTS, ROOT, plain_environment
from ..rig.tools import Tell, python_environment
from .readme import write_readme
from .summary import Summary, medians_of
from .table import page

PLOTS = Path(__file__).with_name("plots")


def write_figures(folder: Path, bench: dict[str, Any]) -> None:
    """`bench.json` and `bench.md` in a folder, made if missing; with the results of all, the README's table too."""
    folder.mkdir(parents=True, exist_ok=True)
    medians = medians_of(bench["found"])
    (folder / "bench.json").write_text(json.dumps({**bench, "medians": medians}, indent=1) + "\n")
    (folder / "bench.md").write_text(page(bench, Summary(medians)))
    if folder == RESULTS:
        write_readme(ROOT / "README.md", Summary(medians))


def draw_plots(results: Path, tell: Tell) -> None:
    """The plots of a file of results, beside it. Raises BenchError."""
    python = python_environment("plots", PLOTS / "requirements.lock", tell)
    environment = plain_environment(MPLCONFIGDIR=str(python.parents[1]))
    command = [str(python), str(PLOTS / "draw.py"), str(results), str(results.parent)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"the plots could not be drawn: {done.stderr.strip().splitlines()[-1]}")
