// Who observes: secretscope with its defaults, bpftrace printing a line a page, perf recording the same tracepoints.
import { readdirSync, readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { awaited, has, observerCpus, pause, start, stop } from "./overhead-children.mjs";

export const cli = fileURLToPath(new URL("../../dist/tui/cli.js", import.meta.url));

/** @returns the child, once it has printed its first line, and when that was */
export async function startWatch(words = ["watch", "--json", "--interval", "1s"], { on = observerCpus } = {}) {
  const began = performance.now();
  const child = start([process.execPath, cli, ...words], { on, stdio: ["ignore", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (data) => {
    complaint = `${complaint}${data}`.slice(-500);
  });
  const first = new Promise((resolve) => {
    child.stdout.on("data", (data) => {
      if (data.includes(10)) resolve(performance.now() - began);
    });
  });
  try {
    return { child, firstLineMs: await awaited(child, "secretscope", first, 30_000), stop: () => stop(child) };
  } catch (error) {
    throw new Error(`${error.message} ${complaint.trim().split("\n").at(-1)}`);
  }
}

/** Attached, as far as that shows from outside: it holds perf events, and no more than a moment ago. */
async function attached(child) {
  for (let last = 0; ; ) {
    await pause(150);
    const now = readdirSync(`/proc/${child.pid}/fd`).filter((fd) => {
      try {
        return readlinkSync(`/proc/${child.pid}/fd/${fd}`).includes("perf_event");
      } catch {
        return false;
      }
    }).length;
    if (now > 0 && now === last) return;
    last = now;
  }
}

async function startQuiet(command, what) {
  const child = start(command, { on: observerCpus, stdio: ["ignore", "ignore", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (data) => {
    complaint = `${complaint}${data}`.slice(-300);
  });
  try {
    await awaited(child, what, attached(child), 20_000);
    return { child, stop: () => stop(child, { again: "SIGTERM" }) };
  } catch (error) {
    await stop(child);
    throw new Error(`${error.message} ${complaint.trim().split("\n").at(-1)}`);
  }
}

/** A bpftrace program as a tracer, for trying one. */
export const bpftraceTracer = (name, program, extra = {}) => ({
  name,
  ...extra,
  start: () => startQuiet(["bpftrace", "-e", program], "bpftrace"),
});

export const watchTracer = { name: "secretscope watch", wanted: 0.01, start: () => startWatch() };

/** What the collector does without probes: the machine is not as idle as untraced. */
export const controlTracer = {
  name: "watch without probes (control)",
  start: () => startWatch(["watch", "--json", "--interval", "1s", "--route", "procfs"]),
};

/** @param device s_dev of secretmem */
export function faultTracers(device) {
  const filter = `s_dev == ${device}`;
  const perf = ["perf", "record", "-q", "-a", "-o", "/dev/null"];
  const events = ["filemap:mm_filemap_add_to_page_cache", "filemap:mm_filemap_delete_from_page_cache"];
  return [
    watchTracer,
    controlTracer,
    ...(has("bpftrace")
      ? [
          bpftraceTracer(
            "the same tracepoints, empty programs",
            `tracepoint:${events[0]} /args->s_dev == 0xfffffff/ { @a = count(); } tracepoint:kmem:mm_page_alloc /args->order == 99/ { @s = count(); }`,
          ),
        ]
      : []),
    has("bpftrace")
      ? bpftraceTracer(
          "bpftrace, a line per page",
          `tracepoint:${events[0]} /args->s_dev == ${device}/ { printf("%lld %d %s %lx\\n", nsecs, pid, comm, args->i_ino); }`,
        )
      : { name: "bpftrace, a line per page", missing: "bpftrace is not installed" },
    has("perf")
      ? {
          name: "perf record, the same tracepoints",
          start: () =>
            startQuiet(
              [
                ...perf,
                ...events.flatMap((event) => ["-e", event, "--filter", filter]),
                ...["-e", "kmem:mm_page_alloc", "--filter", "gfp_flags == 0xcc0 && order == 0"],
              ],
              "perf",
            ),
        }
      : { name: "perf record, the same tracepoints", missing: "perf is not installed: apt-get install -y linux-perf" },
  ];
}
