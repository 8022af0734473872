import { copyFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { openSeeded, temporaryFolder, writeCats, writePicture } from "../../../test/datasets.ts";

const at = temporaryFolder();

test("pictures that are enlarged are told, those that lose much apart from the others", async () => {
  for (const side of [20, 63, 64, 65]) await writePicture(at("a", "1_x", `${side}.png`), side, side);
  const { warnings } = await openSeeded({ trainDataDir: at("a"), classTokens: "x", resolution: [64, 64] });
  const kinds = new Map(warnings.map(({ kind, subjects }) => [kind, subjects]));
  expect(kinds.get("pictureTiny")).toEqual([at("a/1_x/20.png")]);
  expect(kinds.get("pictureUpscaled")).toEqual([at("a/1_x/63.png")]);
  const bucketed = { enableBucket: true, bucketNoUpscale: true, minBucketReso: 64 };
  await writePicture(at("b", "1_x", "63.png"), 70, 100);
  const unscaled = await openSeeded({ trainDataDir: at("b"), resolution: [128, 128], ...bucketed });
  expect(unscaled.warnings.map(({ kind }) => kind)).not.toContain("pictureUpscaled");
});

test("huge pictures are told", async () => {
  await writePicture(at("a.png"), 64, 64);
  await writeFile(at("meta.json"), JSON.stringify({ a: { caption: "x", image_size: [8000, 6000] } }));
  const { warnings } = await openSeeded({ inJson: at("meta.json"), trainDataDir: at(), resolution: [64, 64] });
  expect(warnings).toMatchObject([{ kind: "pictureHuge", subjects: [at("a.png")] }]);
});

test("a picture that is there twice under other names is told, once a subset", async () => {
  const settings = await writeCats(at("cats"));
  await copyFile(at("cats/3_cat/0.png"), at("cats/3_cat/copy.png"));
  await copyFile(at("cats/3_cat/0.txt"), at("cats/3_cat/copy.txt"));
  const { warnings } = await openSeeded(settings);
  expect(warnings).toMatchObject([
    { kind: "pictureTwice", subjects: [`${at("cats/3_cat/0.png")} = ${at("cats/3_cat/copy.png")}`] },
  ]);
});
