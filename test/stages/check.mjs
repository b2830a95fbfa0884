// The formatter, the linter and the types of the tests, as one test.
import { runCommand } from "./command.mjs";
import { one } from "./counts.mjs";

/** @type {import("./counts.d.mts").Stage} */
export const check = {
  name: "check",
  mustRun: false,
  canRun: () => ({ ok: true }),
  run: async () => one((await runCommand(["npm", "run", "--silent", "check"], 300_000)) === 0),
};
