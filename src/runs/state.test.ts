import { describe, expect, test } from "vitest";
import { likelyCause } from "./cause.ts";
import { type Digest, digestOf } from "./journal/digest.ts";
import type { Entry } from "./journal/events.ts";
import { hasRestartedSince, openedHere } from "./record.ts";
import { type RunFacts, stateOf } from "./state.ts";

const facts = (given: Partial<Omit<RunFacts, "digest">>, digest: Partial<RunFacts["digest"]> = {}): RunFacts => ({
  ...{ wanted: "run", isHeld: false, isStopAsked: false, start: undefined, ageMs: 3_600_000 },
  ...given,
  digest: { session: "none", phase: "starting", outcome: undefined, ...digest },
});
const open = { session: "open" } as const;
const closed = (outcome: Digest["outcome"]) => ({ session: "closed", outcome }) as const;

test.each<[state: string, facts: RunFacts]>([
  ["draft", facts({ wanted: "draft" })],
  ["queued", facts({ wanted: "queued" })],
  ["queued", facts({ wanted: "queued" }, closed("stopped"))],
  ["queued", facts({ wanted: "queued" }, open)],
  ["starting", facts({ ageMs: 1000 })],
  ["starting", facts({ isHeld: true })],
  ["queued", facts({ wanted: "queued", start: { isAlive: true } })],
  ["starting", facts({ isHeld: true, start: { isAlive: true } }, closed("stopped"))],
  ["starting", facts({ start: { isAlive: true } }, closed("stopped"))],
  ["starting", facts({ start: { isAlive: true } }, open)],
  ["failed", facts({ start: { isAlive: false } })],
  ["failed", facts({ start: { isAlive: false } }, closed("stopped"))],
  ["starting", facts({ isHeld: true }, { ...open, phase: "starting" })],
  ["running", facts({ isHeld: true }, { ...open, phase: "running" })],
  ["sampling", facts({ isHeld: true }, { ...open, phase: "sampling" })],
  ["stopping", facts({ isHeld: true }, { ...open, phase: "stopping" })],
  ["stopping", facts({ isHeld: true, isStopAsked: true }, { ...open, phase: "sampling" })],
  ["stopped", facts({}, closed("stopped"))],
  ["stopped", facts({ isHeld: true }, closed("stopped"))],
  ["done", facts({}, closed("done"))],
  ["failed", facts({}, closed("failed"))],
  ["lost", facts({})],
  ["lost", facts({}, { ...open, phase: "running" })],
  ["lost", facts({ ageMs: 0 }, { ...open, phase: "stopping" })],
])("%s: what a folder tells, case %#", (state, given) => {
  expect(stateOf(given)).toBe(state);
});

const entry = (seq: number, event: object): Entry => ({ seq, time: seq * 1000, ...event }) as Entry;
const opened = { kind: "opened", pid: 7, host: "here", version: "1" };
const started = { kind: "start", run: { steps: 9 } };
const step = { kind: "step", step: 1, steps: 9, loss: 0.5, averageLoss: 0.5, remainingSeconds: 8 };

describe("how a run stands by its events", () => {
  test.each<[name: string, events: readonly object[], expected: Partial<Digest>]>([
    ["nothing yet", [], { session: "none", seq: 0 }],
    ["opened", [opened], { session: "open", phase: "starting", pid: 7 }],
    ["the model is loaded", [opened, started], { phase: "starting", step: 0, steps: 9 }],
    ["a step", [opened, started, step], { phase: "running", step: 1, loss: 0.5, remainingSeconds: 8 }],
    ["an image begins", [opened, step, { kind: "sampling" }], { phase: "sampling" }],
    ["an image ends", [opened, step, { kind: "sampling" }, { kind: "sample" }], { phase: "running" }],
    [
      "an image is given up",
      [opened, step, { kind: "sampling" }, { kind: "answer", command: "sample", problem: "?" }],
      { phase: "running" },
    ],
    ["asked to stop", [opened, step, { kind: "answer", command: "stop" }, step], { phase: "stopping" }],
    ["a command refused", [opened, step, { kind: "answer", command: "stop", problem: "?" }], { phase: "running" }],
    ["done", [opened, step, { kind: "closed", outcome: "done" }], { session: "closed", outcome: "done" }],
    [
      "opened again",
      [opened, { kind: "closed", outcome: "failed", problem: {} }, opened],
      { outcome: undefined, problem: undefined },
    ],
    ["an event of a later version", [opened, step, { kind: "telepathy" }], { phase: "running", seq: 3 }],
  ])("%s", (_, events, expected) => {
    expect(
      digestOf(
        events.map((event, i) => entry(i + 1, event)),
        true,
      ),
    ).toMatchObject(expected);
  });

  test("the last events alone tell the same of a run that is under way", () => {
    expect(digestOf([entry(900, step)], false)).toMatchObject({ session: "open", phase: "running", seq: 900 });
    expect(digestOf([entry(900, { kind: "memory" })], false)).toMatchObject({ session: "open", phase: "running" });
  });
});

describe("why a run was lost", () => {
  const memory = (freeBytes: number): Digest["memory"] =>
    entry(1, { kind: "memory", rssBytes: 7e9, peakBytes: 7.5e9, freeBytes, totalBytes: 8e9 }) as Digest["memory"];
  const digest = (free?: number) =>
    ({ phase: "running", time: 1, memory: free === undefined ? undefined : memory(free) }) as const;
  const [gone, room] = [{ hasRestarted: true }, { hasRestarted: false, freeBytes: 1e9 }];

  test.each([
    ["a restart", { end: undefined, digest: digest(1e8), ...gone, freeBytes: 1e9 }, /restarted/, false],
    [
      "a kill when memory was short",
      { end: { signal: "SIGKILL" }, digest: digest(1e8), ...room },
      /want of memory.*7\.5 GB.*0\.1 of 8\.0/,
      true,
    ],
    ["the same seen by a shell", { end: { code: 137 }, digest: digest(1e8), ...room }, /want of memory/, true],
    [
      "nobody has seen the end, and memory was short",
      { end: undefined, digest: digest(1e8), ...room },
      /want of memory/,
      true,
    ],
    ["a kill when there was memory", { end: { code: 137 }, digest: digest(4e9), ...room }, /from outside/, false],
    ["a crash", { end: { code: 139 }, digest: digest(), ...room }, /crashed \(SIGSEGV\)/, false],
    ["a crash on Windows", { end: { code: 0xc0000005 }, digest: digest(), ...room }, /crashed/, false],
    ["another signal", { end: { signal: "SIGTERM" }, digest: digest(), ...room }, /SIGTERM/, false],
    ["another code", { end: { code: 7 }, digest: digest(), ...room }, /exit code 7/, false],
    [
      "a code when the disk is full",
      { end: { code: 1 }, digest: digest(), hasRestarted: false, freeBytes: 0 },
      /disk is full/,
      false,
    ],
    ["nothing is known", { end: undefined, digest: digest(4e9), ...room }, /nothing is known/, false],
  ])("%s", (_, lost, said, isForMemory) => {
    const cause = likelyCause(lost);
    expect(cause.text).toMatch(said);
    expect(cause.isForMemory).toBe(isForMemory);
  });

  test("not a restart of the machine because its clock was set", () => {
    const opened = openedHere();
    expect(hasRestartedSince({ ...opened, bootedMs: opened.bootedMs - 3 * 3_600_000 })).toBe(opened.boot === undefined);
    expect(hasRestartedSince({ ...opened, boot: "another" })).toBe(opened.boot !== undefined);
    expect(hasRestartedSince({ ...opened, host: "elsewhere", boot: "another" })).toBe(false);
    // on a system without boot ids
    const { boot: _, upMs = 0, ...unnamed } = opened;
    const hour = 3_600_000;
    expect(hasRestartedSince({ ...unnamed, upMs })).toBe(false);
    expect(hasRestartedSince({ ...unnamed, bootedMs: opened.bootedMs - 2 * hour - upMs, upMs: hour })).toBe(true);
    expect(hasRestartedSince({ ...unnamed, bootedMs: opened.bootedMs - hour, upMs: upMs + hour })).toBe(true);
    const isSetForward = { ...unnamed, bootedMs: opened.bootedMs - upMs / 2, upMs };
    expect(hasRestartedSince(isSetForward)).toBe(false);
    // of an earlier version
    expect(hasRestartedSince({ ...unnamed, bootedMs: opened.bootedMs - hour })).toBe(true);
  });
});
