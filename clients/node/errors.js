/** The root of all that a call throws because of what came back. */
export class ElsomPaymentsError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * A problem of the API. `problemName` is the last part of its type, `fields` names wrong input.
 *
 * Each type of problem has a class of its own; one that this version does not know is an ApiError.
 */
export class ApiError extends ElsomPaymentsError {
  constructor(status, problem) {
    const problemName = String(problem.type ?? "").split(":").at(-1);
    const reason = problem.detail ?? problem.title ?? problem.message ?? "no reason given";
    const request = problem.instance ? ` (${problem.instance})` : "";
    super([status, problemName, reason].filter(Boolean).join(": ") + request);
    this.status = status;
    this.problemName = problemName;
    this.problem = problem;
    const errors = Array.isArray(problem.errors) ? problem.errors : [];
    this.fields = Object.fromEntries(errors.map((error) => [error?.field, error?.message]));
  }
}

/** A field of the request is wrong: `fields` says which, and why. */
export class InvalidRequest extends ApiError {}
/** API Gateway refused the call, or could not reach the service. */
export class GatewayError extends ApiError {}
/** There is no such payment. */
export class NotFound extends ApiError {}
/** The first call with this key still ran when the time was over: call again with the same key. */
export class StartInProgress extends ApiError {}
/** The payment is not in a state that allows this. */
export class StateConflict extends ApiError {}
/** The idempotency key belongs to a request with other content. */
export class IdempotencyKeyReused extends ApiError {}
/** Elsom refused the start; the payment is stored as failed. A new attempt needs a new key. */
export class ElsomRefused extends ApiError {
  get paymentId() {
    return this.problem.paymentId;
  }
  get elsomErrorCode() {
    return this.problem.elsomErrorCode;
  }
}
/** The API failed in an unforeseen way: call again with the same key. */
export class InternalError extends ApiError {}
/** The stack's secret is not filled in. */
export class NotConfigured extends ApiError {}
/** Elsom did not answer, and nothing was sent: call again with the same key. */
export class ElsomUnreachable extends ApiError {}
/** The store or the queue did not answer in time: call again with the same key. */
export class TryAgain extends ApiError {}

/** No usable answer came in time. A start: call again with the same key. */
export class ApiUnreachable extends ElsomPaymentsError {}
/** No secret of yours signed this webhook: answer 401 and do nothing. */
export class WrongSignature extends Error {
  name = "WrongSignature";
}
/** One of the secrets you gave is not `whsec_` and base64: correct your settings. */
export class MalformedSecret extends TypeError {
  name = "MalformedSecret";
}
