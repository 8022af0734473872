import { arrayOf, dataViewOn, inMemory } from "../../../src/array/index.ts";
import { limits } from "../../../src/budget/index.ts";
import { readStoredArray, readWeightFile } from "../../../src/checkpoint/index.ts";
import { readEmbeddingFile } from "../../../src/embedding/index.ts";
import { CoinageError } from "../../../src/errors/index.ts";
import { decodeBmp } from "../../../src/formats/bmp/index.ts";
import { formatNpy, openNpz, parseNpy, writeNpz } from "../../../src/formats/npz/index.ts";
import { readPngTexts } from "../../../src/formats/png-text/index.ts";
import { parseSafetensors, readTensor } from "../../../src/formats/safetensors/index.ts";
import {
  isList,
  isMap,
  isTensor,
  type PickleValue,
  readTorchFile,
  storedTensor,
} from "../../../src/formats/torch/index.ts";
import { openZip } from "../../../src/formats/zip/index.ts";
import { inspectFile } from "../../../src/inspect/index.ts";
import { decodePicture } from "../../../src/pictures/index.ts";
import { inspectionText } from "../../../src/reporters/index.ts";
import { type Mutate, mutateBytes } from "../mutate.ts";
import { filesEnding } from "../seeds.ts";
import { mutateNpy, mutatePng, mutateSafetensors, mutateZip } from "../structure.ts";
import { ofFile, reader, slow, type Target } from "./target.ts";

const embeddings = () => filesEnding(".safetensors", ".pt", ".bin", ".ckpt", ".png");

/** Readers of weights, arrays and pictures. */
export const binaryTargets: readonly Target[] = [
  reader("safetensors", ".safetensors", () => filesEnding(".safetensors"), mutateSafetensors, readSafetensors),
  reader("torch", ".pt", () => filesEnding(".pt", ".bin", ".ckpt"), mutateZip, readTorch),
  reader("zip", ".zip", () => filesEnding(".pt", ".npz"), mutateZip, readZip),
  reader("npz", ".npz", npzSeeds, mutateZip, (input) => [...openNpz(input).values()].map(parseNpy)),
  reader("npy", ".npy", () => [formatNpy(arrayOf([2, 3], [1, 2, 3, 4, 5, 6]))], mutateNpy, parseNpy),
  reader("png-text", ".png", () => filesEnding(".png"), mutatePng, readTexts, slow),
  reader("bmp", ".bmp", () => filesEnding(".bmp"), mutateBytes, decodeBmp),
  reader(
    "picture",
    ".png",
    () => filesEnding(".png", ".jpg", ".webp", ".bmp", ".avif"),
    mutatePng,
    (input) => decodePicture(input),
    slow,
  ),
  reader(
    "embedding",
    ".embedding",
    embeddings,
    mutateAny,
    ofFile("word.pt", (file) => readEmbeddingFile(file)),
    slow,
  ),
  reader(
    "inspect",
    ".inspect",
    () => [...embeddings(), ...npzSeeds()],
    mutateAny,
    ofFile("file.any", async (file) => inspectionText(await inspectFile(file))),
    slow,
  ),
  reader(
    "weights",
    ".weights",
    embeddings,
    mutateAny,
    ofFile("weights.any", (file) => [...readWeightFile(file).tensors.values()].map(readStoredArray)),
  ),
];

/** Throws an uncoded error if the texts exceed the limit. */
function readTexts(input: Uint8Array) {
  const texts = readPngTexts(input);
  const bytes = texts.reduce((sum, { text }) => sum + text.length, 0);
  if (bytes > limits.pngTextBytes.max) throw new Error("more text than may be");
  return texts;
}

/** Throws an uncoded error if tensors do not fill the file. */
function readSafetensors(input: Uint8Array) {
  const header = parseSafetensors(input);
  const entries = [...header.tensors.values()];
  const start = 8 + Number(dataViewOn(input).getBigUint64(0, true));
  const filled = entries.reduce((sum, { length }) => sum + length, start);
  if (filled !== input.length || entries.some(({ offset }) => offset < start)) throw new Error("a gap or an overlap");
  return [header, ...entries.slice(0, 100).map((entry) => readTensor(input, entry))];
}

function readTorch(input: Uint8Array) {
  const source = inMemory(input, "input.pt");
  return tensorsIn(source, readTorchFile(source).value);
}

function readZip(input: Uint8Array) {
  const zip = openZip(inMemory(input, "input.zip"), (what) => new CoinageError("NPZ_INVALID", what));
  return [...zip.entries.values()].map((entry) => zip.read(entry, 1e7).length);
}

/** Reads all numbers of the tensors in a pickle's object. */
function tensorsIn(source: ReturnType<typeof inMemory>, whole: PickleValue) {
  const found: unknown[] = [];
  const seen = new Set<PickleValue>();
  const waiting: PickleValue[] = [whole];
  while (waiting.length > 0) {
    const value = waiting.pop()!;
    if (seen.has(value)) continue;
    seen.add(value);
    if (isMap(value)) waiting.push(...[...value.values()].slice(0, 1000));
    else if (isList(value)) waiting.push(...value.slice(0, 1000));
    else if (isTensor(value) && value.dtype.dtype) {
      const stored = storedTensor(source, value, value.dtype.dtype);
      found.push(
        stored.bytes instanceof Uint8Array
          ? readStoredArray(stored)
          : { shape: stored.shape, bytes: source.read(stored.bytes.offset, stored.bytes.length) },
      );
    }
  }
  return found;
}

function npzSeeds() {
  const latents = arrayOf([4, 2, 2], new Float32Array(16).fill(0.5));
  return [
    ...filesEnding(".npz"),
    writeNpz(
      new Map([
        ["latents", latents],
        ["original_size", arrayOf([2], [16, 16])],
      ]),
    ),
  ];
}

/** The mutation for the input's own kind. */
function mutateAny(...[input, dice, seeds]: Parameters<Mutate>) {
  const mutate =
    input[0] === 0x50 ? mutateZip : input[0] === 0x89 ? mutatePng : input[0] === 0x80 ? mutateBytes : mutateSafetensors;
  return mutate(input, dice, seeds);
}
