import type { KernelOffer } from "../../kernel/offer.ts";
import { lacksFunction, type Probe } from "../probe.ts";

/** Function numbers in @q: what the program prints is numbers only. 1 is secretmem_fault's. */
export const requestFunctions: ReadonlyMap<number, string> = new Map([
  [1, "secretmem_fault"],
  [2, "set_direct_map_invalid_noflush"],
  [3, "set_direct_map_default_noflush"],
  [4, "set_direct_map_valid_noflush"],
]);

const present = (kernel: KernelOffer) =>
  [...requestFunctions].filter(([number, name]) => number > 1 && kernel.hasSymbol(name));

/** Requests to change the direct map, whether or not they split it. */
export const requestsProbe: Probe = {
  name: "requests",
  fact: "requests",
  title: "requests to take pages out of the direct map and put them back",
  routes: [
    {
      route: "kprobe",
      missing: (kernel) => lacksFunction(kernel, "set_direct_map_invalid_noflush"),
      parts: (kernel) =>
        present(kernel).map(([number, name]) => ({
          program: "function.bt",
          values: { function: name, number: String(number) },
        })),
      reads: ["@q"],
    },
  ],
};
