"""Deploys a zip of the processor into MiniStack, from the template that AWS gets: `deploy_function.py TEMPLATE ZIP`."""

import hashlib
import os
import sys
from pathlib import Path

from stacks import client, deploy

BUCKET = "waybill-code"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:waybill-tasks"

template, zipped = map(Path, sys.argv[1:])
code = zipped.read_bytes()
key = f"processor-{hashlib.sha256(code).hexdigest()[:16]}.zip"
s3 = client("s3")
s3.create_bucket(Bucket=BUCKET)
s3.put_object(Bucket=BUCKET, Key=key, Body=code)
parameters = {
    "CodeBucket": BUCKET,
    "CodeKey": key,
    "QueueArn": QUEUE,
    "DatabaseUrl": os.environ["WAYBILL_DATABASE_URL"],
    "MaximumConcurrency": "0",  # MiniStack cannot count with one that comes out of a parameter
    "LogFormat": os.environ["WAYBILL_LOG_FORMAT"],
    "LogLevel": os.environ["WAYBILL_LOG_LEVEL"],
    "WebhookSecret": os.environ["WAYBILL_WEBHOOK_SECRET"],
    "WebhookAllowPrivate": os.environ["WAYBILL_WEBHOOK_ALLOW_PRIVATE"],
}
outputs = deploy("waybill-processor", template.read_text(), parameters)
sys.stdout.write(f"{outputs['FunctionName']} runs {key}\n")
asked = client("lambda").invoke(FunctionName=outputs["FunctionName"], Payload=b'{"Records": [], "waybill": "register"}')
sys.stdout.write(f"asked to register, it answers {asked['Payload'].read().decode()}\n")
