import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Reading, readScene } from "../bench/learning/reading.ts";
import { concepts } from "../bench/learning/trial.ts";
import { conceptsFolder } from "../src/assets/index.ts";
import { cropPicture, decodePicture } from "../src/pictures/index.ts";

test("a picture of each sample concept is read as what its folder's name and its caption say", async () => {
  for (const { color, pattern, shape, backgrounds } of concepts) {
    const folder = path.join(conceptsFolder, `${color}-${pattern}-${shape}`);
    const images = readdirSync(folder).filter((file) => file.endsWith(".png"));
    for (const [i, file] of images.entries()) {
      const reading = readScene(await decodePicture(path.join(folder, file)));
      expect(reading, `${folder}/${file}`).toMatchObject({ color, pattern, shape, background: backgrounds[i] });
    }
    expect(images).toHaveLength(backgrounds.length);
  }
});

test("generated pictures are read as the original reader reads them", async () => {
  const folder = fileURLToPath(new URL("goldens/world/", import.meta.url));
  const sheet = await decodePicture(path.join(folder, "generated.png"));
  const { readings } = JSON.parse(readFileSync(path.join(folder, "readings.json"), "utf8")) as { readings: Reading[] };
  const columns = sheet.width / 128;
  for (const [i, { rmse, ...scene }] of readings.entries()) {
    const reading = readScene(cropPicture(sheet, 128 * (i % columns), 128 * Math.floor(i / columns), [128, 128]));
    expect(reading, `picture ${i}`).toMatchObject(scene);
    expect(Math.abs(reading!.rmse - rmse), `picture ${i}`).toBeLessThan(0.6);
  }
});
