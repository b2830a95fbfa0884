/** Claim: a user has a name only on the machine that the number is from; a recording from elsewhere keeps numbers. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { thisMachine } from "../../../collector/sources/procfs/hostFacts.ts";
import { userNamesIn } from "../../../collector/sources/procfs/users.ts";
import { bytes, monotonicNs } from "../../../collector/units.ts";
import { userAndNumber, userNames } from "../../../tui/text/user-name.ts";
import { process as processId, Story } from "../ledger/story.ts";
import { recorded, sample } from "../publish/export/exported.ts";

const here = thisMachine();
/** Somebody of this machine's /etc/passwd who is not root. */
const [uid = 0, name = ""] = [...userNamesIn("/etc/passwd")].find(([id]) => id !== 0) ?? [];

const elsewhere = {
  "another boot": { ...here, bootId: "5a2f7a3e-0000-4000-8000-000000000000" },
  "another name in this boot, as in a container": { ...here, name: "another" },
  "a boot that nobody knows": { ...here, bootId: "" },
} as const;

test("this machine's users have this machine's names", () => {
  expect(name).not.toBe("");
  expect(userNames(here)(uid)).toBe(name);
  expect(userAndNumber(uid, here)).toBe(`${name} (${uid})`);
  expect(userNames(here)(null)).toBe("?");
});

test.each(Object.entries(elsewhere))("of %s they are numbers, and root is root", (_, host) => {
  expect(userNames(host)(uid)).toBe(String(uid));
  expect(userAndNumber(uid, host)).toBe(String(uid));
  expect(userNames(host)(0)).toBe("root");
});

test("a redacted user is shown as one, and never as somebody of this machine", () => {
  expect(userNames(here)(2 ** 32 + 35)).toBe("user-0000000z");
  expect(userNames(here)(0)).toBe("root");
});

describe("a recording that is played", () => {
  async function replayed(host: typeof here): Promise<string> {
    const story = Story.watching();
    story.host(host);
    story.tell({ kind: "process", ...processId(1), comm: "vault", uid, cgroup: "/" });
    story.created(processId(1), 1);
    story.allocated(processId(1), 1, 3);
    story.holding(processId(1), 1, { residentBytes: bytes(3 * 4096) });
    story.tell({ kind: "scan", began: monotonicNs(story.now), processes: 1, hidden: 0, partial: false });
    sample(story);
    const cli = join(import.meta.dirname, "../../../dist/tui/cli.js");
    const { stdout, stderr } = spawnSync(process.execPath, [cli, "replay", await recorded(story)], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    return /^ *1 +(\S+) +vault/m.exec(stdout)?.[1] ?? stdout;
  }

  test("names users in the boot that it was made in", async () => expect(await replayed(here)).toBe(name));
  test.each(Object.entries(elsewhere))("has numbers when it is from %s", async (_, host) => {
    expect(await replayed(host)).toBe(String(uid));
  });
});
