import { arrayOf, type NdArray, rowNorms } from "../../array/index.ts";
import { dim } from "../../graph/index.ts";
import { type DiffusionModel, lastHiddenStates, textFeeds } from "../../models/index.ts";
import type { TrainSettings } from "../../options/index.ts";
import { TorchGenerator } from "../../random/index.ts";
import type { Runtime } from "../../runtime/index.ts";
import { captionIds, initialVectors, type Tokenizer } from "../../tokenizer/index.ts";
import { withNorms } from "../loop/norm-control.ts";
import type { TrainingInputs } from "./inputs.ts";
import { repeatedForLayers } from "./placeholder.ts";
import { normTargets } from "./updates.ts";

type StartSettings = Pick<TrainSettings, "init" | "initWord" | "weights" | "update" | "normTarget">;

/** The inputs of a run without a state, with the embeddings that it starts from: the text encoders' output for the init word with --init output,
 *  scaled to their fixed norm with --update direction. @throws RUNTIME */
export async function withInitialEmbeddings(
  inputs: TrainingInputs,
  settings: StartSettings,
  runtime: Runtime,
): Promise<TrainingInputs> {
  const { placeholder, model, seed } = inputs;
  const { init, initWord, weights, update } = settings;
  let { initialEmbeddings } = placeholder;
  if (init === "output" && initWord !== undefined && weights === undefined) {
    const { tokens, layers, tokenizers } = placeholder;
    const outputs = await outputsOf(initWord, tokens.length, { model, tokenizer: tokenizers[0]!, runtime });
    initialEmbeddings = layers ? outputs.map((rows) => repeatedForLayers(rows, layers.length)) : outputs;
  }
  if (update === "direction") {
    const targets = normTargets(settings, { ...placeholder, initialEmbeddings });
    // equal embeddings of one word would differ only by position
    const parted = placeholder.layers ? initialEmbeddings : initialEmbeddings.map((rows) => withRowsParted(rows, seed));
    initialEmbeddings = parted.map((rows, encoder) => withNorms(rows, targets[encoder]!));
  }
  return { ...inputs, placeholder: { ...placeholder, initialEmbeddings } };
}

interface TextSide {
  readonly model: DiffusionModel;
  readonly tokenizer: Tokenizer;
  readonly runtime: Runtime;
}

/** The last hidden state of each text encoder after the final norm, at the positions of a word's tokens: [vectors, width]. Tokens are repeated or cut off
 *  to `vectors`, as for the word's own embeddings. Source: Pang 2023, "Cross Initialization", `utils.py`. */
async function outputsOf(word: string, vectors: number, side: TextSide): Promise<NdArray<Float32Array>[]> {
  const { model, tokenizer, runtime } = side;
  const { initIds } = initialVectors(tokenizer, word, vectors);
  const states = lastHiddenStates(model, dim("batch"));
  const program = await runtime.load(Object.fromEntries(states.map((state, i) => [String(i), state])));
  try {
    const ids = [captionIds(tokenizer, word, null)];
    const feeds = textFeeds(
      model,
      states.map(() => ids),
    );
    const results = await program.run(Object.fromEntries(program.inputs.map(({ name }) => [name, feeds[name]!])));
    return states.map((_, i) => {
      const { data, shape } = results[String(i)] as NdArray<Float32Array>;
      const width = shape[2]!;
      const rows = Array.from({ length: vectors }, (_, vector) => {
        // after the begin token
        const at = (1 + (vector % initIds.length)) * width;
        return [...data.subarray(at, at + width)];
      });
      return arrayOf([vectors, width], rows.flat());
    });
  } finally {
    await program.close();
  }
}

/** Angle in radians between rows that would be equal. */
const partingAngle = 0.1;

/** Turns each row that equals an earlier one by a small angle into a random direction. Source: Directional Textual Inversion has one row for each token of the
 *  init word; several rows for one token are ours. */
function withRowsParted(array: NdArray<Float32Array>, seed: number): NdArray<Float32Array> {
  const [count, width] = array.shape as readonly [number, number];
  const generator = new TorchGenerator(seed);
  const data = array.data.slice();
  const rowAt = (i: number) => array.data.subarray(i * width, (i + 1) * width);
  const norms = rowNorms(array);
  for (let i = 1; i < count; i++) {
    const row = rowAt(i);
    const isRepeated = Array.from({ length: i }, (_, earlier) => rowAt(earlier)).some((other) =>
      other.every((value, k) => value === row[k]),
    );
    if (!isRepeated) continue;
    const noise = generator.randn([width]).data;
    const along = noise.reduce((sum, value, k) => sum + value * row[k]!, 0) / norms[i]! ** 2;
    const tangent = noise.map((value, k) => value - along * row[k]!);
    const scale = (Math.tan(partingAngle) * norms[i]!) / Math.hypot(...tangent);
    for (let k = 0; k < width; k++) data[i * width + k]! += scale * tangent[k]!;
  }
  return { ...array, data };
}
