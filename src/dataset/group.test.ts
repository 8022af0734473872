import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { epochContext, epochOf, openSeeded, temporaryFolder, writeCats } from "../../test/datasets.ts";
import { batchLatents, batchPixels, type MicroBatch } from "./index.ts";

const at = temporaryFolder();

/** A batch with pixels replaced by their hash. */
const facts = ({ index, samples }: MicroBatch) => ({
  index,
  samples: samples.map(({ pixels, ...sample }) => {
    const hash = createHash("sha256").update(new Uint8Array(pixels!.data.buffer)).digest("hex");
    return { ...sample, pixels: hash };
  }),
});

test("an epoch has every image as often as its repeats say, in batches of one resolution", async () => {
  const group = await openSeeded(await writeCats(at("cats")));
  const batches = await epochOf(group, 1);
  const keys = batches.flatMap(({ samples }) => samples.map(({ imageKey }) => imageKey));
  for (const { key } of group.images) expect(keys.filter((other) => other === key)).toHaveLength(3);
  expect(keys).toHaveLength(15);
  for (const batch of batches) {
    const [width, height] = batch.resolution;
    expect(batchPixels(batch)!.shape).toEqual([batch.samples.length, 3, height, width]);
    expect(batchLatents(batch)).toBeUndefined();
  }
});

test("an epoch is the same whatever was drawn before and in whatever order its batches are taken", async () => {
  const settings = await writeCats(at("cats"));
  const straight = await epochOf(await openSeeded(settings), 2);
  const group = await openSeeded(settings);
  await epochOf(group, 3, [1]);
  const order = Array.from({ length: group.batchesPerEpoch }, (_, i) => group.batchesPerEpoch - 1 - i);
  const backwards = await epochOf(group, 2, order);
  expect(backwards.toReversed().map(facts)).toEqual(straight.map(facts));
  const ofOtherSeed = await epochOf(await openSeeded(settings, 8), 2);
  expect(ofOtherSeed.map(facts)).not.toEqual(straight.map(facts));
});

test("an epoch differs from the one before: other mirrors, other tags", async () => {
  const group = await openSeeded(await writeCats(at("cats")));
  const captionsOf = (batches: MicroBatch[]) =>
    batches.flatMap(({ samples }) => samples.map(({ caption, flipped }) => `${caption} ${flipped}`)).sort();
  const [first, second] = [await epochOf(group, 1), await epochOf(group, 2)];
  expect(captionsOf(first)).not.toEqual(captionsOf(second));
  for (const { caption } of first.flatMap(({ samples }) => samples))
    expect(caption).toMatch(/^mycat mycat1, (?:.*, ){3}/);
});

test("an epoch asks for the step when a batch is handed out", async () => {
  const settings = { ...(await writeCats(at("cats"))), tokenWarmupStep: 8, shuffleCaption: false };
  const group = await openSeeded(settings);
  const tags: number[] = [];
  let step = 0;
  for await (const { samples } of group.epochBatches(1, [0, 1, 2, 3], { ...epochContext, currentStep: () => step })) {
    tags.push(samples[0]!.caption.split(", ").length);
    step += 2;
  }
  expect(tags).toEqual([2, 2, 3, 4]);
});

test("an epoch can be left early", async () => {
  const group = await openSeeded(await writeCats(at("cats")));
  for await (const batch of group.epochBatches(1, [0, 1, 2], epochContext)) {
    expect(batch.samples).toHaveLength(2);
    break;
  }
});
