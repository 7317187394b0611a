/** Settings, and what Node adds to the conformance list: forms of headers and bodies, providers of credentials. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { inspect } from "node:util";

import * as client from "elsom-payments-client";
import { ElsomPayments, MalformedSecret, WrongSignature, verifyWebhook } from "elsom-payments-client";

const SECRET = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const EVENT = { eventId: "E1", type: "payment.paid", sequence: 1, occurredAt: "2026-11-24T09:00:00.000Z" };
const BODY = JSON.stringify({ ...EVENT, note: "Ысык-Көл" });
const KEYS = { accessKeyId: "AKIAMADEUP", secretAccessKey: "made-up-secret" };

let server, apiUrl, received;

before(async () => {
  server = createServer((request, response) => {
    received = request;
    response.setHeader("Content-Type", "application/json");
    response.end('{"id": "P1", "status": "pending"}');
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  apiUrl = `http://127.0.0.1:${server.address().port}/v1`;
});
after(() => server.close());

function signed(body = BODY) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const key = Buffer.from(SECRET.slice(6), "base64");
  const signature = createHmac("sha256", key).update(`E1.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": "E1", "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
}

test("settings come from the environment", async (t) => {
  const settings = {
    ELSOM_API_URL: `${apiUrl}/`,
    AWS_REGION: "eu-north-1",
    AWS_ACCESS_KEY_ID: "AKIAOFENV",
    AWS_SECRET_ACCESS_KEY: "made-up",
    AWS_SESSION_TOKEN: "token",
  };
  Object.assign(process.env, settings);
  t.after(() => Object.keys(settings).forEach((name) => delete process.env[name]));
  await new ElsomPayments().get("P1");
  assert.match(received.headers.authorization, /Credential=AKIAOFENV\/\d+\/eu-north-1\/execute-api\//);
  assert.equal(received.headers["x-amz-security-token"], "token");
  assert.equal(received.url, "/v1/payments/P1");
});

test("credentials may be a provider, which is called again for each request", async () => {
  let calls = 0;
  const credentials = async () => ({ ...KEYS, sessionToken: `token-${(calls += 1)}` });
  const api = new ElsomPayments({ apiUrl, region: "eu-central-1", credentials });
  await api.get("P1");
  await api.get("P1");
  assert.equal(received.headers["x-amz-security-token"], "token-2");
});

test("the region is in the host name of API Gateway", () => {
  const url = "https://abc123.execute-api.eu-central-1.amazonaws.com/v1";
  assert.doesNotThrow(() => new ElsomPayments({ apiUrl: url, credentials: KEYS }));
});

test("a missing setting is named", async () => {
  assert.throws(() => new ElsomPayments({ credentials: KEYS }), /apiUrl/);
  const api = new ElsomPayments({ apiUrl, region: "x", credentials: { accessKeyId: "a" } });
  await assert.rejects(api.get("P1"), /credentials.secretAccessKey/);
});

test("a dump shows no key", () => {
  const api = new ElsomPayments({ apiUrl, region: "x", credentials: KEYS });
  assert.ok(!inspect(api, { showHidden: true, depth: 9 }).includes("made-up-secret"));
});

test("headers are read in every form that Node has", async () => {
  const plain = signed();
  const many = Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, [value]]));
  for (const headers of [plain, many, new Headers(plain), new Map(Object.entries(plain))]) {
    assert.equal((await verifyWebhook(BODY, headers, [SECRET])).note, "Ысык-Көл");
  }
});

test("a body is a string or bytes; one that was parsed is refused with a hint", async () => {
  for (const body of [BODY, Buffer.from(BODY), new TextEncoder().encode(BODY)]) {
    assert.equal((await verifyWebhook(body, signed(), [SECRET])).eventId, "E1");
  }
  await assert.rejects(verifyWebhook(JSON.parse(BODY), signed(), [SECRET]), /express\.raw/);
});

test("bytes that are no text are a wrong signature", async () => {
  await assert.rejects(verifyWebhook(new Uint8Array([255, 254]), signed(), [SECRET]), WrongSignature);
});

test("a malformed secret is named by its place, and not shown", async () => {
  await assert.rejects(verifyWebhook(BODY, signed(), [SECRET, "whsec_hidden!"]), (error) => {
    assert.ok(error instanceof MalformedSecret);
    assert.ok(!inspect(error).includes("hidden"));
    return error.message === "secret 2 is not whsec_ and base64";
  });
});

test("every class of the types is there", async () => {
  const { readFileSync } = await import("node:fs");
  const types = readFileSync(new URL("../index.d.ts", import.meta.url), "utf8");
  const declared = types.matchAll(/^export (?:class|function) (\w+)/gm);
  assert.deepEqual(Array.from(declared, (one) => one[1]).sort(), Object.keys(client).sort());
});
