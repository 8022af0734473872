import { expect, test } from "vitest";
import { arrayOf, bytesOf } from "../../array/index.ts";
import { clipMerges, tinySdFolder } from "../../assets/index.ts";
import { openCheckpoint, tokenRows, tokenTables } from "../../checkpoint/index.ts";
import { diffusionModel } from "../../models/index.ts";
import { Networks } from "../../networks/index.ts";
import { plainVocabulary } from "../../pipeline/index.ts";
import { openRuntime } from "../../runtime/index.ts";
import { plainWords } from "../../tokenizer/index.ts";
import { sceneOf } from "../scene.ts";
import { describeVectors } from "./describe.ts";
import { measureDrift } from "./drift.ts";

const checkpoint = await openCheckpoint(tinySdFolder);
const model = diffusionModel({ ...checkpoint, family: "sd1" });
const merges = await clipMerges();
const { tokenizers } = plainVocabulary("sd1", merges);
const tables = tokenTables(checkpoint);
const idsOf = (text: string) => tokenizers[0]!.encode(text);
const rowOf = (text: string) => tokenRows(tables[0]!, idsOf(text));

test("the nearest known word of a known word's vector is the word itself, however long the vector", () => {
  const ring = rowOf("ring");
  const long = { ...ring, data: ring.data.map((value) => 3 * value) };
  const { rows } = describeVectors(
    { tables: [long], start: [ring], tokens: ["vexla"], layers: undefined },
    tables,
    plainWords(merges),
  );
  const [{ label, nearest, angle, norm, usualNorm }] = rows as [(typeof rows)[number]];
  expect(label).toBe("vexla");
  expect(nearest.map(({ word }) => word)[0]).toBe("ring");
  expect(nearest[0]!.cosine).toBeCloseTo(1, 5);
  expect(nearest).toHaveLength(5);
  for (const [i, { cosine }] of nearest.slice(1).entries()) expect(cosine).toBeLessThanOrEqual(nearest[i]!.cosine!);
  expect(angle).toBeCloseTo(0, 3);
  expect(norm).toBeCloseTo(3 * Math.hypot(...ring.data), 4);
  expect(usualNorm).toBeGreaterThan(0.1);
});

test("vectors are called by their tokens, text encoders and layers", () => {
  const pair = arrayOf([2, 2], [1, 0, 0, 1]);
  const stored = { ...pair, bytes: bytesOf(pair.data) };
  const described = (word: Partial<Parameters<typeof describeVectors>[0]>) =>
    describeVectors(
      { tables: [pair], start: undefined, tokens: ["a", "a1"], layers: undefined, ...word },
      [stored, stored],
      new Map(),
    );
  expect(described({}).rows.map(({ label }) => label)).toEqual(["a", "a1"]);
  expect(described({}).cosines).toEqual([
    [
      [1, 0],
      [0, 1],
    ],
  ]);
  expect(described({ tables: [pair, pair] }).rows.map(({ label }) => label)).toEqual([
    ...["a, encoder 1", "a1, encoder 1", "a, encoder 2", "a1, encoder 2"],
  ]);
  const layered = described({ tokens: ["a"], layers: ["IN01", "MID"] });
  expect(layered.rows.map(({ label }) => label)).toEqual(["a IN01", "a MID"]);
  expect(layered.cosines).toEqual([[[1]], [[1]]]);
});

test("a word does not drift from itself, and real nouns do as much as the reference", async () => {
  const runtime = openRuntime({ device: "cpu", threads: 1 });
  try {
    const networks = new Networks(model, runtime);
    const scene = { ...sceneOf(model, false), driftPrompts: sceneOf(model, false).driftPrompts.slice(0, 4) };
    const context = { networks, tokenizers, tokenTables: tables, clipSkip: undefined, scene };
    const same = await measureDrift([rowOf("ring")], "ring", context);
    expect(same).toMatchObject({ against: "“ring”", prompts: 4 });
    expect(same.value).toBeCloseTo(0, 5);
    expect(same.reference).toBeGreaterThan(0.001);
    // the reference is the mean of these two
    const nouns = [];
    for (const noun of ["square", "star"]) nouns.push((await measureDrift([rowOf(noun)], "ring", context)).value);
    expect((nouns[0]! + nouns[1]!) / 2).toBeCloseTo(same.reference, 5);
  } finally {
    await runtime.close();
  }
}, 300_000);
