/** Claim: what a tracepoint carries is read from its format by name, and a tracepoint that is not there is not there. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { findTracefs, parseFormat } from "../../../probes/kernel/tracepoints.ts";
import { recordedSeries, recordedTracefs } from "./kernels.ts";

describe.each(recordedSeries)("as recorded on %s", (series) => {
  const fields = (name: string) => [...(recordedTracefs(series).tracepoint(name)?.fields ?? [])];

  test("the fields that the catalog asks for", () => {
    expect(fields("filemap:mm_filemap_add_to_page_cache")).toEqual(expect.arrayContaining(["i_ino", "s_dev"]));
    expect(fields("kmem:mm_page_alloc")).toEqual(expect.arrayContaining(["gfp_flags", "order"]));
    expect(fields("signal:signal_generate")).toEqual(expect.arrayContaining(["sig", "code"]));
    expect(fields("syscalls:sys_exit_memfd_secret")).toContain("ret");
    expect(fields("syscalls:sys_enter_mincore")).toEqual(expect.arrayContaining(["start", "len", "vec"]));
    expect(fields("task:task_rename"), "an array").toEqual(expect.arrayContaining(["pid", "newcomm"]));
    expect(fields("oom:mark_victim"), "a __data_loc").toEqual(expect.arrayContaining(["pid", "comm", "uid"]));
  });

  test("group_dead only where there is one", () => {
    expect(fields("sched:sched_process_exit").includes("group_dead")).toBe(["6.18", "7.2"].includes(series));
  });
});

test("what is no format has no fields", () => {
  for (const text of ["", "garbage", "field:", "\tfield:;\n"]) {
    expect(parseFormat(text)).toEqual({ fields: new Set(), print: "" });
  }
});

describe("tracefs", () => {
  const nowhere = fileURLToPath(new URL("nowhere", import.meta.url));

  test("that is not mounted is none", () => {
    expect(findTracefs([nowhere])).toBeUndefined();
  });

  test("that is mounted where the second guess says, with a tracepoint that is there and one that is not", () => {
    const mounted = mkdtempSync(join(tmpdir(), "tracefs-"));
    onTestFinished(() => rmSync(mounted, { recursive: true }));
    const recorded = new URL("../../fixtures/formats/6.12/", import.meta.url);
    cpSync(recorded, join(mounted, "events"), { recursive: true });
    const tracefs = findTracefs([nowhere, mounted]);
    expect(tracefs?.path).toBe(mounted);
    expect(tracefs?.tracepoint("oom:mark_victim")?.fields.has("pid")).toBe(true);
    expect(tracefs?.tracepoint("oom:no_such")).toBeUndefined();
  });
});
