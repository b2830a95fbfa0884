import { readFileSync } from "node:fs";

/** Longer than the 100 ms that bpftrace waits for events when it drains them for END. */
const SAMPLE_MS = 150;
const SAMPLES = 3;

/**
 * Has bpftrace notice a SIGINT that it missed. Up to 0.23 the handler only sets a flag, which is looked at when
 * epoll_wait is interrupted or an event comes (BPFtrace::poll_perf_events): a signal that arrives just before epoll_wait
 * is forgotten, and a program that prints nothing never ends. Seen on 0.17.0 when stopped right after it was ready.
 *
 * Another signal wakes it. It is SIGTERM, whose handler stays to the end, whereas a second SIGINT kills bpftrace while
 * maps print. And it is sent only to a bpftrace that has been found waiting for events for longer than END takes to
 * drain: while END prints, the flag would have its output thrown away.
 *
 * @param bytesRead how much output was read so far, in bytes; while it grows, bpftrace is not stuck
 * @returns ends the watch
 */
export function watchForMissedSignal(pid: number, bytesRead: () => number, wake: () => void): () => void {
  let seen = bytesRead();
  let idle = 0;
  const timer = setInterval(() => {
    const now = bytesRead();
    idle = now === seen && waitsForEvents(pid) ? idle + 1 : 0;
    seen = now;
    if (idle < SAMPLES) return;
    idle = 0;
    wake();
  }, SAMPLE_MS);
  return () => clearInterval(timer);
}

/**
 * True when the process sleeps in epoll_wait, as far as the kernel tells: the function it names is do_epoll_wait or
 * ep_poll, by what the compiler inlined. Where it names none ("0"), any sleep that a signal can end counts; detaching
 * probes is none of those.
 */
function waitsForEvents(pid: number): boolean {
  const where = readProc(pid, "wchan");
  if (where !== "" && where !== "0") return /epoll|ep_poll/.test(where);
  return /\) S /.test(readProc(pid, "stat"));
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
}
