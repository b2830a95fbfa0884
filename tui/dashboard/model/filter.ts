/** What was typed behind `/`: words that must all be found; user:, cgroup: and pid: look in one place only. */

/** What a row may be found by. null: not known, found by nothing. */
export interface Findable {
  readonly pid: number | null;
  readonly comm: string;
  readonly user: string | null;
  readonly cgroup: string | null;
  /** Anything else that is on the row. */
  readonly more?: string;
}

type Test = (row: Findable) => boolean;

/** Everything passes an empty filter. Letters match in either case; pid: matches the whole number. */
export function filterOf(text: string): Test {
  const tests = text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== "")
    .map(testOf);
  return (row) => tests.every((test) => test(row));
}

function testOf(word: string): Test {
  const [, field, rest] = /^(user|cgroup|pid):(.*)$/is.exec(word) ?? [];
  const wanted = (rest ?? word).toLowerCase();
  // "user:" is being typed: it does not yet say which.
  if (field !== undefined && wanted === "") return () => true;
  const has = (text: string | null | undefined) => text?.toLowerCase().includes(wanted) ?? false;
  switch (field?.toLowerCase()) {
    case "user":
      return ({ user }) => user?.toLowerCase() === wanted || has(user);
    case "cgroup":
      return ({ cgroup }) => has(cgroup);
    case "pid":
      return ({ pid }) => pid !== null && String(pid) === wanted;
    default:
      return (row) => has(row.comm) || has(row.user) || has(row.cgroup) || has(row.more) || has(row.pid?.toString());
  }
}
