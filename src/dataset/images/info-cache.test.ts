import { rm } from "node:fs/promises";
import { expect, test } from "vitest";
import { openSeeded, temporaryFolder, writeCats } from "../../../test/datasets.ts";

const at = temporaryFolder();

test("cache_info writes captions and sizes, and then reads nothing else", async () => {
  const settings = { ...(await writeCats(at("cats"))), cacheInfo: true };
  const group = await openSeeded(settings);
  expect(group.warnings.map(({ kind }) => kind)).toEqual(["infoCacheMissing"]);
  for (let i = 0; i < 5; i++) await rm(at("cats/3_cat", `${i}.txt`));
  const again = await openSeeded(settings);
  expect(again.images).toEqual(group.images);
});
