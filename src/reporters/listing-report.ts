import type { BatchListing, SampleListing, WrittenPictures } from "../dataset/index.ts";
import { printable } from "../errors/index.ts";
import type { DebugEvent } from "../training/index.ts";
import { datasetLines, wordText } from "./first-screen.ts";
import type { Terminal } from "./terminal.ts";
import { warningLine } from "./texts.ts";

/** Lists a dataset: the word, the datasets, every batch. */
export function reportListing(event: DebugEvent, { talk, result }: Terminal): void {
  if (event.kind === "download") return;
  if (event.kind === "warning") talk(`${printable(warningLine(event))}\n`, "warning");
  else for (const line of linesOf(event)) result(`${printable(line)}\n`);
}

function linesOf(event: Exclude<DebugEvent, { kind: "warning" | "download" }>): string[] {
  if (event.kind === "batch") return batchLines(event);
  if (event.kind === "pictures") return [writtenLine(event)];
  const { tokens, tokenIds, layers, dataset } = event;
  const word = layers ? wordText(event) : tokens.map((token, i) => `${token}: token id ${tokenIds[i]}`).join(", ");
  return [word, ...datasetLines(dataset)];
}

function writtenLine({ folder, count, sheet, onSheet }: WrittenPictures): string {
  const small = onSheet < count ? `the first ${onSheet} of them` : "all of them";
  return `wrote ${count} images to ${folder}; ${sheet} shows ${small} small`;
}

/** A batch: its samples, each with its caption, token ids, sizes and crop. */
export function batchLines({ step, steps, samples }: BatchListing): string[] {
  return [`step ${step}/${steps}`, ...samples.flatMap(sampleLines)];
}

/** Token ids with the padding at the end abbreviated: "49406 320 49407 (75 times)". */
function idsText(ids: readonly number[]): string {
  const last = ids.findLastIndex((id) => id !== ids.at(-1)) + 1;
  const times = ids.length - last;
  return [...ids.slice(0, last), times > 1 ? `${ids[last]} (${times} times)` : ids[last]].join(" ");
}

function sampleLines({ sample, image, networkMultiplier, tokenIds, word }: SampleListing): string[] {
  const { latents, pixels, lossMask } = sample;
  const lines = [
    `  ${sample.imageKey}, ${image.size.join("x")}, loss weight ${sample.lossWeight}`,
    `    caption: ${JSON.stringify(sample.caption)}`,
    ...(word === undefined ? [] : [`    word: ${word}`]),
    ...tokenIds.map((ids, list) => `    token ids ${list + 1}: ${idsText(ids)}`),
    `    original size ${sample.originalSizeHw.join("x")} (h x w), crop top left ${sample.cropTopLeft.join(",")}, target ${sample.targetSizeHw.join("x")}, ${sample.flipped ? "" : "not "}flipped`,
    latents ? `    cached latents ${latents.shape.join("x")}` : `    pixels ${pixels!.shape.join("x")}`,
  ];
  if (lossMask) lines.push(`    loss mask ${lossMask.shape.join("x")}`);
  if (networkMultiplier !== 1) lines.push(`    network multiplier ${networkMultiplier}`);
  const { customAttributes } = image.subset;
  if (customAttributes) lines.push(`    custom attributes ${JSON.stringify(customAttributes)}`);
  return lines;
}
