// PHP 7.4 itself, compiled to WebAssembly, runs a script once for each line of JSON read. Arguments: the script, and the
// folder of the PHP files that it is given as its own argument.
import { EventEmitter } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";

import { getPHPLoaderModule } from "@php-wasm/node-7-4";
import { PHP, loadPHPRuntime } from "@php-wasm/universal";

const HERE = "/client";

/** A connection of PHP's, which WebAssembly believes to be a web socket, as plain TCP to this machine. */
class Connection extends EventEmitter {
  CONNECTING = 0;
  OPEN = 1;
  CLOSING = 2;
  CLOSED = 3;
  readyState = this.CONNECTING;

  constructor(url) {
    super();
    this.url = url;
    this.tcp = connect(Number(new URL(url).port), "127.0.0.1");
    this.tcp.on("connect", () => this.#become(this.OPEN, "open"));
    this.tcp.on("data", (data) => this.emit("message", data, true));
    this.tcp.on("error", (error) => this.#become(this.CLOSED, "error", error));
    this.tcp.on("close", () => this.#become(this.CLOSED, "close"));
  }

  #become(state, event, ...details) {
    this.readyState = state;
    this.emit(event, ...details);
  }

  send(data) {
    this.tcp.write(Buffer.from(data));
  }

  close() {
    this.readyState = this.CLOSING;
    this.tcp.end();
  }
}

const websocket = {
  url: (_socket, _address, port) => `ws://127.0.0.1:${port}/`,
  subprotocol: null,
  decorator: () => Connection,
};
const [script, folder] = process.argv.slice(2);
const php = new PHP(await loadPHPRuntime(await getPHPLoaderModule(), { websocket }));
php.mkdir(HERE);
for (const name of readdirSync(folder).filter((one) => one.endsWith(".php"))) {
  php.writeFile(`${HERE}/${name}`, readFileSync(`${folder}/${name}`));
}
php.writeFile("/script.php", readFileSync(script));
for await (const line of createInterface({ input: process.stdin })) {
  php.writeFile("/line", `${line}\n`);
  const start = `$argv = ['', '${HERE}']; define('STDIN', fopen('/line', 'r')); require '/script.php';`;
  const done = await php.run({ code: `<?php ${start}` });
  process.stdout.write(done.text);
  process.stderr.write(done.errors);
}
// The runtime keeps timers of its own.
process.exit(0);
