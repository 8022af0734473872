import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const source = fileURLToPath(new URL("../src", import.meta.url));

/** Rooms from top to bottom, as in docs/design.md: a room imports only from rows below its own. */
const rows = [
  ["cli"],
  ["."],
  ["studio", "sweep"],
  ["cluster", "reporters", "runs"],
  ["training"],
  ["generation", "inspect", "report"],
  ["pipeline"],
  ["networks"],
  ["dataset", "embedding", "training/optimizers", "training/lr-schedules"],
  ["models", "tokenizer", "options", "hub", "assets"],
  ["checkpoint", "runtime"],
  ["diffusion"],
  ["graph", "random", "pictures", "verdict"],
  ["files", "power"],
  ["formats/*"],
  ["formats/zip", "formats/protobuf", "formats/json"],
  ["array"],
  ["budget"],
  ["errors", "events"],
];

/** Rooms inside a room, with a door of their own. */
const innerRooms = ["training/optimizers", "training/lr-schedules"];

/** Rooms that must run in a browser: they must not import Node's or native modules. */
const portableRooms = [
  "graph",
  "models",
  "diffusion",
  "tokenizer",
  "random",
  "array",
  "budget",
  "errors",
  "verdict",
  "formats/safetensors",
  "formats/onnx",
  "formats/protobuf",
  "formats/json",
  "training/optimizers",
  "training/lr-schedules",
];

interface Import {
  readonly file: string;
  readonly room: string;
  readonly target: string;
}

function roomOf(file: string): string {
  const parts = path.relative(source, file).split(path.sep);
  if (parts.length === 1) return ".";
  const inner = `${parts[0]}/${parts[1]}`;
  return parts[0] === "formats" || innerRooms.includes(inner) ? inner : parts[0]!;
}

function sourceFiles(): string[] {
  return filesIn(source).filter((file) => !file.endsWith(".test.ts"));
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .map((name) => path.join(folder, name));
}

function imports(): Import[] {
  return sourceFiles().flatMap((file) => {
    const text = readFileSync(file, "utf8");
    const targets = [...text.matchAll(/(?:\bfrom|^\s*import)\s*["']([^"']+)["']/gm)].map((match) => match[1]!);
    const dynamic = [...text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g)].map((match) => match[1]!);
    return [...targets, ...dynamic].map((target) => ({ file, room: roomOf(file), target }));
  });
}

function rowOf(room: string): number {
  const own = rows.findIndex((row) => row.includes(room));
  return own < 0 && room.startsWith("formats/") ? rows.findIndex((row) => row.includes("formats/*")) : own;
}

describe("rooms", () => {
  const all = imports();
  const between = all
    .filter(({ target }) => target.startsWith("."))
    .map((entry) => ({ ...entry, path: path.resolve(path.dirname(entry.file), entry.target) }))
    .map((entry) => ({ ...entry, other: roomOf(entry.path) }))
    .filter(({ room, other }) => room !== other);

  test("every room stands in a row", () => {
    expect(all.filter(({ room }) => rowOf(room) < 0).map(({ file }) => file)).toEqual([]);
  });

  test("docs/design.md has them from top to bottom", () => {
    const page = readFileSync(path.join(source, "../docs/design.md"), "utf8").replaceAll("\r\n", "\n");
    const [table] = /^\| room \|[\s\S]*?\n\n/m.exec(page)!;
    const cells = [...table.matchAll(/^\| (`[^|]+`) \|/gm)].map((match) => match[1]!);
    const listed = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!));
    const outer = rows.flat().filter((room) => !innerRooms.includes(room) && !/^formats\/\w/.test(room));
    expect(listed).toEqual(outer.map((room) => (room === "." ? "src/*.ts" : room)));
  });

  test("another room is entered by its door", () => {
    const sneaking = between.filter(({ path: target }) => path.basename(target) !== "index.ts");
    expect(sneaking.map(({ file, target }) => `${file}: ${target}`)).toEqual([]);
  });

  test("arrows point down", () => {
    const upward = between.filter(({ room, other }) => rowOf(room) >= rowOf(other));
    expect(upward.map(({ room, other, file }) => `${room} -> ${other} in ${file}`)).toEqual([]);
  });

  test("portable rooms import nothing of Node", () => {
    const native = all.filter(({ room, target }) => portableRooms.includes(room) && !target.startsWith("."));
    expect(native.map(({ file, target }) => `${file}: ${target}`)).toEqual([]);
    const leaking = between.filter(({ room, other }) => portableRooms.includes(room) && !portableRooms.includes(other));
    expect(leaking.map(({ room, other, file }) => `${room} -> ${other} in ${file}`)).toEqual([]);
  });
});

test("the thread that every device waits for imports little", () => {
  const files = ["worker.ts", "graph-cache.ts", "messages.ts"].map((name) => path.join(source, "runtime", name));
  const own = files.map((file) => `./${path.basename(file)}`);
  const targets = imports().filter(({ file, target }) => files.includes(file) && !own.includes(target));
  const others = targets.filter(({ target }) => !target.startsWith("node:"));
  expect([...new Set(others.map(({ target }) => target))].sort()).toEqual(["../array/index.ts", "onnxruntime-node"]);
});

test("TextDecoder reads UTF-8 alone: its latin1 and ascii are windows-1252, which Node 20 and later ones read differently", () => {
  const others = sourceFiles().filter((file) => /new TextDecoder\((?!\)|"utf-8")/.test(readFileSync(file, "utf8")));
  expect(others).toEqual([]);
});

test("only the room of arrays looks at the buffer behind an array, which may hold other bytes of the process", () => {
  const lookers = sourceFiles().filter(
    (file) => roomOf(file) !== "array" && /\.buffer\b/.test(readFileSync(file, "utf8")),
  );
  expect(lookers).toEqual([]);
});

describe("what a reader can take in", () => {
  test("no file has more than 400 lines, generated ones aside", () => {
    const texts = sourceFiles().map((file) => ({ file, text: readFileSync(file, "utf8") }));
    const written = texts.filter(({ text }) => !/^\/\/ Made from .* by `npm run docs`\./.test(text));
    expect(written.filter(({ text }) => text.split("\n").length > 400).map(({ file }) => file)).toEqual([]);
  });

  test("no folder has more than 15 files side by side, tests aside", () => {
    const folders = sourceFiles().map((file) => path.relative(source, path.dirname(file)));
    const counts = [...new Set(folders)].map((folder) => [folder, folders.filter((one) => one === folder).length]);
    expect(counts.filter(([, count]) => Number(count) > 15)).toEqual([]);
  });
});

test("a comment names no page that is not in the repository", () => {
  const root = path.dirname(source);
  const written = [source, path.join(root, "test"), path.join(root, "bench"), path.join(root, "scripts")].flatMap(
    filesIn,
  );
  const pages = new Set(readdirSync(path.join(root, "docs")));
  const unknown = written.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(/^\s*(?:\/\/|\/?\*).*?\b([\w-]+\.md)\b/gm)]
      .map((match) => match[1]!)
      .filter((page) => page !== "README.md" && !pages.has(page))
      .map((page) => `${file}: ${page}`),
  );
  expect(unknown).toEqual([]);
});
