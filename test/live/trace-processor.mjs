// Perfetto's trace processor, the one inside ui.perfetto.dev, asked about a trace:
//   node trace-processor.mjs FOLDER TRACE < questions   (FOLDER as .ci/trace-processor.mjs unpacked it)
// Standard input has a JSON array of SQL queries; standard output gets an array of their answers, each an array of rows.
// Integers are strings: times do not fit into numbers. A process of its own, because the engine's code is a web worker's
// and takes the globals of one.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { runInThisContext } from "node:vm";

const [folder = "", trace = ""] = process.argv.slice(2);

/** @returns {{ initialize(port: MessagePort): void }} what the worker's code makes of a WebAssembly module */
function bridge() {
  const wasm = readFileSync(join(folder, "trace_processor.wasm"));
  Object.assign(globalThis, { self: globalThis, WorkerGlobalScope: class {}, engineModule: new Uint8Array(wasm) });
  globalThis.location ??= /** @type {any} */ ({ href: `${pathToFileURL(folder).href}/` });
  let source = readFileSync(join(folder, "engine_bundle.node.js"), "utf8");
  for (const [is, becomes] of [
    // 32 bits: Node 20 has no 64-bit WebAssembly memory.
    ["this.useMemory64 = hasMemory64Support();", "this.useMemory64 = false;"],
    // The module is given and not fetched.
    ["locateFile: (s) => s,", "locateFile: (s) => s, wasmBinary: globalThis.engineModule,"],
    // The bridge is driven from here and not by a message to a worker.
    ["const wasmBridge = new ", "const wasmBridge = globalThis.engineBridge = new "],
  ]) {
    if (!source.includes(is ?? "")) throw new Error(`the engine's code has no "${is}"`);
    source = source.replace(is ?? "", becomes ?? "");
  }
  runInThisContext(source, { filename: "engine_bundle.node.js" });
  return /** @type {any} */ (globalThis).engineBridge;
}

const { EngineBase } = await import(pathToFileURL(join(folder, "engine.mjs")).href);

class Engine extends EngineBase {
  mode = "WASM";
  id = "test";
  /** @param {MessagePort} port */
  constructor(port) {
    super();
    this.port = port;
    port.onmessage = ({ data }) => this.onRpcResponseBytes(data);
  }
  /** @param {Uint8Array} data */
  rpcSendRequestBytes(data) {
    this.port.postMessage(data);
  }
}

const { port1, port2 } = new MessageChannel();
bridge().initialize(port1);
const engine = new Engine(port2);
await engine.parse(new Uint8Array(readFileSync(trace)));
await engine.notifyEof();
const answers = [];
for (const sql of JSON.parse(await text(process.stdin))) {
  const result = await engine.query(sql);
  const error = result.error();
  if (error) throw new Error(`${sql}: ${error}`);
  const rows = [];
  for (const row = result.iter({}); row.valid(); row.next()) {
    rows.push(result.columns().map((/** @type {string} */ name) => row.get(name)));
  }
  answers.push(rows);
}
process.stdout.write(JSON.stringify(answers, (_, value) => (typeof value === "bigint" ? String(value) : value)));
port2.close();
