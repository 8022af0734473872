import { expect, test } from "vitest";
import { openSeeded, temporaryFolder, writeCats, writePicture } from "../../test/datasets.ts";
import { pictureMemory } from "./index.ts";

const at = temporaryFolder();
const vae = { vaeBatchSize: 1, vaeScaleFactor: 8, latentChannels: 4 };

test("the memory of pictures counts cached latents, and as many decoded pictures as there are at once, the largest first", async () => {
  const settings = await writeCats(at("cats"));
  const { kept: records } = pictureMemory(await openSeeded(settings), { ...vae, isCached: false, isOnDisk: false });
  const cached = pictureMemory(await openSeeded(settings), { ...vae, isCached: true, isOnDisk: false });
  // three images of 128x128 and two of 64x192, each also mirrored
  expect(cached.kept - records).toBe(2 * 4 * 4 * (3 * 16 * 16 + 2 * 8 * 24));
  expect(cached.decoded).toBe(3 * (128 * 150 + 140 * 128));
  expect(pictureMemory(await openSeeded(settings), { ...vae, isCached: true, isOnDisk: true }).kept).toBe(records);
  const inFours = pictureMemory(await openSeeded(settings), {
    ...vae,
    vaeBatchSize: 4,
    isCached: true,
    isOnDisk: true,
  });
  expect(inFours.decoded).toBe(3 * (128 * 150 + 140 * 128 + 128 * 128 + 70 * 192));
});

test("one large image counts as often as it is in memory, including the copy that drops its alpha channel", async () => {
  await writePicture(at("p/1_x/a.png"), 1000, 1000, 4);
  const group = await openSeeded({ trainDataDir: at("p"), resolution: [64, 64] });
  expect(pictureMemory(group, { ...vae, isCached: true, isOnDisk: true }).decoded).toBe(7e6);
  expect(pictureMemory(group, { ...vae, isCached: false, isOnDisk: false }).decoded).toBe(14e6);
});
