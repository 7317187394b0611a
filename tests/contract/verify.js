// A shop's receiver in JavaScript: reads {secret, body, headers} and says what the official library makes of it.
const { Webhook } = require("standardwebhooks");

const given = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
try {
  const event = new Webhook(given.secret).verify(given.body, given.headers);
  process.stdout.write(JSON.stringify({ event }));
} catch (error) {
  process.stdout.write(JSON.stringify({ refused: error.constructor.name }));
}
