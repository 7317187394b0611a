/**
 * Client of the Elsom Payments API for shops.
 *
 *     const api = new ElsomPayments();
 *     const payment = await api.start({ amount: "1500.00", orderId: "A-1001", idempotencyKey: "order-A-1001" });
 *     response.redirect(payment.checkoutUrl);
 */
import { setTimeout as sleep } from "node:timers/promises";

import { AwsV4Signer } from "aws4fetch";

import * as errors from "./errors.js";

export * from "./errors.js";
export { verifyWebhook } from "./webhooks.js";

// The API answers within 29 seconds, also when Elsom hangs.
const ANSWER_MS = 35_000;
const LONGEST_PAUSE_MS = 20_000;
const PAGE = 100;
const PROBLEMS = new Map([
  ["invalid-request", errors.InvalidRequest],
  ["gateway", errors.GatewayError],
  ["not-found", errors.NotFound],
  ["start-in-progress", errors.StartInProgress],
  ["conflict", errors.StateConflict],
  ["idempotency-key-reused", errors.IdempotencyKeyReused],
  ["elsom-refused", errors.ElsomRefused],
  ["internal", errors.InternalError],
  ["not-configured", errors.NotConfigured],
  ["elsom-unreachable", errors.ElsomUnreachable],
  ["try-again", errors.TryAgain],
]);

/** One stack's API. */
export class ElsomPayments {
  #url;
  #region;
  #credentials;
  #deadlineMs;

  /**
   * What is not given comes from the environment: ELSOM_API_URL, AWS_REGION, AWS_ACCESS_KEY_ID,
   * AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. `credentials` may be a function, such as a provider of
   * the AWS SDK. `deadlineSeconds`: how long one call may take in all, with its repeats.
   */
  constructor({ apiUrl, region, credentials, deadlineSeconds = 60 } = {}) {
    this.#url = required("apiUrl", apiUrl ?? process.env.ELSOM_API_URL).replace(/\/+$/, "");
    this.#region = required("region", region ?? process.env.AWS_REGION ?? regionOf(this.#url));
    this.#credentials = credentials ?? credentialsOfEnvironment();
    this.#deadlineMs = deadlineSeconds * 1000;
  }

  /**
   * Start a payment; the same key always means the same payment, however often called.
   *
   * The other fields are those of the API's request, such as `returnUrl`. The answer may be
   * `start_unknown`, without a `checkoutUrl`: an event says how it ended.
   */
  async start({ amount, orderId, idempotencyKey, ...more }) {
    if (typeof amount !== "string") {
      throw new TypeError('amount is a decimal string such as "1500.00", never a number');
    }
    if (typeof idempotencyKey !== "string" || !/^[\x20-\x7e]{1,255}$/.test(idempotencyKey)) {
      throw new TypeError("idempotencyKey is 1 to 255 printable ASCII characters");
    }
    const body = JSON.stringify({ amount, orderId, ...more });
    return this.#call("POST", "/payments", body, { "Idempotency-Key": idempotencyKey });
  }

  /** The payment as it is stored. */
  async get(id) {
    return this.#call("GET", pathOf(id));
  }

  /** Query Elsom now (at most once in 2 s, six times in 60 s) and return the payment. */
  async check(id) {
    return this.#call("POST", `${pathOf(id)}/check`);
  }

  /** All matching payments, newest first, at most `limit`; pages are fetched as they are needed. */
  async *list({ limit = Infinity, ...filter } = {}) {
    const given = Object.entries(filter).filter(([, value]) => value !== undefined && value !== null);
    const query = new Map(given);
    for (let left = limit; left > 0; ) {
      query.set("limit", Math.min(left, PAGE));
      // A signature is made over %20: a blank that is sent as + is refused.
      const pairs = [...query].map((pair) => pair.map((part) => encodeURIComponent(String(part))).join("="));
      const page = await this.#call("GET", `/payments?${pairs.join("&")}`);
      yield* page.items;
      query.set("cursor", page.nextCursor);
      left = page.nextCursor === null ? 0 : left - page.items.length;
    }
  }

  /** Call, and repeat what may be repeated until the deadline: 409 of a running start, 429, 5xx, no answer. */
  async #call(method, path, body, headers) {
    const until = performance.now() + this.#deadlineMs;
    for (let attempt = 0; ; attempt += 1) {
      const { answer, error, mayRepeat, retryAfter } = await this.#send(method, path, body, headers, until);
      if (answer) return answer;
      const ownPause = Math.min(1000 * 2 ** attempt, LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);
      const pause = retryAfter === undefined ? ownPause : Math.max(1000, retryAfter);
      if (!mayRepeat || performance.now() + pause >= until) throw error;
      await sleep(pause);
    }
  }

  /** One signed request: the answer's object, or the error and whether the same call may succeed later. */
  async #send(method, path, body, headers, until) {
    const keys = await this.#keys();
    const request = new AwsV4Signer({
      method,
      url: this.#url + path,
      headers: { "Content-Type": "application/json", ...headers },
      body,
      service: "execute-api",
      region: this.#region,
      ...keys,
    });
    const { url, headers: signed } = await request.sign();
    let response, text;
    try {
      const signal = AbortSignal.timeout(Math.ceil(Math.max(1, Math.min(ANSWER_MS, until - performance.now()))));
      response = await fetch(url, { method, headers: signed, body, redirect: "manual", signal });
      text = await response.text();
    } catch (error) {
      return { error: new errors.ApiUnreachable(`no answer: ${error.cause?.code ?? error.name}`), mayRepeat: true };
    }
    const answer = objectOf(text);
    if (response.ok && answer) return { answer };
    if (response.ok) return { error: new errors.ApiUnreachable(`${response.status}, but no JSON`), mayRepeat: true };
    const problem = answer ?? {};
    const Problem = PROBLEMS.get(String(problem.type ?? "").split(":").at(-1)) ?? errors.ApiError;
    const error = new Problem(response.status, problem);
    const mayRepeat = response.status === 429 || response.status >= 500 || error.problemName === "start-in-progress";
    return { error, mayRepeat, retryAfter: millisecondsOf(response.headers.get("retry-after")) };
  }

  async #keys() {
    const given = typeof this.#credentials === "function" ? await this.#credentials() : this.#credentials;
    return {
      accessKeyId: required("credentials.accessKeyId", given.accessKeyId),
      secretAccessKey: required("credentials.secretAccessKey", given.secretAccessKey),
      sessionToken: given.sessionToken,
    };
  }
}

function credentialsOfEnvironment() {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  return { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY, sessionToken: AWS_SESSION_TOKEN };
}

function required(name, value) {
  if (typeof value !== "string" || value === "") {
    throw new TypeError(`the setting ${name} is missing: pass it, or set it in the environment`);
  }
  return value;
}

function pathOf(id) {
  if (typeof id !== "string" || !/^[0-9A-Za-z]+$/.test(id)) {
    throw new TypeError("the id of a payment is letters and digits");
  }
  return `/payments/${id}`;
}

function objectOf(text) {
  try {
    const found = JSON.parse(text);
    return found !== null && typeof found === "object" ? found : undefined;
  } catch {
    return undefined;
  }
}

/** What `Retry-After` says, in seconds or as a date. */
function millisecondsOf(retryAfter) {
  if (/^\s*[0-9]+\s*$/.test(retryAfter ?? "")) return Number(retryAfter) * 1000;
  const date = Date.parse(retryAfter ?? "");
  return Number.isNaN(date) ? undefined : date - Date.now();
}

/** The region in API Gateway's own host name. */
function regionOf(url) {
  const parts = new URL(url).hostname.split(".");
  return parts.length > 3 && parts[1] === "execute-api" ? parts[2] : "us-east-1";
}
