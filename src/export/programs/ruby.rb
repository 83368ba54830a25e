# A chat completion of Heroku Managed Inference, with Ruby's standard library.
require "json"
require "net/http"
require "uri"

# A variable that is empty counts as not set.
env = ENV.to_h.reject { |_, value| value.empty? }
url, key = %w[INFERENCE_URL INFERENCE_KEY].map do |name|
  env.fetch(name) { abort "#{name} is not set. Set it with: export #{name}=$(heroku config:get #{name} -a example-app)" }
end

payload = PAYLOAD

base = url.delete_suffix("/").delete_suffix("/v1")
uri = URI("#{base}/v1/chat/completions")
headers = { "Authorization" => "Bearer #{key}", "Content-Type" => "application/json" }
response = Net::HTTP.start(uri.hostname, uri.port, use_ssl: uri.scheme == "https", read_timeout: 300) do |http|
  http.post(uri.request_uri, JSON.generate(payload), headers)
end

abort "Request failed: #{response.code}, #{response.body}" unless response.is_a?(Net::HTTPSuccess)
puts JSON.parse(response.body).dig("choices", 0, "message", "content")
