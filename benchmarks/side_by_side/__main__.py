"""Run Waybill inside the harness of the other systems: `python -m benchmarks.side_by_side HARNESS [its options]`.

Written for a harness that passes over the phase "kill the queue" for queues like SQS, which AWS does not lose. Waybill
promises to outlive even that, so the phase is run here.
"""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

from ..rig.places import ROOT

HERE = Path(__file__).resolve().parent
QUIET_SECONDS = 30


def main() -> None:
    """Hand over to the harness, with Waybill among its systems."""
    if len(sys.argv) < 2 or not (Path(sys.argv[1]) / "run_peers.py").is_file():
        sys.exit("usage: python -m benchmarks.side_by_side HARNESS [options]: HARNESS holds run_peers.py")
    os.environ.setdefault("WAYBILL_BIN", str(ROOT / ".venv/bin"))
    sys.path.insert(0, sys.argv[1])
    harness: Any = importlib.import_module("run_peers")
    passed_over = harness.FUNCS["kill_queue"]

    def kill_queue(peer: Any, options: Any) -> Any:
        if peer.name != "waybill":
            return passed_over(peer, options)
        return lose_the_queue(peer, options.kill_n)

    harness.FUNCS["kill_queue"] = kill_queue
    sys.argv = [sys.argv[0], *sys.argv[2:], "--add", str(HERE / "peer.toml")]
    harness.main()


def lose_the_queue(peer: Any, tasks: int) -> dict[str, int]:
    """Waiting tasks, SIGKILL of the queue with all its messages, an empty queue, workers; how many are never done."""
    peer.reset()
    peer.start_api()
    peer.preload(tasks)
    peer.svc.sqs.kill9()
    peer.svc.start_sqs(peer.broker)
    peer.start_worker()
    done = peer.wait_done(tasks, 90, step=0.25, quiet=QUIET_SECONDS)
    return {"tasks": tasks, "completed": done, "never": tasks - done}


if __name__ == "__main__":
    main()
