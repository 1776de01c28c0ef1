import subprocess
import sys

import pytest

from benchmarks.ceilings.postgres import accept_sql, filled, ids_sql, work_sql
from benchmarks.rig.errors import BenchError
from benchmarks.rig.places import ROOT


def test_parameters_are_exchanged_with_their_types_kept():
    assert filled("SELECT $1::uuid[], $2, $10::int", {1: "a", 2: "b", 10: "c"}) == "SELECT (a)::uuid[], (b), (c)::int"


def test_a_statement_with_other_parameters_than_we_know_is_refused():
    with pytest.raises(BenchError, match="parameters"):
        filled("SELECT $1, $2", {1: "a"})


def test_the_ceilings_know_the_parameters_of_the_services_statements():
    statements = [accept_sql(ids_sql("0", 10, "0" * 20), 10), *work_sql(ids_sql("0", 10, "0" * 20), 10)]
    assert not any("$" in statement for statement in statements)


@pytest.mark.parametrize("how", ["without_database", "bare"])
def test_what_the_http_ceilings_exchange_is_there_in_the_service(how):
    code = f"from benchmarks.ceilings import server; server.{how}()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
