/** A recording on the screen of a real terminal, as a person plays it. It needs no kernel: the recording is a fixture. */
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { below, Pane } from "./pane.ts";

const repository = join(import.meta.dirname, "../..");
const trace = join(repository, "test/fixtures/traces/format-1.0.arrows");
const command = `node ${join(repository, "dist/tui/cli.js")} replay ${trace}`;
const panes = new Set<Pane>();

afterEach(() => {
  for (const pane of panes) pane.end();
  panes.clear();
});

async function openPane(): Promise<Pane> {
  const pane = new Pane(100, 30);
  panes.add(pane);
  await pane.shows(/^\$ ?$/m);
  return pane;
}

test("plays, is held, jumps to the end and back, and gives the terminal back", async () => {
  const pane = await openPane();
  const before = pane.settings();
  pane.run(`${command}; echo "status $?"`);
  await pane.shows(/secretscope REPLAY[\s\S]* playing +1x /);
  pane.keys("Space");
  await pane.shows(/ paused +1x /);
  pane.keys("$");
  await pane.shows(/ at end +1x [\s\S]*the end of the recording/);
  pane.keys("^");
  await pane.shows(/ paused +1x /);
  pane.keys("q");
  await pane.shows(/^status 0$/m);
  await pane.until("nothing left running", () => below(pane.shell()).length === 0);
  await pane.until("settings as before", () => pane.settings() === before);
  expect(pane.modes()).toEqual({ cursor: true, alternate: false, mouse: false });
});

test("demo: the screen with the recording that ships with it", async () => {
  const pane = await openPane();
  pane.run(`node ${join(repository, "dist/tui/cli.js")} demo; echo "status $?"`);
  await pane.shows(/secretscope REPLAY.*debian13[\s\S]* playing +1x /);
  pane.keys("$");
  await pane.shows(/ at end +1x /);
  pane.keys("q");
  await pane.shows(/^status 0$/m);
});

test.each([
  ["", "--json", /"schema":"secretscope\.snapshot/],
  ["", "--at +1s", /^direct map /m],
  ["", "--speed most", /^direct map /m],
  ["", "| cat", /^direct map /m],
  ["TERM=dumb", "", /^direct map /m],
])("%s secretscope replay FILE %s prints", async (set, rest, wanted) => {
  const pane = await openPane();
  pane.run(`${set} ${command} ${rest}`);
  await pane.shows(wanted);
  expect(pane.modes().alternate).toBe(false);
});
