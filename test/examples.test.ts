import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { imageServer } from "../examples/image-server.ts";
import { concepts, drawAll, teachAll } from "../examples/many-concepts.ts";
import { draw, teach } from "../examples/train-and-generate.ts";
import { openModel, readEmbedding, readImage } from "../src/pipeline.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-examples-"));
beforeAll(() => vi.spyOn(console, "log").mockImplementation(() => {}));
afterAll(() => rmSync(folder, { recursive: true }));

test("a word is taught, used, and served from memory", async () => {
  const file = await teach(folder, 2);
  expect(file).toBe(path.join(folder, "brimsy.safetensors"));
  expect(await draw(file, folder, 2)).toHaveLength(4);

  const model = await openModel("assets/tiny-sd");
  const server = imageServer(model, [await readEmbedding(file)], 2).listen(0, "localhost");
  try {
    await once(server, "listening");
    const address = `http://localhost:${(server.address() as AddressInfo).port}`;
    const bytes = await fetch(`${address}/?prompt=a+brimsy&seed=7`).then((response) => response.arrayBuffer());
    expect(await readImage(new Uint8Array(bytes))).toMatchObject({ width: 128, height: 128, channels: 3 });
    const refused = await fetch(`${address}/?prompt=a+cat+AND+a+dog`);
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringMatching(/^PROMPT_UNSUPPORTED /)]);
  } finally {
    server.close();
    await model.close();
  }
});

test("a batch of concepts is taught, and goes on where it was", async () => {
  const outputDir = path.join(folder, "concepts");
  const [first, second] = concepts as [(typeof concepts)[0], (typeof concepts)[1]];
  const stopped = AbortSignal.abort();
  expect(await teachAll([first], outputDir, { maxTrainSteps: 2, signal: stopped })).toEqual([]);
  expect(await teachAll([first], outputDir, { maxTrainSteps: 2 })).toMatchObject([{ name: first.word }]);
  const before = readFileSync(path.join(outputDir, `${first.word}.safetensors`));
  const embeddings = await teachAll([first, second], outputDir, { maxTrainSteps: 2 });
  expect(embeddings.map(({ name }) => name)).toEqual([first.word, second.word]);
  expect(readFileSync(path.join(outputDir, `${first.word}.safetensors`))).toEqual(before);
  expect(await drawAll(embeddings, outputDir, 2)).toHaveLength(2);
});
