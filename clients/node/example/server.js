/**
 * A shop with one thing to buy, with Express: `npm install express`, then `node server.js`.
 *
 * Environment: ELSOM_API_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY as for the client, WEBHOOK_SECRETS
 * (whsec_..., several with commas between), PORT. The stack's ShopWebhookUrl is this server's /webhook.
 */
import { randomBytes } from "node:crypto";

import express from "express";

import { ElsomPayments, ElsomPaymentsError, ElsomRefused, WrongSignature, verifyWebhook } from "elsom-payments-client";

import { Orders } from "./orders.js";

const PRICE = "1500.00";
const api = new ElsomPayments({ deadlineSeconds: 25 });
const orders = new Orders();
const app = express();

app.get("/", (request, response) => {
  // The order has its number before the form is sent: a double click is one order, and one payment.
  const id = `N-${randomBytes(4).toString("hex")}`;
  response.send(page(`<h1>Ak kalpak, felt hat</h1><form method='post' action='/buy'>
    <input type='hidden' name='order' value='${id}'><button>Pay ${PRICE} som with Elsom</button></form>`));
});

app.post("/buy", express.urlencoded({ extended: false }), async (request, response) => {
  const id = String(request.body.order);
  if (!/^N-[0-9a-f]{8}$/.test(id)) return response.status(404).send(page("No such order"));
  const order = orders.add(id, PRICE);
  try {
    const payment = await api.start({ amount: order.amount, orderId: id, idempotencyKey: `order-${id}` });
    if (payment.checkoutUrl) return response.redirect(303, payment.checkoutUrl);
    const text = "Please wait: it is not known yet whether the payment began. Do not pay again.";
    return response.status(202).send(page(text));
  } catch (error) {
    if (error instanceof ElsomRefused) {
      return response.status(422).send(page("Elsom refused the payment. Try another way to pay."));
    }
    if (!(error instanceof ElsomPaymentsError)) throw error;
    // The same form sent again has the same key: it can never be charged twice.
    console.error(`payment ${id}: ${error.message}`);
    return response.status(503).send(page("The payment could not be started. Send the form again."));
  }
});

// The raw body: the signature is about its bytes. Only this makes an order paid, never the customer's return.
app.post("/webhook", express.raw({ type: () => true }), async (request, response) => {
  try {
    const secrets = (process.env.WEBHOOK_SECRETS ?? "").split(",");
    orders.apply(await verifyWebhook(request.body, request.headers, secrets));
    response.status(204).end();
  } catch (error) {
    if (!(error instanceof WrongSignature)) throw error;
    response.status(401).end();
  }
});

app.get("/order", (request, response) => {
  const order = orders.find(String(request.query.id));
  if (!order) return response.status(404).send(page("No such order"));
  const { status, delivered } = order;
  const shown = `<p data-status='${status}' data-delivered='${delivered}'>${status}</p>`;
  response.send(page(`<h1>Order ${order.id}</h1>${shown}`));
});

function page(body) {
  return `<!doctype html><html lang='en'><title>Shop</title><body>${body}</body></html>`;
}

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
