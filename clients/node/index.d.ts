export type PaymentStatus = "created" | "start_unknown" | "pending" | "paid" | "expired" | "cancelled" | "failed";
export type Language = "ky" | "ru" | "en";
export type EventType =
  | "payment.pending"
  | "payment.paid"
  | "payment.paid_late"
  | "payment.expired"
  | "payment.cancelled"
  | "payment.failed"
  | "payment.start_unknown"
  | "case.opened"
  | "case.resolved";

/** A payment as the API shows it. Times are RFC 3339 in UTC, the amount is a decimal string in som. */
export interface Payment {
  id: string;
  status: PaymentStatus;
  amount: string;
  currency: "KGS";
  orderId: string;
  language: Language;
  /** Masked. */
  customerMsisdn: string | null;
  cashierNo: string | null;
  description: string | null;
  metadata: Record<string, string> | null;
  returnUrl: string | null;
  /** Where the customer pays; null until Elsom has given a page. */
  checkoutUrl: string | null;
  elsomTransactionId: string | null;
  statusReason: string | null;
  elsomErrorCode: string | null;
  /** Paid after the payment had ended without money. */
  late: boolean;
  /** Rises with every change: the highest one is the newest. */
  sequence: number;
  createdAt: string;
  updatedAt: string;
  expiresAt: string;
  paidAt: string | null;
  nextCheckAt: string | null;
}

/** Money that matches no open order: a person looks. */
export interface Case {
  id: string;
  kind: string;
  state: "open" | "resolved";
  paymentId: string;
  orderId: string | null;
  evidence: Record<string, unknown> | null;
  openedAt: string;
  resolvedAt: string | null;
  resolvedBy?: string | null;
  note: string | null;
  sequence: number;
}

export interface PaymentEvent {
  /** The same on every delivery. */
  eventId: string;
  sequence: number;
  type: Extract<EventType, `payment.${string}`>;
  occurredAt: string;
  payment: Payment;
}

export interface CaseEvent {
  eventId: string;
  sequence: number;
  type: Extract<EventType, `case.${string}`>;
  occurredAt: string;
  case: Case;
}

export type Event = PaymentEvent | CaseEvent;

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

export interface Settings {
  /** The stack's output ApiUrl; else ELSOM_API_URL. */
  apiUrl?: string;
  /** Else AWS_REGION, else the region in API Gateway's own host name. */
  region?: string;
  /** Or a function that gives them, such as a provider of the AWS SDK; else AWS_ACCESS_KEY_ID and so on. */
  credentials?: Credentials | (() => Promise<Credentials>);
  /** How long one call may take in all, with its repeats: 60. */
  deadlineSeconds?: number;
}

export interface StartRequest {
  /** A decimal string in som: "1500.00". */
  amount: string;
  orderId: string;
  /** The same key always means the same payment. */
  idempotencyKey: string;
  customerMsisdn?: string;
  language?: Language;
  cashierNo?: string;
  description?: string;
  returnUrl?: string;
  metadata?: Record<string, string>;
}

export interface Filter {
  status?: PaymentStatus;
  orderId?: string;
  from?: string;
  to?: string;
  paidFrom?: string;
  paidTo?: string;
  /** At most so many in all. */
  limit?: number;
}

/** One stack's API. Calls repeat themselves on 409 of a running start, 429, 5xx and broken connections. */
export class ElsomPayments {
  constructor(settings?: Settings);
  /** Start a payment. `start_unknown` has no `checkoutUrl`: an event says how it ended. */
  start(request: StartRequest): Promise<Payment>;
  /** The payment as it is stored. */
  get(id: string): Promise<Payment>;
  /** Query Elsom now (at most once in 2 s, six times in 60 s) and return the payment. */
  check(id: string): Promise<Payment>;
  /** All matching payments, newest first; pages are fetched as they are needed. */
  list(filter?: Filter): AsyncGenerator<Payment, void, undefined>;
}

export type WebhookHeaders =
  | Record<string, string | string[] | undefined>
  | { entries(): IterableIterator<[string, string]> };

/** The event, if one of the secrets signed it. `body` is the raw body. Throws WrongSignature, MalformedSecret. */
export function verifyWebhook(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  secrets: Iterable<string>,
): Promise<Event>;

/** The root of all that a call throws because of what came back. */
export class ElsomPaymentsError extends Error {}

export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  instance?: string;
  [more: string]: unknown;
}

/** A problem of the API. `problemName` is the last part of its type. */
export class ApiError extends ElsomPaymentsError {
  constructor(status: number, problem: Problem);
  readonly status: number;
  readonly problemName: string;
  readonly problem: Problem;
  readonly fields: Record<string, string>;
}

/** A field of the request is wrong: `fields` says which, and why. */
export class InvalidRequest extends ApiError {}
/** API Gateway refused the call, or could not reach the service. */
export class GatewayError extends ApiError {}
/** There is no such payment. */
export class NotFound extends ApiError {}
/** The first call with this key still ran when the time was over. */
export class StartInProgress extends ApiError {}
/** The payment is not in a state that allows this. */
export class StateConflict extends ApiError {}
/** The idempotency key belongs to a request with other content. */
export class IdempotencyKeyReused extends ApiError {}
/** Elsom refused the start. A new attempt needs a new key. */
export class ElsomRefused extends ApiError {
  readonly paymentId: string;
  readonly elsomErrorCode: string;
}
/** The API failed in an unforeseen way. */
export class InternalError extends ApiError {}
/** The stack's secret is not filled in. */
export class NotConfigured extends ApiError {}
/** Elsom did not answer, and nothing was sent. */
export class ElsomUnreachable extends ApiError {}
/** The store or the queue did not answer in time. */
export class TryAgain extends ApiError {}
/** No usable answer came in time. */
export class ApiUnreachable extends ElsomPaymentsError {}
/** No secret of yours signed this webhook: answer 401 and do nothing. */
export class WrongSignature extends Error {}
/** One of the secrets you gave is not `whsec_` and base64. */
export class MalformedSecret extends TypeError {}
