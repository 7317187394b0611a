// What a shop writes has to be accepted by the compiler, and what is wrong refused.
import { ElsomPayments, ElsomRefused, verifyWebhook, type Payment } from "elsom-payments-client";

const api = new ElsomPayments({ apiUrl: "https://x/v1", region: "eu-central-1", deadlineSeconds: 25 });
new ElsomPayments({ credentials: async () => ({ accessKeyId: "a", secretAccessKey: "b" }) });
new ElsomPayments();

export async function pay(headers: Record<string, string | string[] | undefined>): Promise<string | null> {
  const payment: Payment = await api.start({ amount: "1500.00", orderId: "A-1001", idempotencyKey: "order-A-1001" });
  for await (const one of api.list({ status: "paid", limit: 5 })) one.amount.padStart(3);
  const event = await verifyWebhook("{}", headers, ["whsec_x"]);
  await verifyWebhook(new Uint8Array(), new Headers(), new Set(["whsec_x"]));
  if (event.type === "payment.paid") return event.payment.checkoutUrl;
  if (event.type === "case.opened") return event.case.kind;
  try {
    await api.check(payment.id);
  } catch (error) {
    if (error instanceof ElsomRefused) return error.elsomErrorCode + error.status + error.fields["amount"];
  }

  // @ts-expect-error an amount is never a number
  await api.start({ amount: 1500, orderId: "A-1001", idempotencyKey: "k" });
  // @ts-expect-error the key is required
  await api.start({ amount: "1500.00", orderId: "A-1001" });
  // @ts-expect-error there is no such field
  await api.start({ amount: "1500.00", orderId: "A-1001", idempotencyKey: "k", colour: "red" });
  // @ts-expect-error there is no such status
  api.list({ status: "gone" });
  // @ts-expect-error a parsed body is not what was signed
  await verifyWebhook({ eventId: "E1" }, headers, []);
  return null;
}
