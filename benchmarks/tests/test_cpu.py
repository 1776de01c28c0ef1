import os
import subprocess
import sys
import time

import pytest

from benchmarks.rig.cpu import Stat, cpu_of, cpu_seconds, parse_stat, pss_mb, tree_of

TICKS = os.sysconf("SC_CLK_TCK")
BURN = "import time\nwhile time.process_time() < 0.3: pass"


def test_a_stat_line_is_read_although_the_program_has_brackets_and_blanks_in_its_name():
    line = f"7 (odd) (name) S 3 7 7 0 -1 4194304 1 2 3 4 {5 * TICKS} {1 * TICKS} {2 * TICKS} {TICKS} 20 0 1 0"
    assert parse_stat(line) == Stat(parent=3, own_seconds=6.0, waited_seconds=3.0)


def test_a_tree_has_all_descendants_and_nobody_else():
    assert sorted(tree_of(2, {1: 0, 2: 1, 3: 2, 4: 3, 5: 1, 6: 5})) == [2, 3, 4]


def test_cpu_counts_the_living_and_the_dead_that_were_waited_for_each_once():
    table = {1: Stat(0, 100.0, 100.0), 2: Stat(1, 1.0, 4.0), 3: Stat(2, 2.0, 0.0), 4: Stat(1, 8.0, 0.0)}
    assert cpu_of([2], table) == 7.0
    assert cpu_of([2, 3], table) == 7.0
    assert cpu_of([2, 4], table) == 15.0
    assert cpu_of([9], table) == 0.0


def test_the_cpu_of_a_child_that_has_ended_stays_with_the_process_that_waited_for_it():
    parent = (
        f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}])\nprint('done', flush=True)\ninput()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "done\n"
        used = cpu_seconds(process.pid)
        memory = pss_mb(process.pid)
        process.communicate("\n")
    assert 0.25 < used < 2.0
    assert memory > 1


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_our_own_cpu_is_about_what_the_clock_of_the_process_says():
    assert cpu_seconds(os.getpid()) >= time.process_time() - 0.05
