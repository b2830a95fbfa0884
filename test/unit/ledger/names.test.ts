/** Claim: a name is data. It comes out as it went in, and changes nothing else. */
import { expect, test } from "vitest";
import { process, Story } from "./story.ts";

const names = [
  'say "hi"\\',
  "line\nbreak\r\n",
  "\u001b[31mred\u0007",
  "{red-fg}x{/}",
  "<script>",
  "\u202etxt.exe",
  "\ufffd\ufffd\ufffd",
  "__proto__",
  "constructor",
  '["tick",1,2,0]',
  "7:1",
  "",
];

function told(name: string) {
  const story = Story.watching();
  const who = process(7);
  story.named(who, name);
  story.created(who, 5);
  story.allocated(who, 5, 3);
  story.split(who, 2, { level: "2m", stack: ["secretmem_fault+0x1", name] });
  story.kernel({ "2m": 2 });
  story.oomKill(1, { victim: { pid: who.pid, comm: name, uid: 0, cgroup: name }, cgroup: name });
  story.look([[who, 5]]);
  story.tick();
  return story.snapshot;
}

test.each(names)("%j", (name) => {
  const snapshot = told(name);
  expect(snapshot.secret.holders[0]?.comm).toBe(name);
  expect(snapshot.splitCauses[0]).toMatchObject({ comm: name, count: 2, stack: ["secretmem_fault+0x1", name] });
  expect(snapshot.oom.recent[0]).toMatchObject({ victim: { comm: name, cgroup: name }, cgroup: name });
  const text = JSON.stringify(snapshot);
  expect(text).not.toContain("\n");
  expect(JSON.parse(text)).toEqual(snapshot);
  const plain = told("plain");
  expect({ ...snapshot, secret: null, splitCauses: null, oom: null }).toEqual({
    ...plain,
    secret: null,
    splitCauses: null,
    oom: null,
  });
  expect(snapshot.secret.files).toEqual(plain.secret.files);
});

test("a rename changes the name, not the process: what it did stays with it", () => {
  const story = Story.watching();
  const who = process(7);
  story.named(who, "before");
  story.created(who, 5);
  story.allocated(who, 5, 3);
  story.tell({ kind: "process", ...who, comm: "after", uid: null, cgroup: null });
  story.look([[who, 5]]);
  expect(story.snapshot.secret.holders).toMatchObject([
    { comm: "after", uid: 0, cgroup: "/", allocatedBytes: 3 * 4096 },
  ]);
});
