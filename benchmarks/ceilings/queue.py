"""The queue endpoint alone, asked by wrk in tens, as fast as it answers."""

import json
import urllib.request
from collections.abc import Mapping

from waybill_dev.ministack.sqs import call, fetch_json

from ..measure.sizes import Sizes
from ..rig.errors import BenchError
from ..rig.queues import FAUXQS_FOLDER, Fauxqs
from ..rig.summary import median
from ..rig.tools import node_package
from ..rig.wrk import run_script
from ..systems.system import Bench

CONNECTIONS = 8
_BATCH = 10
_WORK_SECONDS = 2.0
_BODY = "x" * 360
"""As long as a message of ours."""

_HEAD = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
wrk.headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request"
local function ask(action, body) return wrk.format(nil, "/", {
  ["X-Amz-Target"] = "AmazonSQS." .. action, ["Content-Type"] = wrk.headers["Content-Type"],
  ["Authorization"] = wrk.headers["Authorization"], ["Host"] = wrk.headers["Host"] }, body) end
"""
# What was received is deleted by the next request; which connection sends that does not matter.
_WORK = """
local waiting = {}
local receive
function request()
  receive = receive or ask("ReceiveMessage", RECEIVE)
  return table.remove(waiting) or receive
end
function response(status, headers, body)
  local entries = {}
  for handle in body:gmatch('"ReceiptHandle":"(.-)"') do
    entries[#entries + 1] = string.format('{"Id":"%d","ReceiptHandle":"%s"}', #entries, handle)
  end
  if #entries > 0 then
    waiting[#waiting + 1] = ask("DeleteMessageBatch", DELETE .. table.concat(entries, ",") .. "]}")
  end
end
"""


async def measure_queue(bench: Bench, sizes: Sizes) -> Mapping[str, object]:
    """Messages per second, sent and (received and deleted), and the endpoint's CPU milliseconds for each."""
    passes = [await _worked(bench, sizes.drained_tasks) for _ in range(max(1, round(sizes.ceiling_seconds)))]
    with _endpoint(bench) as queue:
        used = queue.cpu_seconds()
        await run_script(queue.endpoint, _send(queue.queue_url), bench.folder, CONNECTIONS, sizes.ceiling_seconds)
        sent, used = _visible(queue), queue.cpu_seconds() - used
    return {
        "send_per_second": sent / sizes.ceiling_seconds,
        "send_cpu_ms": used * 1000 / max(1, sent),
        "work_per_second": median([per_second for per_second, _ in passes]),
        "work_cpu_ms": median([cpu_ms for _, cpu_ms in passes]),
    }


def _endpoint(bench: Bench) -> Fauxqs:
    return Fauxqs(bench.folder, node_package("fauxqs", FAUXQS_FOLDER, bench.tell))


async def _worked(bench: Bench, messages: int) -> tuple[float, float]:
    """Messages per second and CPU milliseconds each, from the first request that receives to the last that deletes."""
    with _endpoint(bench) as queue:
        entries = [{"Id": str(number), "MessageBody": _BODY} for number in range(_BATCH)]
        for _ in range(messages // _BATCH):
            call(queue.endpoint, "SendMessageBatch", {"QueueUrl": queue.queue_url, "Entries": entries})
        await run_script(queue.endpoint, _work(queue.queue_url), bench.folder, CONNECTIONS, _WORK_SECONDS)
        if left := _visible(queue):
            raise BenchError(f"the queue endpoint still holds {left} of {messages} messages after {_WORK_SECONDS:g} s")
        times = fetch_json(urllib.request.Request(f"{queue.endpoint}/_bench/work"))
    took_ms, used_ms = (ended - began for began, ended in zip(times["began"], times["ended"], strict=True))
    return messages * 1000 / took_ms, used_ms / messages


def _visible(queue: Fauxqs) -> int:
    name = "ApproximateNumberOfMessages"
    wanted = {"QueueUrl": queue.queue_url, "AttributeNames": [name]}
    return int(call(queue.endpoint, "GetQueueAttributes", wanted)["Attributes"][name])


def _send(queue_url: str) -> str:
    entries = [{"Id": str(number), "MessageBody": _BODY} for number in range(_BATCH)]
    body = json.dumps({"QueueUrl": queue_url, "Entries": entries})
    return f"""{_HEAD}
local send
function request()
  send = send or ask("SendMessageBatch", [==[{body}]==])
  return send
end
"""


def _work(queue_url: str) -> str:
    receive = json.dumps({"QueueUrl": queue_url, "MaxNumberOfMessages": _BATCH, "WaitTimeSeconds": 0})
    delete = json.dumps({"QueueUrl": queue_url})[:-1] + ', "Entries": ['
    return f"{_HEAD}\nlocal RECEIVE = [==[{receive}]==]\nlocal DELETE = [==[{delete}]==]\n{_WORK}"
