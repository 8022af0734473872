import path from "node:path";
import { describe, expect, test } from "vitest";
import { studioRoutes } from "../../../test/studio.ts";
import { writtenRun } from "../../../test/written-run.ts";
import { type Entry, RunSession, readRecord, takeRun } from "../../runs/index.ts";
import { idOf, positionsIn, thinned } from "./messages.ts";

const { ask, work } = studioRoutes();
const aloneStudio = studioRoutes();

const newRun = (name: string) => writtenRun(path.join(work, "runs"), name);

/** The messages of a stream, in order. */
function messagesOf(answer: Response) {
  const reader = answer.body!.getReader();
  const decoder = new TextDecoder();
  let text = "";
  /** The messages up to the first that fits. */
  async function until(fits: (message: string) => boolean): Promise<string[]> {
    const messages: string[] = [];
    for (;;) {
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        messages.push(text.slice(0, end));
        text = text.slice(end + 2);
        if (fits(messages.at(-1)!)) return messages;
      }
      const { value, done } = await reader.read();
      if (done) throw new Error("the stream has ended");
      text += decoder.decode(value, { stream: true });
    }
  }
  return { until, end: () => reader.cancel() };
}

/** Messages of a stream until one fits; then the stream is left. */
async function until(answer: Response, fits: (message: string) => boolean): Promise<string[]> {
  const reader = messagesOf(answer);
  const messages = await reader.until(fits);
  await reader.end();
  return messages;
}

describe("events", () => {
  test("go on after the last one that is known, for each run", async () => {
    const [one, two] = [await newRun("cat"), await newRun("dog")];
    for (const run of [one, two])
      for (const word of ["a", "b", "c"]) run.write("warning", { code: word, message: word });
    const last = idOf(
      new Map([
        [one.id, 1],
        [two.id, 2],
      ]),
    );
    const answer = await ask("GET", `/api/events?runs=${one.id},${two.id}`, { headers: { "last-event-id": last } });
    expect(answer.headers.get("content-type")).toContain("text/event-stream");
    const whole = idOf(
      new Map([
        [one.id, 3],
        [two.id, 3],
      ]),
    );
    const messages = await until(answer, (message) => message.includes(`id: ${whole}`));
    const told = messages.filter((message) => message.includes("event: warning"));
    expect(told).toHaveLength(3);
    expect(told.every((message) => !message.includes('"code":"a"'))).toBe(true);
  });

  test("go on after what the address says, for a first connection", async () => {
    const run = await newRun("bowl");
    for (const word of ["a", "b", "c"]) run.write("warning", { code: word, message: word });
    const after = encodeURIComponent(idOf(new Map([[run.id, 2]])));
    const answer = await ask("GET", `/api/events?runs=${run.id}&after=${after}`);
    const messages = await until(answer, (message) => message.includes("event: warning"));
    expect(messages.filter((message) => message.includes("event: warning"))).toEqual([
      expect.stringContaining('"code":"c"'),
    ]);
  });

  test("without a known one begin with what happens from now on", async () => {
    const run = await newRun("lamp");
    run.write("warning", { code: "OLD", message: "old" });
    const answer = await ask("GET", `/api/events?runs=${run.id}`);
    run.write("warning", { code: "NEW", message: "new" });
    const messages = await until(answer, (message) => message.includes('"NEW"'));
    expect(messages.some((message) => message.includes('"OLD"'))).toBe(false);
  });

  test("tell of every run when it changes", async () => {
    const run = await newRun("cup");
    const answer = await ask("GET", "/api/events");
    const messages = await until(answer, (message) => message.includes(run.id));
    expect(messages.some((message) => message.startsWith("event: run\n"))).toBe(true);
  });

  test("tell of a run whose events are told, too, when its state changes, and not with each step", async () => {
    const run = await newRun("mug");
    const lock = await takeRun(run.places);
    const step = (at: number) => run.write("step", { step: at, steps: 9, loss: 1 / at });
    run.write("opened", { pid: 1, host: "here", version: "1" });
    const reader = messagesOf(await ask("GET", `/api/events?runs=${run.id}`));
    const isRow = (message: string) => message.startsWith(`event: run\ndata: {"id":"${run.id}"`);
    await reader.until((message) => isRow(message) && message.includes('"state":"starting"'));
    step(1);
    await reader.until((message) => isRow(message) && message.includes('"state":"running"'));
    step(2);
    await reader.until((message) => message.includes('"step":2'));
    // more than one look at all runs
    const other = await newRun("jug");
    await reader.until((message) => message.includes(`{"id":"${other.id}"`));
    step(3);
    const last = await newRun("tub");
    const told = await reader.until((message) => message.includes(`{"id":"${last.id}"`));
    expect(told.filter(isRow)).toEqual([]);
    run.write("stopping", { reason: "signal" });
    await reader.until((message) => isRow(message) && message.includes('"state":"stopping"'));
    await reader.end();
    await lock.release();
  });

  test("tell of a run that goes away, of the queue, and which run has the device", async () => {
    const { ask: askAlone, work: alone } = aloneStudio;
    const runs = path.join(alone, "runs");
    const [run, held] = [await writtenRun(runs, "gone"), await writtenRun(runs, "held")];
    run.write("opened", { pid: 1, host: "here", version: "1" });
    run.write("closed", { outcome: "stopped" });
    held.write("opened", { pid: 1, host: "here", version: "1" });
    const lock = await takeRun(held.places);
    const answer = await askAlone("GET", "/api/events");
    const reader = messagesOf(answer);
    await reader.until((message) => message.includes(`event: run\ndata: {"id":"${run.id}"`));
    await reader.until((message) => message === `event: device\ndata: {"run":"${held.id}"}`);
    // it waits for the run that another program has started
    await askAlone("POST", `/api/runs/${run.id}/resume`, { body: {} });
    await reader.until((message) => message === `event: queue\ndata: {"queue":["${run.id}"]}`);
    await askAlone("DELETE", `/api/runs/${run.id}`);
    const rest = await reader.until((message) => message === `event: gone\ndata: {"id":"${run.id}"}`);
    expect(rest).not.toContainEqual(expect.stringContaining('"state":"starting"'));
    await lock.release();
    await reader.until((message) => message === 'event: device\ndata: {"run":null}');
    await reader.end();
  });

  test("tell within five seconds of a run that ended long ago and that another program goes on with", async () => {
    const { ask: askAlone, work: alone } = aloneStudio;
    const { id, places, write } = await writtenRun(path.join(alone, "runs"), "old");
    const hourAgo = { time: Date.now() - 3_600_000 };
    write("opened", { pid: 1, host: "here", version: "1", ...hourAgo });
    write("closed", { outcome: "done", ...hourAgo });
    const reader = messagesOf(await askAlone("GET", "/api/events"));
    const isOf = (message: string) => message.startsWith(`event: run\ndata: {"id":"${id}"`);
    await reader.until((message) => isOf(message) && message.includes('"state":"done"'));
    const opened = performance.now();
    const lock = await takeRun(places);
    const session = await RunSession.open(places, await readRecord(places), "1.2.3");
    await reader.until((message) => isOf(message) && message.includes('"state":"starting"'));
    expect(performance.now() - opened).toBeLessThan(5000);
    await session.close("stopped");
    await lock.release();
    await reader.end();
  });

  test.each(["..", "a/b", "%00", "C:"])("of a run %j are refused", async (run) => {
    expect((await ask("GET", `/api/events?runs=${run}`)).status).toBe(400);
  });
});

test("an id tells where each run stands, whatever its name is, and what is none is not read", () => {
  const positions = new Map([
    ["2026-11-22_1432_日本,a:1", 12],
    ["ü", 0],
  ]);
  expect(positionsIn(idOf(positions))).toEqual(positions);
  expect(idOf(positions)).toMatch(/^[\x21-\x7e]+$/);
  for (const text of ["", "a", "a:b", "a:1,,b:2", "%zz:1"]) expect(positionsIn(text)).toBeUndefined();
});

test("of steps in quick succession the newest is told, of everything else all, in their order", async () => {
  const entry = (seq: number, kind: string) => ({ seq, time: 0, kind }) as unknown as Entry;
  const given = [...Array(1000)].map((_, i) => entry(i + 1, (i + 1) % 100 === 0 ? "saved" : "step"));
  const told: Entry[] = [];
  for await (const one of thinned(
    (async function* () {
      yield* given;
    })(),
    60_000,
  ))
    told.push(one);
  expect(told.filter(({ kind }) => kind === "saved")).toHaveLength(10);
  expect(told.map(({ seq }) => seq)).toEqual(told.map(({ seq }) => seq).sort((a, b) => a - b));
  expect(told.length).toBeLessThan(25);
});

describe("steps that people can follow", () => {
  const steps = [0, 250, 500, 750].map((time, i) => ({ seq: i + 1, time, kind: "step" }) as Entry);

  test("are told one by one, at once", async () => {
    let told = (): void => {};
    const stream = thinned(
      (async function* () {
        for (const step of steps) {
          yield step;
          await new Promise<void>((resolve) => {
            told = resolve;
          });
        }
      })(),
      60_000,
    );
    for (const step of steps) {
      expect((await stream.next()).value).toEqual(step);
      told();
    }
  });

  test("are told by the newest where they were missed", async () => {
    const stream = thinned(
      (async function* () {
        yield* steps;
        await new Promise<never>(() => {});
      })(),
      60_000,
    );
    expect((await stream.next()).value).toEqual(steps.at(-1));
  });
});

describe("a run", () => {
  test("is listed, told to stop, and its files are given by listed names alone", async () => {
    const run = await newRun("pot");
    const { runs } = (await (await ask("GET", "/api/runs")).json()) as { runs: { id: string }[] };
    expect(runs.map(({ id }) => id)).toContain(run.id);
    const stop = () => ask("POST", `/api/runs/${run.id}/stop`, { body: {}, headers: { "idempotency-key": "once" } });
    const [first, second] = [await (await stop()).json(), await (await stop()).json()];
    expect(second).toEqual(first);
    for (const name of ["..%2frun.json", "run.json", "%2e%2e", "x.svg"])
      expect([400, 404]).toContain((await ask("GET", `/api/runs/${run.id}/files/samples/${name}`)).status);
    expect((await ask("GET", "/api/runs/nothing")).status).toBe(404);
  });
});
