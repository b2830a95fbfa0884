/** Claim: docs/trace-format.md says what the code does. Write it anew with UPDATE_DOCS=1. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ColumnDeclaration, columnNames, columns, rowKinds } from "../../../collector/trace/columns.ts";
import { documentation } from "../../../collector/trace/documentation.ts";
import { RowEncoder } from "../../../collector/trace/encodeRows.ts";
import { oneOfEach } from "./everyKind.ts";

const path = join(import.meta.dirname, "../../../docs/trace-format.md");

test("the file is up to date", () => {
  if (process.env.UPDATE_DOCS === "1") writeFileSync(path, documentation());
  expect(readFileSync(path, "utf8")).toBe(documentation());
});

test("each column is written for the kinds that it names, and for no other", () => {
  expect(Object.keys(oneOfEach).toSorted()).toEqual(Object.keys(rowKinds).toSorted());
  for (const [kind, row] of Object.entries(oneOfEach)) {
    const encoder = new RowEncoder();
    encoder.add(row);
    const filled = columnNames.filter((name) => encoder.columns[name].filled > 0 && name !== "checkpoint");
    const declared = columnNames.filter((name) => {
      const { kinds }: ColumnDeclaration = columns[name];
      return name !== "checkpoint" && (kinds === "all" || (kinds as readonly string[]).includes(kind));
    });
    expect({ kind, columns: filled }).toEqual({ kind, columns: declared });
  }
});
