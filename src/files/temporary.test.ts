import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { folderOrPrevious, writeFileAtomically, writeFolderAtomically } from "./index.ts";
import { ownProcess } from "./owner.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-temporary-"));
afterAll(() => rmSync(work, { recursive: true }));

/** Runs lines of a module, with the room's functions, in another process. */
function inProcess(...lines: readonly string[]): ChildProcess {
  const room = JSON.stringify(import.meta.resolve("./index.ts"));
  const inner = JSON.stringify(import.meta.resolve("./temporary.ts"));
  const program = [
    `const files = await import(${room});`,
    `const { temporaryName } = await import(${inner});`,
    'const { writeFileSync, mkdirSync } = await import("node:fs");',
    ...lines,
  ];
  return spawn(
    process.execPath,
    ["--import", import.meta.resolve("tsx"), "--input-type=module", "--eval", program.join("\n")],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
}

function newFolder(name: string): string {
  const folder = path.join(work, name);
  mkdirSync(folder);
  return folder;
}

/** A temporary name for a file of this machine, by the process that it names. */
function nameOf(base: string, { pid = process.pid, start = ownProcess().start, place = ownProcess().place } = {}) {
  return `.${base}.${place}-${pid}-${start}-00000000.part`;
}

test("what a killed process left is removed by the next one that writes there, and what a living one is writing stays", async () => {
  const folder = newFolder("killed");
  const file = JSON.stringify(path.join(folder, "word.pt"));
  const state = JSON.stringify(path.join(folder, "word-state"));
  const leave = [
    `writeFileSync(temporaryName(${file}, "part"), "half");`,
    `mkdirSync(temporaryName(${state}, "part"));`,
    'console.log("ready"); setInterval(() => {}, 1000);',
  ];
  const [dead, living] = [inProcess(...leave), inProcess(...leave)];
  await Promise.all([dead, living].map(({ stdout }) => once(stdout!, "data")));
  dead.kill("SIGKILL");
  await once(dead, "close");
  await writeFileAtomically(path.join(folder, "other.pt"), "");
  const left = readdirSync(folder);
  living.kill("SIGKILL");
  await once(living, "close");
  expect(left.filter((name) => name !== "other.pt")).toEqual([
    expect.stringContaining(`-${living.pid}-`),
    expect.stringContaining(`-${living.pid}-`),
  ]);
});

test("a process id that the system has reused does not make the dead process look alive", async () => {
  const folder = newFolder("number");
  const mine = nameOf("word.pt");
  for (const name of [mine, nameOf("word.pt", { start: "00000000" })]) writeFileSync(path.join(folder, name), "");
  await writeFileAtomically(path.join(folder, "other.pt"), "");
  expect(readdirSync(folder)).toEqual([mine, "other.pt"]);
});

test("what another machine is writing stays for a day", async () => {
  const folder = newFolder("elsewhere");
  const [fresh, old] = [nameOf("fresh.pt", { place: "00000000" }), nameOf("old.pt", { place: "00000000" })];
  for (const name of [fresh, old]) writeFileSync(path.join(folder, name), "");
  utimesSync(path.join(folder, old), 1, 1);
  await writeFileAtomically(path.join(folder, "other.pt"), "");
  expect(readdirSync(folder)).toEqual([fresh, "other.pt"]);
});

test("what earlier versions left is removed, too, but nothing of other programs", async () => {
  const folder = newFolder("earlier");
  const others = [".mine.part", ".notes.txt.99999999.part", "word.part", ".word.pt.part"];
  // files from before this process started, under its pid
  const left = [".word.safetensors.99999999.part", "..coinage-can-write.99999999.part", `.a.npz.${process.pid}.part`];
  for (const name of [...others, ...left]) writeFileSync(path.join(folder, name), "");
  for (const name of [".word-state.part", ".word-state.previous", "word-state"]) mkdirSync(path.join(folder, name));
  for (const name of [".word-state.part", ".word-state.previous", left[2]!]) utimesSync(path.join(folder, name), 1, 1);
  await writeFileAtomically(path.join(folder, "other.pt"), "");
  expect(readdirSync(folder).sort()).toEqual([...others, "other.pt", "word-state"].sort());
});

test("a folder that a killed process had moved aside is found until it is rewritten, and is never cleaned up", async () => {
  const folder = newFolder("aside");
  const state = path.join(folder, "word-state");
  await writeFolderAtomically(state, { old: "1" });
  const aside = path.join(folder, nameOf("word-state", { start: "00000000" }).replace(/part$/, "previous"));
  renameSync(state, aside);
  const fresh = inProcess(`await files.writeFileAtomically(${JSON.stringify(path.join(folder, "word.pt"))}, "");`);
  await once(fresh, "close");
  expect(await folderOrPrevious(state)).toBe(aside);
  await writeFolderAtomically(state, { new: "2" });
  expect(readdirSync(folder)).toEqual(["word-state", "word.pt"]);
});

test("two processes that write one folder and one file do not disturb each other", async () => {
  const folder = newFolder("shared");
  const [state, file] = [path.join(folder, "word-state"), path.join(folder, "word.pt")].map((name) =>
    JSON.stringify(name),
  );
  const loop = `for (let i = 0; i < 60; i++) {
    await files.writeFolderAtomically(${state}, { a: String(process.pid), b: String(process.pid) });
    await files.writeFileAtomically(${file}, String(process.pid));
  }`;
  const writers = [inProcess(loop), inProcess(loop)];
  expect(await Promise.all(writers.map((writer) => once(writer, "close")))).toEqual([
    [0, null],
    [0, null],
  ]);
  expect(readdirSync(folder)).toEqual(["word-state", "word.pt"]);
  expect(readdirSync(path.join(folder, "word-state"))).toEqual(["a", "b"]);
});

test("the longest name that the disk allows can be written", async () => {
  const folder = newFolder("long");
  const [file, state] = [`${"ä".repeat(120)}.pt`, `${"w".repeat(249)}-state`];
  await writeFileAtomically(path.join(folder, file), "1");
  await writeFolderAtomically(path.join(folder, state), { a: "1" });
  await writeFolderAtomically(path.join(folder, state), { a: "2" });
  expect(readdirSync(folder).sort()).toEqual([file, state].sort());
});
