// A chat completion of Heroku Managed Inference, with the fetch of Node.js 18 or newer.
const [url, key] = ["INFERENCE_URL", "INFERENCE_KEY"].map((name) => {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set. Set it with: export ${name}=$(heroku config:get ${name} -a example-app)`);
    process.exit(1);
  }
  return value;
});

const payload = PAYLOAD;

async function main() {
  const response = await fetch(`${url.replace(/(\/v1)?\/?$/, "")}/v1/chat/completions`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify(payload),
  });
  if (!response.ok) {
    console.error(`Request failed: ${response.status}, ${await response.text()}`);
    process.exitCode = 1;
    return;
  }
  const completion = await response.json();
  console.log(completion.choices[0].message.content);
}

main();
