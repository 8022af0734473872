import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { isStopWaiting, takeCommands } from "./control.ts";
import {
  type Entry,
  follow,
  makeRunFolder,
  newRecord,
  noteStart,
  type RunCommand,
  type RunPlaces,
  RunSession,
  readRun,
  sendCommand,
  startMark,
  takeRun,
  writeRecord,
} from "./index.ts";

const root = mkdtempSync(path.join(os.tmpdir(), "coinage-control-"));
afterAll(() => rmSync(root, { recursive: true }));
afterEach(() => vi.useRealTimers());

const record = newRecord({ id: "x", name: "x", word: "x", wanted: "run", version: "0.1.0" });

test("commands are found in the order they were given, once", async () => {
  const places = makeRunFolder(root, "order");
  const given: RunCommand[] = [
    { command: "sample", prompt: "a", seed: 4 },
    { command: "save" },
    { command: "set", sampleEvery: 0 },
  ];
  const ids: string[] = [];
  for (const [i, command] of given.entries()) {
    while (i > 0 && Date.now() <= Number(ids[i - 1]!.slice(0, 15))) await new Promise(setImmediate);
    ids.push(await sendCommand(places, command));
  }
  expect(await isStopWaiting(places)).toBe(false);
  expect(await takeCommands(places)).toEqual(given.map((asked, i) => ({ id: ids[i], asked })));
  expect(await takeCommands(places)).toEqual([]);
});

test.each([
  ["no JSON", "{", /JSON/],
  ["another kind of value", "[]", /no command/],
  ["an unknown command", '{"command":"dance"}', /"dance": stop, stopNow/],
  ["a missing prompt", '{"command":"sample"}', /prompt/],
  ["a seed that is none", '{"command":"sample","prompt":"a","seed":-1}', /seed/],
  ["a key that has no meaning", '{"command":"stop","when":"later"}', /when/],
])("%s is said to be wrong, and goes away", async (_, text, problem) => {
  const places = makeRunFolder(root, "wrong");
  writeFileSync(path.join(places.control, "a.json"), text);
  writeFileSync(path.join(places.control, ".b.json"), text);
  expect(await takeCommands(places)).toEqual([
    {
      id: "a",
      asked: { command: expect.any(String), problem: expect.stringMatching(problem) },
    },
  ]);
  expect(readdirSync(places.control)).toEqual([".b.json"]);
});

/** The first `count` answers to a run's commands. */
async function answers(places: RunPlaces, count: number, afterSeq = 0): Promise<Extract<Entry, { kind: "answer" }>[]> {
  const found: Extract<Entry, { kind: "answer" }>[] = [];
  for await (const entry of follow(places, afterSeq, { pollMs: 20 })) {
    if (entry.kind === "answer") found.push(entry);
    if (found.length === count) break;
  }
  return found;
}

test("a session obeys what it is told, answers each command, and stop pressed twice stops once", async () => {
  const places = makeRunFolder(root, "session");
  await writeRecord(places, record);
  const lock = await takeRun(places);
  const session = await RunSession.open(places, record, "0.1.0");
  const ids = [await sendCommand(places, { command: "set", sampleEvery: 5 })];
  let asked = session.commands();
  while (asked.length === 0) {
    await new Promise(setImmediate);
    asked = session.commands();
  }
  expect(asked).toMatchObject([{ command: "set", sampleEvery: 5 }]);
  asked[0]!.answer("not now");
  writeFileSync(path.join(places.control, "bad.json"), "?");
  ids.push(await sendCommand(places, { command: "stop" }), await sendCommand(places, { command: "stop" }));
  const found = await answers(places, 4);
  expect(found.find(({ id }) => id === ids[0])).toMatchObject({ command: "set", problem: "not now" });
  expect(found.find(({ id }) => id === "bad")).toMatchObject({ problem: expect.stringContaining("JSON") });
  expect(found.filter(({ command }) => command === "stop").map(({ problem }) => problem)).toEqual([
    undefined,
    undefined,
  ]);
  expect([session.stop.aborted, session.now.aborted]).toEqual([true, false]);
  expect(await readRun(places)).toMatchObject({ state: "stopping" });
  await session.close("stopped");
  await lock.release();
  expect(await readRun(places)).toMatchObject({ state: "stopped" });
  expect(JSON.parse(readFileSync(places.record, "utf8"))).toMatchObject({
    wanted: "run",
    process: { pid: process.pid },
  });
});

test("what was meant for an earlier process is not obeyed by the next", async () => {
  const places = makeRunFolder(root, "late");
  await writeRecord(places, record);
  await (await RunSession.open(places, record, "0.1.0")).close("stopped");
  await sendCommand(places, { command: "stop" });
  const session = await RunSession.open(places, record, "0.1.0");
  expect(await answers(places, 1)).toMatchObject([{ command: "stop", problem: "The run had ended." }]);
  expect(session.stop.aborted).toBe(false);
  await session.close("done");
});

test.each([0, -3, 3])(
  "what is asked while the process of a run is starting is obeyed by it, and nothing that was asked before, when the clock is set by %d hours meanwhile",
  async (hours) => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const places = makeRunFolder(root, "early");
    await writeRecord(places, record);
    await (await RunSession.open(places, record, "0.1.0")).close("stopped");
    const late = await sendCommand(places, { command: "stopNow" });
    vi.setSystemTime(Date.now() + hours * 3_600_000);
    await noteStart(places, await startMark(places), process.pid);
    expect(await readRun(places)).toMatchObject({ state: "starting" });
    await sendCommand(places, { command: "stop" });
    const session = await RunSession.open(places, record, "0.1.0");
    const [first, second] = (await answers(places, 2)).sort((a) => (a.id === late ? -1 : 1));
    expect([first, second]).toMatchObject([{ id: late, problem: "The run had ended." }, { command: "stop" }]);
    expect([session.stop.aborted, session.now.aborted]).toEqual([true, false]);
    await session.close("stopped");
    expect(await readRun(places)).toMatchObject({ state: "stopped" });
  },
);
