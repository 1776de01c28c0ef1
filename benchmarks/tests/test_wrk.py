import pytest

from benchmarks.rig.errors import BenchError
from benchmarks.rig.wrk import WrkReport, parse_report, post_script

REPORT = """Running 10s test @ http://127.0.0.1:18991/tasks
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     4.94ms    6.92ms  52.66ms   94.73%
    Req/Sec     8.81k     1.56k   11.02k    76.00%
  Latency Distribution
     50%  980.00us
     75%    4.01ms
     90%    7.21ms
     99%    1.02s
  43859 requests in 10.00s, 27.69MB read
{extra}Requests/sec:   4385.40
Transfer/sec:      2.77MB
"""


def test_a_report_is_read_in_ms_whatever_unit_wrk_chose():
    assert parse_report(REPORT.format(extra="")) == WrkReport(43859, 4385.4, 0.98, 1020.0, 0)


def test_refused_answers_and_broken_connections_are_errors():
    extra = "  Socket errors: connect 1, read 2, write 3, timeout 4\n  Non-2xx or 3xx responses: 50\n"
    assert parse_report(REPORT.format(extra=extra)).errors == 60


def test_what_is_no_report_is_said_to_be_none():
    with pytest.raises(BenchError, match="unable to connect"):
        parse_report("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_the_script_posts_json_that_lua_reads_as_it_is():
    assert 'wrk.body = [==[{"title": "a \\"b\\""}]==]' in post_script({"title": 'a "b"'})
