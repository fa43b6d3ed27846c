// Receive webhooks of trucewatch with nothing but Node: `WEBHOOK_SECRETS=whsec_… node receiver.mjs 8000`.
// Checks the signature, refuses what is older than five minutes, and drops repeats.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const keys = process.env.WEBHOOK_SECRETS.trim().split(/\s+/).map((s) => Buffer.from(s.replace(/^whsec_/, ""), "base64"));
const TOLERANCE_S = 300;
const MOST_BYTES = 20_000;
const seen = new Set(); // a real receiver keeps the ids where a restart does not lose them

function isGenuine(id, timestamp, signatures, body) {
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_S) return false;
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const given = signatures.split(" ").filter((s) => s.startsWith("v1,")).map((s) => Buffer.from(s.slice(3), "base64"));
  return keys.some((key) => {
    const expected = createHmac("sha256", key).update(content).digest();
    return given.some((one) => one.length === expected.length && timingSafeEqual(one, expected));
  });
}

// Do what is to be done; here: print. Unknown types are to be ignored.
function handle(id, message) {
  console.log(id, message.type);
}

const server = createServer((request, response) => {
  const chunks = [];
  let size = 0;
  request.on("data", (chunk) => {
    size += chunk.length;
    if (size <= MOST_BYTES) chunks.push(chunk);
  });
  request.on("end", () => {
    const body = Buffer.concat(chunks); // the raw bytes: JSON that is parsed and written again has another signature
    const header = (name) => String(request.headers[`webhook-${name}`] ?? "");
    const id = header("id");
    if (size > MOST_BYTES) return response.writeHead(413).end();
    if (!isGenuine(id, header("timestamp"), header("signature"), body)) return response.writeHead(401).end();
    if (!seen.has(id)) {
      try {
        handle(id, JSON.parse(body));
      } catch (error) {
        console.error(id, error);
        return response.writeHead(500).end(); // it comes again
      }
      seen.add(id); // only now
      if (seen.size > 10_000) seen.delete(seen.values().next().value);
    }
    response.writeHead(204).end();
  });
});
server.requestTimeout = 20_000;
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log("listening on", server.address().port));
