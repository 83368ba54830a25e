"""A chat completion of Heroku Managed Inference, with Python's standard library."""
import json
import os
import sys
import urllib.error
import urllib.request


def required(name):
    return os.environ.get(name) or sys.exit(
        f"{name} is not set. Set it with: export {name}=$(heroku config:get {name} -a example-app)"
    )


url = required("INFERENCE_URL").removesuffix("/").removesuffix("/v1")
key = required("INFERENCE_KEY")

payload = PAYLOAD

request = urllib.request.Request(
    f"{url}/v1/chat/completions",
    data=json.dumps(payload).encode(),
    headers={"Content-Type": "application/json"},
)
# Not sent on to where a redirect may point.
request.add_unredirected_header("Authorization", f"Bearer {key}")

try:
    with urllib.request.urlopen(request, timeout=300) as response:
        completion = json.load(response)
except urllib.error.HTTPError as error:
    sys.exit(f"Request failed: {error.code}, {error.read().decode()}")
print(completion["choices"][0]["message"]["content"])
