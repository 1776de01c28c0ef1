"""Runs in the function's Python, where nothing but the unzipped folder is on the path: `probe.py FOLDER EVENTS`.

Prints one JSON object: what the import with the preparing took, then each invocation.
"""

import json
import sys
import time


class Context:
    """What the runtime hands to a function."""

    function_name = "waybill-processor"
    aws_request_id = "8f507cfc-example"

    def get_remaining_time_in_millis(self):
        """A minute, always."""
        return 60_000


def timed(call):
    """Wall and CPU milliseconds of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return {"wall_ms": (time.perf_counter() - wall) * 1000, "cpu_ms": (time.process_time() - cpu) * 1000}


def peak_mb():
    """The most memory so far, in MiB."""
    with open("/proc/self/status") as status:  # ru_maxrss would have the parent's in it
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


sys.path.insert(0, sys.argv[1])
before = len(sys.modules)
init = timed(lambda: __import__("waybill_processor.aws_lambda"))
init.update(modules=len(sys.modules) - before, peak_mb=peak_mb())
handler = sys.modules["waybill_processor.aws_lambda"].handler
with open(sys.argv[2]) as file:
    batches = json.load(file)
done = []
for event in batches:
    answers = []
    figures = timed(lambda event=event, answers=answers: answers.append(handler(event, Context())))
    if answers != [{"batchItemFailures": []}]:
        sys.exit("an invocation handed messages back")
    done.append({"size": len(event["Records"]), **figures})
print(json.dumps({"init": init, "invocations": done, "peak_mb": peak_mb()}))
