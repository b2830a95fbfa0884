// Makes docs/dashboard.svg: the real command on this machine's kernel, in a terminal, while a workload runs. What the
// terminal shows is read cell by cell and drawn as it is. Needs root, bpftrace, tmux, a C compiler.
//
//   node docs/picture.mjs [COLUMNSxROWS]
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import xterm from "@xterm/headless";
import { takeWhatIsSplit } from "../test/fixtures/freshMemory.mjs";
import { secretwork } from "../test/workload/build.mjs";

const [columns, rows] = (process.argv[2] ?? "112x34").split("x").map(Number);
const cli = fileURLToPath(new URL("../dist/tui/cli.js", import.meta.url));
const server = `picture-${process.pid}`;
const tmux = (...words) => execFileSync("tmux", ["-L", server, ...words], { encoding: "utf8" });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const watchSeconds = 45;

async function shows(text) {
  for (let tries = 0; tries < 600; tries += 1) {
    if (tmux("capture-pane", "-p", "-t", "p").includes(text)) return;
    await sleep(100);
  }
  throw new Error(`the screen never showed ${text}`);
}

/** A few holders of several users; one goes on. @returns the way to end them */
async function workload() {
  const child = spawn(secretwork(), { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request) => {
    child.stdin.write(`${request}\n`);
    return (await answers.next()).value;
  };
  await takeWhatIsSplit(ask);
  for (const [index, name] of ["vault", "rosenpass", "bitwarden", "keyd", "nginx"].entries()) {
    await ask(`fork ${name}`);
    await ask(`@${name} rename ${Buffer.from(name).toString("hex")}`);
    if (index % 2 === 1) await ask(`@${name} uid ${1000 + index}`);
    await ask(`@${name} create`);
    await ask(`@${name} size 0 900000`);
    await ask(`@${name} map 0 ${index % 2 === 1 ? 1900 : 900_000}`);
    await ask(`@${name} touch 0 0 ${220 * (index + 2)}`);
  }
  await ask("create");
  await ask("size 0 300");
  await ask("map 0 300");
  await ask("touch 0 0 300");
  await ask("unmap 0");
  await ask("inflight 0");
  const grow = async () => {
    for (let page = 2000, step = 5_000; page < 860_000 && child.exitCode === null; page += step) {
      await ask(`@vault touch 0 ${page} ${step}`);
      await sleep(900);
    }
  };
  void grow().catch(() => {});
  return () => child.kill("SIGKILL");
}

/** The terminal's own colours: a dark one that people know. */
const palette = ["#1d1f21", "#cc6666", "#b5bd68", "#e5b567", "#6c99bb", "#b294bb", "#5fb3b3", "#c5c8c6"];
const background = "#16181b";
const foreground = "#d8dbe0";

function colour(index) {
  if (index < 16) return palette[index % 8];
  if (index >= 232)
    return `rgb(${Array(3)
      .fill(8 + (index - 232) * 10)
      .join(",")})`;
  const cube = index - 16;
  return `rgb(${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((part) => (part === 0 ? 0 : 55 + part * 40)).join(",")})`;
}

const cellWidth = 8.4;
const cellHeight = 18;
const padding = 14;
const escaped = (text) => text.replace(/[&<>]/g, (each) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[each] ?? each);

/** Braille as the dots that it stands for: few fonts have it in the width of their letters. */
function dots(text, x, y, fill) {
  const mask = text.codePointAt(0) - 0x2800;
  const bits = [0x1, 0x2, 0x4, 0x40, 0x8, 0x10, 0x20, 0x80];
  return bits
    .map((bit, index) => {
      if ((mask & bit) === 0) return "";
      const left = padding + (x + (index < 4 ? 0.25 : 0.75)) * cellWidth;
      const top = padding + (y + ((index % 4) + 0.5) / 4) * cellHeight;
      return `<circle cx="${left.toFixed(1)}" cy="${top.toFixed(1)}" r="1.2" fill="${fill}"/>`;
    })
    .join("");
}

/** Cells of equal style in a row are one text; each is stretched to its columns, whatever the font. */
function svg(terminal) {
  const parts = [];
  for (let y = 0; y < rows; y += 1) {
    const line = terminal.buffer.active.getLine(y);
    let run;
    const flush = () => {
      if (run === undefined) return;
      const left = padding + run.x * cellWidth;
      const width = run.columns * cellWidth;
      const inverse = run.inverse
        ? `<rect x="${left}" y="${padding + y * cellHeight}" width="${width}" height="${cellHeight}" fill="${foreground}"/>`
        : "";
      const weight = run.bold ? ' font-weight="bold"' : "";
      if (run.text.trim() !== "" || run.inverse) {
        parts.push(
          `${inverse}<text x="${left.toFixed(1)}" y="${(padding + y * cellHeight + 13.5).toFixed(1)}" fill="${run.inverse ? background : run.fill}"${weight} textLength="${width.toFixed(1)}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">${escaped(run.text)}</text>`,
        );
      }
      run = undefined;
    };
    for (let x = 0; x < columns; x += 1) {
      const cell = line?.getCell(x);
      if (cell === undefined || cell.getWidth() === 0) continue;
      const fill = cell.isFgPalette() ? colour(cell.getFgColor()) : foreground;
      const bold = cell.isBold() !== 0;
      const inverse = cell.isInverse() !== 0;
      const text = cell.getChars() || " ";
      if (/[\u2800-\u28ff]/.test(text)) {
        flush();
        parts.push(dots(text, x, y, fill));
        continue;
      }
      // Blanks need no style: they do not break a run.
      if (run !== undefined && text !== " " && (run.fill !== fill || run.bold !== bold || run.inverse !== inverse))
        flush();
      if (run !== undefined && text === " " && (run.inverse !== inverse || run.blanks > 1)) flush();
      if (run === undefined && text === " " && !inverse) continue;
      run ??= { x, columns: 0, text: "", fill, bold, inverse, blanks: 0 };
      run.text += text;
      run.columns += cell.getWidth();
      run.blanks = text === " " ? run.blanks + 1 : 0;
    }
    flush();
  }
  const width = Math.ceil(columns * cellWidth + 2 * padding);
  const height = rows * cellHeight + 2 * padding;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">`,
    `<title>secretscope's dashboard</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${background}"/>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

let end = () => {};
try {
  tmux(
    "-f",
    "/dev/null",
    "new-session",
    "-d",
    "-x",
    String(columns),
    "-y",
    String(rows),
    "-s",
    "p",
    "env",
    "LANG=C.UTF-8",
    "TERM=screen-256color",
    process.execPath,
    cli,
  );
  await shows("2 Holders");
  end = await workload();
  await sleep(watchSeconds * 1000);
  // -e keeps the colours; each row begins anew.
  const shown = tmux("capture-pane", "-p", "-e", "-t", "p").trimEnd().split("\n").slice(0, rows).join("\r\n");
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 0 });
  await new Promise((resolve) => terminal.write(shown, resolve));
  writeFileSync(new URL("dashboard.svg", import.meta.url), svg(terminal));
  tmux("send-keys", "-t", "p", "q");
  await sleep(3000);
  console.log("docs/dashboard.svg");
} finally {
  end();
  spawnSync("tmux", ["-L", server, "kill-server"], { stdio: "ignore" });
}
process.exit(0);
