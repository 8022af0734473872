import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { type Entry, follow, placesOf, RunHistory } from "../index.ts";
import { downsampled } from "./curves.ts";
import { Journal } from "./journal.ts";
import { readEntries, readTail } from "./reader.ts";
import { readStanding } from "./standing.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "coinage-journal-"));
afterAll(() => rmSync(work, { recursive: true }));
const placesIn = () => placesOf(mkdtempSync(path.join(work, "run-")));

const kept = (step: number) => ({ kind: "kept", step }) as const;
const linesOf = (file: string): Entry[] =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Entry);

describe("a journal", () => {
  test("numbers its events without gaps, over several processes", async () => {
    const { journal: file } = placesIn();
    for (const session of [1, 2, 3]) {
      const journal = await Journal.open(file);
      expect(journal.seq).toBe(2 * (session - 1));
      journal.append(kept(session));
      journal.append(kept(session));
      journal.close();
    }
    expect(linesOf(file).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("that a process left with half a line is read up to it, and gone on with after the last whole line", async () => {
    const { journal: file } = placesIn();
    const first = await Journal.open(file);
    first.append(kept(1));
    first.close();
    appendFileSync(file, '{"seq":2,"time":17,"kind":"ke');
    expect((await readEntries(file, 0)).entries.map(({ seq }) => seq)).toEqual([1]);
    expect((await readTail(file)).entries.map(({ seq }) => seq)).toEqual([1]);
    const second = await Journal.open(file);
    second.append(kept(2));
    second.close();
    expect(linesOf(file)).toMatchObject([{ seq: 1 }, { seq: 2, step: 2 }]);
  });

  test("with a damaged line is read around it", async () => {
    const { journal: file } = placesIn();
    writeFileSync(
      file,
      '{"seq":1,"time":1,"kind":"kept","step":1}\n\0\0\0\n{"seq":2,"time":2,"kind":"kept","step":2}\n',
    );
    expect((await readEntries(file, 0)).entries.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test("has numbers that are not finite as null, and no arrays", async () => {
    const { journal: file } = placesIn();
    const journal = await Journal.open(file);
    journal.append({ ...kept(Number.NaN), pixels: new Uint8Array(9) } as never);
    journal.close();
    expect(linesOf(file)).toEqual([
      { seq: 1, time: expect.any(Number), upMs: expect.any(Number), kind: "kept", step: null },
    ]);
  });

  test("is read in pieces without losing or repeating an event, wherever a piece ends", async () => {
    const { journal: file } = placesIn();
    const lines = Array.from({ length: 9000 }, (_, i) =>
      JSON.stringify({ seq: i + 1, time: 1, kind: "kept", step: "é".repeat(i % 150) }),
    );
    writeFileSync(file, `${lines.join("\n")}\n`);
    const seen: number[] = [];
    for (let at = 0; ; ) {
      const { entries, end, isAtEnd } = await readEntries(file, at, 10);
      seen.push(...entries.map(({ seq }) => seq));
      if (isAtEnd) break;
      at = end;
    }
    expect(seen).toEqual(lines.map((_, i) => i + 1).slice(10));
    const tail = await readTail(file);
    expect(tail).toMatchObject({ isWhole: false });
    expect(tail.entries.at(-1)?.seq).toBe(9000);
  });
});

test("how a run stands is the same whether its journal is read on or anew, also when another one has taken its place", async () => {
  const { journal: file } = placesIn();
  let before = await readStanding(file);
  const grown = async (text: string) => {
    appendFileSync(file, text);
    before = await readStanding(file, before);
    expect(before).toEqual(await readStanding(file));
    return before.digest;
  };
  const line = (seq: number, kind: string, more: object) => `${JSON.stringify({ seq, time: seq, kind, ...more })}\n`;
  await grown(line(1, "opened", { pid: 7 }) + line(2, "step", { step: 1, steps: 9 }));
  expect(await grown(line(3, "step", { step: 2, steps: 9 }).slice(0, 20))).toMatchObject({ seq: 2, step: 1 });
  expect(await grown(line(3, "step", { step: 2, steps: 9 }).slice(20))).toMatchObject({ step: 2, phase: "running" });
  expect(await grown(line(4, "closed", { outcome: "done" }))).toMatchObject({ session: "closed", pid: 7 });
  writeFileSync(file, "");
  expect(await grown(line(1, "opened", { pid: 8 }))).toMatchObject({ seq: 1, pid: 8, step: undefined });
});

describe("following a run", () => {
  test("gives what is there after an event, then what comes, half lines once they are whole, and ends by the signal", async () => {
    const places = placesIn();
    const journal = await Journal.open(places.journal);
    for (const step of [1, 2, 3]) journal.append(kept(step));
    const controller = new AbortController();
    const seen: number[] = [];
    for await (const { seq } of follow(places, 1, { signal: controller.signal, pollMs: 50 })) {
      seen.push(seq);
      if (seq === 3) {
        journal.append(kept(4));
        appendFileSync(places.journal, '{"seq":5,"time":1,"ki');
        setTimeout(() => appendFileSync(places.journal, 'nd":"kept","step":5}\n'), 120);
      }
      if (seq === 5) setTimeout(() => controller.abort(), 20);
    }
    journal.close();
    expect(seen).toEqual([2, 3, 4, 5]);
  });

  test("waits for a journal that is not there yet, and ends at once with a signal that is aborted already", async () => {
    const places = placesIn();
    for await (const _ of follow(places, 0, { signal: AbortSignal.abort() })) expect.unreachable();
    const found = follow(places, 0, { pollMs: 20 });
    const next = found.next();
    const journal = await Journal.open(places.journal);
    journal.append(kept(1));
    journal.close();
    expect((await next).value).toMatchObject({ seq: 1 });
    await found.return();
  });
});

describe("a curve of few points", () => {
  const peaks = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 500 });

  test("has no more points than asked for, in order, with the ends, the lowest and the highest of all", () => {
    fc.assert(
      fc.property(peaks, fc.integer({ min: 4, max: 60 }), (values, most) => {
        const curve = downsampled({ steps: values.map((_, i) => i), values }, most);
        expect(curve.steps.length).toBeLessThanOrEqual(most);
        expect(curve.steps).toEqual([...new Set(curve.steps)].sort((a, b) => a - b));
        expect([curve.steps[0], curve.steps.at(-1)]).toEqual([0, values.length - 1]);
        expect(Math.max(...curve.values)).toBe(Math.max(...values));
        expect(Math.min(...curve.values)).toBe(Math.min(...values));
        expect(curve.values).toEqual(curve.steps.map((step) => values[step]));
      }),
    );
  });

  test("forgets the steps that a resumed run makes again, leaves out what is not finite, and reads on", async () => {
    const places = placesIn();
    const history = new RunHistory(places);
    const curvesNow = async () => {
      await history.catchUp();
      return history.curves(100);
    };
    let seq = 0;
    const write = (event: object) =>
      appendFileSync(places.journal, `${JSON.stringify({ seq: ++seq, time: 1, ...event })}\n`);
    const step = (number: number, loss: number | null) => write({ kind: "step", step: number, loss, rowNorm: number });
    write({ kind: "start", run: {} });
    for (const number of [1, 2, 3, 4]) step(number, number === 2 ? null : number / 10);
    expect((await curvesNow()).loss).toEqual({ steps: [1, 3, 4], values: [0.1, 0.3, 0.4] });
    write({ kind: "start", run: { resumed: { step: 3 } } });
    step(4, 0.9);
    write({ kind: "evaluation", step: 4, loss: 0.7 });
    const now = await curvesNow();
    expect(history.seq).toBe(8);
    expect(now.loss).toEqual({ steps: [1, 3, 4], values: [0.1, 0.3, 0.9] });
    expect(now.rowNorm!.steps).toEqual([1, 2, 3, 4]);
    expect(now.evaluation).toEqual({ steps: [4], values: [0.7] });
  });
});
