import { Webhook, WebhookVerificationError } from "standardwebhooks";

import { MalformedSecret, WrongSignature } from "./errors.js";

const TIMESTAMP = /^[0-9]{1,12}$/;
const SIGNATURE = /^v1,[A-Za-z0-9+/]{43}=$/;
const SECRET = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/;
// One signature for each of the sender's secrets; whoever sends more is not the sender.
const LONGEST_HEADER = 4096;

/**
 * The event of a webhook whose signature (Standard Webhooks) one of the secrets made.
 *
 * `body` is the raw body, before any JSON parser saw it. Throws WrongSignature, whatever a request
 * holds; MalformedSecret is about `secrets` alone.
 */
export async function verifyWebhook(body, headers, secrets) {
  if (typeof body !== "string" && !(body instanceof Uint8Array)) {
    throw new TypeError("the body must be the raw body, a string or bytes: in Express use express.raw()");
  }
  const keys = Array.from(secrets, keyOf);
  const signed = signedHeaders(headers);
  const text = typeof body === "string" ? body : Buffer.from(body).toString();
  for (const key of keys) {
    try {
      key.verify(text, signed, { jsonParse: false });
    } catch (error) {
      if (error instanceof WebhookVerificationError) continue;
      throw error;
    }
    return eventOf(text);
  }
  throw new WrongSignature("the webhook's signature matches no secret");
}

function keyOf(secret, position) {
  const [, base64] = (typeof secret === "string" && SECRET.exec(secret)) || [];
  const bytes = Buffer.from(base64 ?? "", "base64");
  if (bytes.length === 0) {
    // What the secret holds never enters the error.
    throw new MalformedSecret(`secret ${position + 1} is not whsec_ and base64`);
  }
  return new Webhook(new Uint8Array(bytes), { format: "raw" });
}

/** The three headers that the signature is about, with the signatures that can be one. */
function signedHeaders(headers) {
  const pairs = typeof headers?.entries === "function" ? [...headers.entries()] : Object.entries(headers ?? {});
  const found = {};
  for (const [name, value] of pairs) {
    const one = Array.isArray(value) ? value[0] : value;
    if (typeof one === "string" && one.length <= LONGEST_HEADER) found[String(name).toLowerCase()] = one;
  }
  const signatures = (found["webhook-signature"] ?? "").split(" ").filter((one) => SIGNATURE.test(one));
  const signed = {
    "webhook-id": found["webhook-id"] ?? "",
    "webhook-timestamp": found["webhook-timestamp"] ?? "",
    "webhook-signature": signatures.join(" "),
  };
  if (!Object.values(signed).every(Boolean) || !TIMESTAMP.test(signed["webhook-timestamp"])) {
    throw new WrongSignature("the webhook's headers are missing or malformed");
  }
  return signed;
}

function eventOf(text) {
  let event;
  try {
    event = JSON.parse(text);
  } catch {
    event = undefined;
  }
  const isEvent = event && typeof event === "object" && Number.isSafeInteger(event.sequence);
  if (!isEvent || ![event.eventId, event.type, event.occurredAt].every((one) => typeof one === "string")) {
    throw new WrongSignature("the webhook is signed, but it is not an event");
  }
  return event;
}
