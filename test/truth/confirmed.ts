/**
 * A secret file of which nr_unevictable says how many pages it has. Others lock memory too (init on some machines), a
 * page now and then, so the reading is repeated until it was taken while they kept still; it is never rounded.
 */
import { vmstat } from "./kernelFigures.ts";
import type { SecretFile, Worker } from "./workload.ts";

const attempts = 5;

async function unevictable(worker: Worker): Promise<number> {
  await worker.ask("drain");
  return vmstat("nr_unevictable");
}

export async function confirmedByVmstat(worker: Worker, pages: number): Promise<SecretFile> {
  const counted: number[] = [];
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const before = await unevictable(worker);
    const file = await worker.secret(pages);
    counted.push((await unevictable(worker)) - before);
    if (counted.at(-1) === pages) return file;
    await worker.letGo(file);
  }
  throw new Error(`${pages} secret pages made, nr_unevictable counted ${counted.join(", ")}`);
}
