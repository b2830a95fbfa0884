/** The tarball of `npm pack`, installed into an empty prefix from the registry, is a working command. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const repository = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "secretscope-package-"));
// For everybody, as an installed package is.
chmodSync(folder, 0o755);
const prefix = join(folder, "prefix");
const installed = join(prefix, "lib/node_modules/secretscope");
const command = join(prefix, "bin/secretscope");
/** Stands in for every package manager, and remembers that it was called. */
const managers = join(folder, "managers");
const called = join(folder, "called");
const environment = { ...process.env, PATH: `${managers}:${process.env.PATH}` };

const npm = (...words: string[]) => execFileSync("npm", words, { cwd: repository, env: environment, encoding: "utf8" });

let files: string[] = [];

beforeAll(() => {
  execFileSync("mkdir", ["-p", managers, prefix]);
  for (const name of ["apt-get", "dnf", "apk", "pacman", "zypper"]) {
    writeFileSync(join(managers, name), `#!/bin/sh\necho "${name} $*" >> ${called}\nexit 1\n`);
    chmodSync(join(managers, name), 0o755);
  }
  npm("pack", "--silent", "--pack-destination", folder);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error("npm pack made no tarball");
  files = execFileSync("tar", ["-tzf", join(folder, tarball)], { encoding: "utf8" })
    .trim()
    .split("\n");
  npm("install", "--global", "--prefix", prefix, "--no-audit", "--no-fund", "--silent", join(folder, tarball));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the tarball carries the command, the wrapper and every bpftrace program, and no sources or tests", () => {
  expect(files).toContain("package/dist/tui/cli.js");
  expect(files).toContain("package/node_modules/bpftrace-wrapper/dist/index.js");
  const programs = readdirSync(join(repository, "probes/catalog"), { recursive: true, encoding: "utf8" });
  for (const program of programs.filter((name) => name.endsWith(".bt"))) {
    expect(files).toContain(`package/dist/probes/catalog/${program}`);
  }
  expect(files.filter((name) => /^package\/(test|\.ci|tui|collector|probes)\//.test(name))).toEqual([]);
  expect(files.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))).toEqual([]);
});

test("the tarball carries the demo, which plays for somebody without any rights", () => {
  expect(files).toContain("package/dist/tui/demo/recording.arrows");
  expect(files.filter((name) => name.endsWith(".arrows"))).toHaveLength(1);
  const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--no-new-privs"];
  const { status, stdout, stderr } = spawnSync(
    "setpriv",
    [...nobody, "sh", "-c", 'exec "$0" demo --json | tail -1', command],
    { cwd: "/", env: environment, encoding: "utf8" },
  );
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: "secretscope: this is a recording of another machine, not of this one\n",
  });
  expect(JSON.parse(stdout)).toMatchObject({ schema: "secretscope.snapshot/1", host: { name: "debian13" } });
});

test("the tarball carries the files to take away, and the rules that alerts begin with", () => {
  const names = readdirSync(join(repository, "docs/deploy"));
  expect(names.length).toBeGreaterThan(4);
  expect(files).toEqual(expect.arrayContaining(names.map((name) => `package/docs/deploy/${name}`)));
  expect(files).toContain("package/dist/collector/alerts/default-rules.yaml");
});

test("every compiled file in the tarball has a source", () => {
  for (const file of files) {
    const match = /^package\/(?:dist|node_modules\/(bpftrace-wrapper)\/dist)\/(.*)\.js$/.exec(file);
    if (match === null) continue;
    const source = match[1] === undefined ? `${match[2]}.ts` : `probes/bpftrace-wrapper/src/${match[2]}.ts`;
    expect(existsSync(join(repository, source)), file).toBe(true);
  }
});

test("secretscope --version, from an empty prefix", () => {
  const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { version: string };
  expect(execFileSync(command, ["--version"], { cwd: "/", encoding: "utf8" })).toBe(`${version}\n`);
});

test("the wrapper inside it can be loaded", () => {
  const script = 'import("bpftrace-wrapper").then((it) => console.log(Object.keys(it).length > 0))';
  expect(execFileSync(process.execPath, ["-e", script], { cwd: installed, encoding: "utf8" })).toBe("true\n");
});

test("who runs from there, and says by its status whether somebody holds secret memory", () => {
  const { status, stdout, stderr } = spawnSync(command, ["who", "--json"], {
    cwd: "/",
    env: environment,
    encoding: "utf8",
  });
  const { secret } = JSON.parse(stdout) as { secret: { holders: unknown[] } };
  expect({ status, stderr }).toEqual({ status: secret.holders.length > 0 ? 1 : 0, stderr: "" });
});

test("the wrapper's own tarball, in an empty folder: its example counts, and Ctrl-C ends it", async () => {
  const project = mkdtempSync(join(folder, "project-"));
  npm("pack", "--silent", "--workspace", "bpftrace-wrapper", "--pack-destination", project);
  const [tarball = ""] = readdirSync(project);
  const install = ["install", "--no-audit", "--no-fund", "--silent", `./${tarball}`];
  execFileSync("npm", install, { cwd: project, env: environment });
  const example = "node_modules/bpftrace-wrapper/example/syscalls-by-process.mjs";
  const child = spawn(process.execPath, [example], { cwd: project, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  let text = "";
  let interrupted = false;
  for await (const piece of child.stdout.setEncoding("utf8")) {
    text += piece;
    // Once: a signal that arrives while Node is already leaving finds no handler any more.
    if (!interrupted && /^ +\d+ {2}\d+ +"/m.test(text)) interrupted = child.kill("SIGINT");
  }
  expect(text).toMatch(/^bpftrace v\S+ counts, process \d+\. Ctrl-C ends it\.$/m);
  expect(text).toMatch(/^bpftrace was stopped as asked\.$/m);
  expect(await ended).toEqual([0, null]);
});

test("neither installing nor running it asked a package manager for anything", () => {
  expect(existsSync(called) ? readFileSync(called, "utf8") : "").toBe("");
});
