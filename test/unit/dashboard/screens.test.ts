/** Whole screens through a real terminal parser: what a person sees, at every size and for every kind of host. */
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Snapshot } from "../../../collector/snapshot.ts";
import { lookOf } from "../../../tui/dashboard/look.ts";
import { place } from "../../../tui/dashboard/views/columns.ts";
import { holderColumns } from "../../../tui/dashboard/views/holders.ts";
import { crowd, hostile, lossy, recorded } from "./derived.ts";
import { type Drawn, draw, unicodeLook } from "./terminal.ts";

const screens = join(import.meta.dirname, "../../fixtures/screens");
const sizes = [
  [60, 15],
  [80, 24],
  [120, 40],
  [200, 60],
] as const;

beforeAll(() => {
  // Local times are shown; the golden files were written in UTC.
  process.env.TZ = "UTC";
});

const hosts: Record<string, () => readonly Snapshot[]> = {
  empty: () => recorded("empty"),
  busy: () => recorded("busy"),
  lossy,
  blind: () => recorded("blind"),
  "5000-holders": () => crowd(5000),
  hostile,
};

describe.each(sizes)("%dx%d", (columns, rows) => {
  test.each(Object.keys(hosts))("%s", async (name) => {
    const drawn = await draw(hosts[name]?.() ?? [], columns, rows);
    expectColumnsAligned(drawn);
    expectPanelsKeptApart(drawn);
    await expect(`${drawn.terminal.text()}\n`).toMatchFileSnapshot(join(screens, `${name}-${columns}x${rows}.txt`));
  });
});

/** In every row of the holders, what lies between two columns is empty, and figures end where their column ends. */
function expectColumnsAligned({ terminal, frame }: Drawn): void {
  const pane = frame.panes.find(({ name }) => name === "holders");
  if (pane === undefined) throw new Error("no holders");
  const placed = place(holderColumns(unicodeLook), pane.rect.width);
  pane.lines.forEach((line, index) => {
    if (line.key === undefined && line.heads === undefined) return;
    const at = (x: number) =>
      terminal
        .cell(pane.rect.x + x, pane.rect.y + index)
        ?.getChars()
        .trim() ?? "";
    placed.forEach(({ from, width, column }, number) => {
      const next = placed[number + 1]?.from ?? pane.rect.width;
      for (let x = from + width; x < next; x += 1) expect(at(x), `between columns at ${x}, line ${index}`).toBe("");
      if (column.align === "right") expect(at(from + width - 1), `${column.name}, line ${index}`).not.toBe("");
    });
  });
}

/** Titles stand where the layout put them, whole; nothing is written between panels, or past the edge. */
function expectPanelsKeptApart({ terminal, frame }: Drawn): void {
  const rows = terminal.rows();
  for (const { name, rect, lines } of frame.panes) {
    expect(lines.length, name).toBeLessThanOrEqual(Math.max(rect.height, 0));
    if (!["map", "holders", "splits", "oom", "events"].includes(name)) continue;
    const left = terminal.cell(rect.x, rect.y)?.getChars();
    const right = terminal.cell(rect.x + rect.width - 1, rect.y)?.getChars();
    expect(left, `${name} begins`).toMatch(/[─━]/);
    expect(right, `${name} ends`).toMatch(/[─━]/);
    expect(terminal.cell(rect.x + 2, rect.y)?.getChars(), `${name} has its number`).toMatch(/[1-5]/);
  }
  const gap = frame.panes.find(({ name }) => name === "gap");
  for (let y = gap?.rect.y ?? 0; y < (gap?.rect.y ?? 0) + (gap?.rect.height ?? 0); y += 1)
    expect(
      terminal
        .cell(gap?.rect.x ?? 0, y)
        ?.getChars()
        .trim(),
    ).toBe("");
  // A row that wrapped would have pushed the footer away.
  expect(rows.at(-1)).toContain("? help");
}

describe("hostile names", () => {
  test("are shown, and nothing of them is interpreted", async () => {
    const { terminal } = await draw(hostile(), 120, 40);
    const text = terminal.text();
    expect(text).toContain("{red-fg}{bold}x{/}");
    expect(text).toContain("\\x1b[2J\\x1b[31mred");
    expect(text).toContain("\\u202egnp.txe");
    expect(text).toContain("{red-fg}host\\x1b]0;pwned\\x07");
    expect(text).toContain("世界世界");
    expect(terminal.title).toBe("");
    for (let y = 0; y < 40; y += 1) {
      for (let x = 0; x < 120; x += 1) {
        const cell = terminal.cell(x, y);
        // Palette red (1) is what both {red-fg} and ESC[31m would have made.
        if (cell?.isFgPalette()) expect(cell.getFgColor()).not.toBe(1);
      }
    }
  });

  test("cards, too", async () => {
    const key = hostile().at(-1)?.secret.holders[1];
    const overlay = { kind: "card", panel: "holders", key: `${key?.pid}:${key?.startTicks}`, top: 0 } as const;
    const { terminal } = await draw(hostile(), 80, 24, { overlay });
    expect(terminal.text()).toContain("\\x1b[2J\\x1b[31mred");
    expect(terminal.title).toBe("");
  });
});

describe("terminals that can do less", () => {
  test("--ascii writes ASCII only", async () => {
    const ascii = lookOf({ TERM: "xterm-256color", LANG: "C.UTF-8" }, true);
    for (const [columns, rows] of sizes) {
      const { terminal } = await draw(hostile(), columns, rows, {}, ascii);
      expect(terminal.text()).toMatch(/^[\x20-\x7e\n]*$/);
    }
  });

  test("NO_COLOR writes no colour", async () => {
    const plain = lookOf({ TERM: "xterm-256color", LANG: "C.UTF-8", NO_COLOR: "1" }, false);
    const { terminal } = await draw(recorded("busy"), 120, 40, {}, plain);
    for (let y = 0; y < 40; y += 1)
      for (let x = 0; x < 120; x += 1) expect(terminal.cell(x, y)?.isFgDefault()).toBe(true);
  });

  test("16 colours stay below 16", async () => {
    const few = lookOf({ TERM: "xterm", LANG: "C.UTF-8" }, false);
    const { terminal } = await draw(recorded("busy"), 120, 40, {}, few);
    for (let y = 0; y < 40; y += 1) {
      for (let x = 0; x < 120; x += 1) {
        const cell = terminal.cell(x, y);
        if (cell?.isFgPalette()) expect(cell.getFgColor()).toBeLessThan(16);
      }
    }
  });

  test("too small says so", async () => {
    const { terminal } = await draw(recorded("busy"), 52, 14);
    expect(terminal.rows()[0]).toContain("secretscope needs 60 columns and 15 rows");
  });
});
