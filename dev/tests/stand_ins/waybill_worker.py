"""Stands in for waybill-worker: says that it has started, and shows its settings."""

import os
import time

print("worker.started", os.environ["WAYBILL_QUEUE_URL"], "AWS_PROFILE" in os.environ, flush=True)
while True:
    time.sleep(60)
