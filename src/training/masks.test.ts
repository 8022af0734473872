import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { concept, eventsOf, ofKind, subsetConfig, trainingFolder } from "../../test/training-run.ts";
import { decodePicture, encodePng, type Picture } from "../pictures/index.ts";

const { work, write, settingsFor } = trainingFolder();
const folder = (name: string) => path.join(work, name);

/** A copy of an image with another number of channels. pixelAt: the new pixel, by the old one's offset and its column. */
function remade(picture: Picture, channels: 3 | 4, pixelAt: (at: number, x: number) => readonly number[]): Picture {
  const data = new Uint8Array(picture.width * picture.height * channels);
  for (let i = 0; i < picture.width * picture.height; i++) data.set(pixelAt(i * 3, i % picture.width), i * channels);
  return { ...picture, channels, data };
}

describe("masks hide from the loss", () => {
  beforeAll(async () => {
    const picture = await decodePicture(path.join(concept, "01.png"));
    const isLeft = (x: number) => (x < picture.width / 2 ? 255 : 0);
    const files: Readonly<Record<string, Picture>> = {
      plain: picture,
      alpha: remade(picture, 4, (at, x) => [...picture.data.subarray(at, at + 3), isLeft(x)]),
      half: remade(picture, 3, (_, x) => [isLeft(x), 0, 0]),
      white: remade(picture, 3, () => [255, 255, 255]),
    };
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(folder(name));
      writeFileSync(path.join(folder(name), "a.png"), await encodePng(content));
      writeFileSync(path.join(folder(name), "a.txt"), "vexla");
    }
  });

  async function lossOf(pictures: string, extra: string, ...flags: string[]): Promise<number> {
    const config = write("masks.toml", subsetConfig(folder(pictures), extra));
    const settings = await settingsFor("--dataset_config", config, "--max_train_steps", "1", ...flags);
    return ofKind(await eventsOf(settings), "step")[0]!.loss;
  }

  const masksIn = (name: string) => `conditioning_data_dir = ${JSON.stringify(folder(name))}\n`;

  test("alike whether they are an alpha channel or pictures of their own", async () => {
    const whole = await lossOf("plain", "");
    const half = await lossOf("alpha", "", "--alpha_mask");
    expect(half).toBeLessThan(0.9 * whole);
    expect(await lossOf("alpha", "")).toBe(whole);
    expect(await lossOf("plain", masksIn("half"), "--masked_loss")).toBe(half);
    expect(await lossOf("plain", masksIn("white"), "--masked_loss")).toBeCloseTo(whole, 6);
  });
});
