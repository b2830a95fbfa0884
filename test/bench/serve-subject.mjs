// The service as it runs for an operator, but on a replayed observation: `CONFIG HOLDERS EVERY-MS`. Says its URL, and
// ends with its standard input.
import { readConfiguration } from "../../dist/collector/serve/configuration.js";
import { Service } from "../../dist/collector/serve/service.js";
import { replayed } from "./replayed.mjs";

const [config, holders, everyMs] = process.argv.slice(2);
const read = () => readConfiguration(config, {});
const service = new Service({
  version: "bench",
  configuration: read(),
  read,
  log: (line) => process.stderr.write(`${line}\n`),
  print: async () => {},
  manager: { watchdogMs: null, ready() {}, reloading() {}, stopping() {}, alive() {} },
});
const url = await service.listen();
const observation = replayed({ holders: Number(holders), stepMs: 1000, everyMs: Number(everyMs) });
service.watch(observation);
process.stdout.write(`${JSON.stringify({ url })}\n`);
for await (const _ of process.stdin);
await observation.close();
await service.close();
