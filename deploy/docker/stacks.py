"""A CloudFormation stack, made or changed, and waited for: what the containers of the Docker form deploy with.

Runs on what MiniStack's image has, which is botocore and no Waybill.
"""

import os
from typing import Any

from botocore.exceptions import ClientError, WaiterError
from botocore.session import get_session

REGION = "us-east-1"
POLL = {"Delay": 1, "MaxAttempts": 120}


def client(service: str) -> Any:
    """A client of the endpoint in AWS_ENDPOINT_URL."""
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return get_session().create_client(service, endpoint_url=endpoint, region_name=REGION, **keys)


def deploy(stack: str, template: str, parameters: dict[str, str]) -> dict[str, str]:
    """Make the stack, or bring it to this template; its outputs. Ends the program with one line if it fails."""
    cloudformation = client("cloudformation")
    wanted = {
        "StackName": stack,
        "TemplateBody": template,
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        "Capabilities": ["CAPABILITY_IAM"],
    }
    try:
        make_or_change(cloudformation, wanted)
        described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    except (ClientError, WaiterError) as error:
        raise SystemExit(f"stack {stack} was not deployed: {error}") from None
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def make_or_change(cloudformation: Any, wanted: dict[str, Any]) -> None:
    """Wait until the stack is there, as wanted."""
    try:
        cloudformation.create_stack(**wanted)
        done = "stack_create_complete"
    except cloudformation.exceptions.AlreadyExistsException:
        try:
            cloudformation.update_stack(**wanted)
        except ClientError as error:
            if "No updates" in str(error):
                return
            raise
        done = "stack_update_complete"
    cloudformation.get_waiter(done).wait(StackName=wanted["StackName"], WaiterConfig=POLL)
