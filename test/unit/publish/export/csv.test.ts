/** Claim: a row a sample with the figures that live showed, and no cell that a spreadsheet would run. */
import { describe, expect, test } from "vitest";
import { process, Story } from "../../ledger/story.ts";
import { busyStory, exported, recorded, sample } from "./exported.ts";

/** RFC 4180, read by its grammar and not by the code that wrote it. */
function table(text: string): Record<string, string>[] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    row.push(quoted === undefined ? (bare ?? "") : quoted.replaceAll('""', '"'));
    if (end !== "\n") continue;
    rows.push(row);
    row = [];
  }
  const [head = [], ...body] = rows;
  for (const cells of body) expect(cells.length).toBe(head.length);
  return body.map((cells) => Object.fromEntries(head.map((name, index) => [name, cells[index] ?? ""])));
}

const cell = (value: number | null | undefined) => (value === null || value === undefined ? "" : String(value));

test("each row says what the snapshot of its sample says", async () => {
  const { story, snapshots } = busyStory();
  const rows = table(exported(await recorded(story), "csv"));
  expect(rows.length).toBe(snapshots.length);
  for (const [index, snapshot] of snapshots.entries()) {
    expect(rows[index]).toMatchObject({
      time: snapshot.time,
      monotonic_ns: snapshot.monotonicNs,
      direct_map_4k_bytes: "",
      splits_2m_since_boot: cell(snapshot.directMap.splits["2m"]),
      splits_1g: cell(snapshot.directMap.sinceStart.splits["1g"]),
      secret_resident_bytes: cell(snapshot.secret.residentBytes),
      holders: cell(snapshot.secret.holders.length),
      largest_holder_pid: cell(snapshot.secret.holders[0]?.pid),
      complete: String(snapshot.evidence.complete),
    });
  }
  expect(rows.at(-2)?.secret_resident_bytes).not.toBe("0");
});

test("splits by cause and the unattributed ones are what vmstat moved by", async () => {
  const { story } = busyStory();
  const rows = table(exported(await recorded(story), "csv"));
  for (const row of rows) {
    const causes = Object.keys(row).filter((name) => name.startsWith("splits_by_"));
    expect(causes.length).toBe(7);
    const sum = [...causes, "splits_unattributed"].reduce((total, name) => total + Number(row[name]), 0);
    expect(sum).toBe(Number(row.splits_2m) + Number(row.splits_1g));
  }
  expect(rows.at(-1)).toMatchObject({ splits_by_secretmem: "80", splits_by_module: "80", splits_unattributed: "5" });
});

async function cellOf(comm: string): Promise<string> {
  const story = Story.watching();
  story.named(process(7), comm);
  story.look([[process(7), 1]]);
  sample(story);
  return table(exported(await recorded(story), "csv"))[0]?.largest_holder_comm ?? "";
}

describe("a name that is a formula becomes text", () => {
  test.each([
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["-1", "'-1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\t=1", "'\\t=1"],
    ["\rx", "'\\rx"],
    [" =1", "' =1"],
    ["\uff1d1", "'\uff1d1"],
    ["a;=1", "a;'=1"],
    ['a",=1', "a\",'=1"],
    ['say "hi", now', 'say "hi", now'],
    ["kworker/0:1-events", "kworker/0:1-events"],
    ["a\nb", "a\\nb"],
    ["\u001b[2J", "\\x1b[2J"],
  ])("%j", async (comm, shown) => {
    expect(await cellOf(comm)).toBe(shown);
  });
});
