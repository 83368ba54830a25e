#!/usr/bin/env bash
# A chat completion of Heroku Managed Inference, with curl. Where there is jq, the answer alone is printed.
set -euo pipefail

for name in INFERENCE_URL INFERENCE_KEY; do
  if [[ -z ${!name:-} ]]; then
    echo "$name is not set. Set it with: export $name=\$(heroku config:get $name -a example-app)" >&2
    exit 1
  fi
done
url=${INFERENCE_URL%/}

payload() {
  cat <<END
PAYLOAD
END
}

# The key goes to curl through a pipe: arguments show in the list of processes.
response=$(payload | CURL)
status=${response##*$'\n'}
body=${response%$'\n'*}

if [[ $status != 2?? ]]; then
  echo "Request failed: $status, $body" >&2
  exit 1
elif command -v jq >/dev/null; then
  jq --raw-output '.choices[0].message.content' <<<"$body"
else
  printf '%s\n' "$body"
fi
