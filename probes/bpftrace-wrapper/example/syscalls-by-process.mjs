// Prints every second which processes made the most system calls, until Ctrl-C. Needs root and bpftrace.
//   node example/syscalls-by-process.mjs
import { findBpftrace, integer, startBpftrace } from "bpftrace-wrapper";

const PROGRAM = `
tracepoint:raw_syscalls:sys_enter { @calls[pid] = count(); @names[pid] = comm; }
interval:s:1 { print(@names); print(@calls); clear(@calls); clear(@names); }
END { clear(@calls); clear(@names); }
`;

const finding = await findBpftrace();
if (finding.kind !== "found") {
  console.error(finding.message);
  process.exit(1);
}

const interrupted = new AbortController();
process.on("SIGINT", () => interrupted.abort());
process.on("SIGTERM", () => interrupted.abort());

const bpftrace = await startBpftrace({ ...finding, program: PROGRAM, signal: interrupted.signal });
const readiness = await bpftrace.ready;
if (readiness.state === "failed") {
  console.error(readiness.exit.message);
  process.exit(1);
}
console.log(`bpftrace ${finding.version.text} counts, process ${bpftrace.pid}. Ctrl-C ends it.`);

let names = {};
for await (const message of bpftrace.messages()) {
  if (message.type === "lost_events") console.log(`(${message.events} events were lost)`);
  if (message.type === "map" && message.name === "@names") names = message.data;
  if (message.type === "map" && message.name === "@calls") printTop(message.data);
}
console.log((await bpftrace.exited).message);

function printTop(calls) {
  const top = Object.entries(calls)
    .sort(([, a], [, b]) => Number(integer(b)) - Number(integer(a)))
    .slice(0, 5);
  // A process name is any bytes: JSON quotes what could move the cursor.
  for (const [pid, count] of top)
    console.log(`${String(count).padStart(9)}  ${pid.padEnd(8)} ${JSON.stringify(names[pid])}`);
  console.log();
}
