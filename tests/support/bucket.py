"""A server that speaks S3 and checks who asks, for the tests: one bucket, and one user who may use it.

Says one line of JSON: where it listens, and the user's key. Then it answers one line for each that it reads: `names
PREFIX`, `read NAME` (as hexadecimal digits) and `write NAME DIGITS`. It ends when its standard input does.
"""

import json
import os
import sys

# What the first requests, which make the user and the bucket, may do unasked.
MADE_UNASKED = 4
os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = str(MADE_UNASKED)
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"

import boto3  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

BUCKET = "anteroom-test"
ALLOWED = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": f"arn:aws:s3:::{BUCKET}"},
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
            "Resource": f"arn:aws:s3:::{BUCKET}/*",
        },
    ],
}

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f"http://{host}:{port}"


def client(service, key_id="nobody", key="nothing"):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=key,
    )


iam = client("iam")
iam.create_user(UserName="anteroom")
made = iam.create_access_key(UserName="anteroom")["AccessKey"]
iam.put_user_policy(UserName="anteroom", PolicyName="files", PolicyDocument=json.dumps(ALLOWED))
client("s3").create_bucket(Bucket=BUCKET)
key_id, key = made["AccessKeyId"], made["SecretAccessKey"]
files = client("s3", key_id, key)
print(json.dumps({"url": url, "bucket": BUCKET, "id": key_id, "key": key}), flush=True)

for line in sys.stdin:
    match line.split():
        case ["names", prefix]:
            listed = files.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
            answer = [found["Key"] for found in listed]
        case ["read", name]:
            answer = files.get_object(Bucket=BUCKET, Key=name)["Body"].read().hex()
        case ["write", name, digits]:
            files.put_object(Bucket=BUCKET, Key=name, Body=bytes.fromhex(digits))
            answer = "written"
        case other:
            raise SystemExit(f"not understood: {other}")
    print(json.dumps(answer), flush=True)
os._exit(0)
