// One call of the Node client for each line of JSON read; one line of JSON written for each.
// Argument: the client's folder.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { ElsomPayments, verifyWebhook } = await import(pathToFileURL(`${process.argv[2]}/index.js`));
const { now } = Date;

/** Make the call that a line describes. */
async function called({ call, client, arguments: given }) {
  if (call === "verifyWebhook") {
    if (given.now) Date.now = () => given.now * 1000;
    try {
      return await verifyWebhook(given.body, given.headers, given.secrets);
    } finally {
      Date.now = now;
    }
  }
  const { accessKeyId, secretAccessKey, sessionToken, ...settings } = client;
  const api = new ElsomPayments({ ...settings, credentials: { accessKeyId, secretAccessKey, sessionToken } });
  if (call === "list") {
    const found = [];
    for await (const payment of api.list(given)) found.push(payment);
    return found;
  }
  return call === "start" ? api.start(given) : api[call](given.id);
}

function raised(error) {
  const { status, problemName, fields, paymentId, elsomErrorCode } = error;
  const kind = error.constructor.name;
  return { class: kind, text: error.message, status, name: problemName, fields, paymentId, elsomErrorCode };
}

for await (const line of createInterface({ input: process.stdin })) {
  let result;
  try {
    result = { returned: await called(JSON.parse(line)) };
  } catch (error) {
    result = { raised: raised(error) };
  }
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
