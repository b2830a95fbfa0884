// A dashboard whose process fails a moment after it drew: how the error is told is the command's business (tui/cli.ts).
import { Dashboard } from "../../dist/tui/dashboard/dashboard.js";
import { lookOf } from "../../dist/tui/dashboard/look.js";

process.on("uncaughtException", (error) => {
  process.stderr.write(`told afterwards: ${error.message}\n`);
  process.exit(2);
});
new Dashboard({
  streams: { input: process.stdin, output: process.stdout },
  look: lookOf(process.env, false),
  root: true,
  intervalMs: 1000,
  stop: new AbortController().signal,
});
setTimeout(() => {
  throw new Error("a fault in the program");
}, 1500);
