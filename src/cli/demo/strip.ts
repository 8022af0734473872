import path from "node:path";
import { tinySdFolder } from "../../assets/index.ts";
import { writeFileAtomically } from "../../files/index.ts";
import type { GenerateInput } from "../../index.ts";
import type { Picture } from "../../pictures/index.ts";
import { concept, embeddingAt, moments } from "./concept.ts";

const backgrounds = ["blue", "yellow", "white"] as const;

/** Settings that generate the images of the strip, row by row: the init word and the word at each moment, with the same seed. */
export async function stripSettings(folder: string): Promise<GenerateInput> {
  const embeddings = moments.map((step) => embeddingAt(folder, step));
  const words = [concept.initWord, ...embeddings.map((file) => path.parse(file).name)];
  const prompts = backgrounds.flatMap((background, row) =>
    words.map((word) => `a photo of a ${word} on a ${background} background --d ${row + 1}`),
  );
  const fromFile = path.join(folder, "prompts.txt");
  await writeFileAtomically(fromFile, `${prompts.join("\n")}\n`);
  return {
    pretrainedModelNameOrPath: tinySdFolder,
    textualInversionEmbeddings: embeddings,
    fromFile,
    width: 128,
    height: 128,
    steps: 15,
    guidanceScale: 5,
    batchSize: words.length,
    outputDir: path.join(folder, "pictures"),
    sequentialFileName: true,
  };
}

/** Images in a row of the strip. */
export const stripColumns = moments.length + 1;

/** Pixels of white around and between images. */
const gap = 4;

/** Joins rows of RGB images of one size into one image. */
export function pictureGrid(rows: readonly (readonly Picture[])[]): Picture {
  const { width, height } = rows[0]![0]!;
  const columns = Math.max(...rows.map((row) => row.length));
  const grid = {
    width: gap + columns * (width + gap),
    height: gap + rows.length * (height + gap),
    channels: 3,
  } as const;
  const data = new Uint8Array(grid.width * grid.height * 3).fill(255);
  rows.forEach((row, y) => {
    row.forEach((picture, x) => {
      const [left, top] = [gap + x * (width + gap), gap + y * (height + gap)];
      for (let line = 0; line < height; line++)
        data.set(
          picture.data.subarray(line * width * 3, (line + 1) * width * 3),
          ((top + line) * grid.width + left) * 3,
        );
    });
  });
  return { ...grid, data };
}
