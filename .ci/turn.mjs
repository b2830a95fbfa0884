// One at a time: two `npm start` in the same clone must not install or build into each other. The lock is an abstract
// Unix socket, which the kernel frees when its owner ends, however it ends: there is no stale lock to clean up.
import { createHash } from "node:crypto";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * @template T
 * @param {string} name what is guarded; two different names do not wait for each other
 * @param {() => void} waiting told once, when somebody else has the turn
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function inTurn(name, waiting, work) {
  const address = `\0secretscope-${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
  let server = await tryListen(address);
  if (!server) waiting();
  while (!server) {
    await sleep(100);
    server = await tryListen(address);
  }
  try {
    return await work();
  } finally {
    server.close();
  }
}

/** @param {string} address @returns {Promise<import("node:net").Server | undefined>} undefined: taken */
function tryListen(address) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error) => {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => resolve(server));
  });
}
