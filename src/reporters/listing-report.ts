import { formatListing, formatReport, type WrittenPictures } from "../dataset/index.ts";
import { printable } from "../errors/index.ts";
import type { DebugEvent } from "../training/index.ts";
import { wordText } from "./first-screen.ts";
import type { Terminal } from "./terminal.ts";
import { warningLine } from "./texts.ts";

/** Lists a dataset: the word, the datasets, every batch. */
export function reportListing(event: DebugEvent, { talk, result }: Terminal): void {
  if (event.kind === "download") return;
  if (event.kind === "warning") talk(`${printable(warningLine(event))}\n`, "warning");
  else for (const line of linesOf(event)) result(`${printable(line)}\n`);
}

function linesOf(event: Exclude<DebugEvent, { kind: "warning" | "download" }>): string[] {
  if (event.kind === "batch") return formatListing(event);
  if (event.kind === "pictures") return [writtenLine(event)];
  const { tokens, tokenIds, layers, dataset } = event;
  const word = layers ? wordText(event) : tokens.map((token, i) => `${token}: token id ${tokenIds[i]}`).join(", ");
  return [word, ...formatReport(dataset)];
}

function writtenLine({ folder, count, sheet, onSheet }: WrittenPictures): string {
  const small = onSheet < count ? `the first ${onSheet} of them` : "all of them";
  return `wrote ${count} images to ${folder}; ${sheet} shows ${small} small`;
}
