/** What a bpftrace program says, read from its text. */

/** Every attach point, such as `kprobe:do_exit`. */
export function attachPoints(program: string): string[] {
  return [...program.matchAll(/^((?:tracepoint|kprobe|kretprobe|kfunc|kretfunc|interval|profile|uprobe):\S+)/gm)].map(
    ([, point = ""]) => point,
  );
}

/** Whether every ( [ { is closed by its like, outside of strings. */
export function isBalanced(program: string): boolean {
  const open: string[] = [];
  for (const bracket of program.replace(/"(?:\\.|[^"\\])*"/g, "").match(/[()[\]{}]/g) ?? []) {
    if ("([{".includes(bracket)) open.push(bracket);
    else if (`${open.pop()}${bracket}`.match(/^(\(\)|\[\]|\{\})$/) === null) return false;
  }
  return open.length === 0;
}

const unique = (all: Iterable<RegExpMatchArray>) => [...new Set([...all].map(([, name = ""]) => name))].sort();

/** Maps that are printed, cleared or read somewhere. */
export const mapsUsed = (program: string) => unique(program.matchAll(/(@\w+)/g));

/** Maps that some probe writes: bpftrace refuses a program that only reads one. */
export const mapsWritten = (program: string) => unique(program.matchAll(/(@\w+)(?:\[[^;]*?\])?\s*(?:=[^=]|\+\+)/g));

export const mapsPrinted = (program: string) => unique(program.matchAll(/print\((@\w+)\)/g));
