import type { DownloadEvent } from "../hub/index.ts";
import type { Progress } from "./talk.ts";

/** "0:09", "1:05", "2:10:00": for a line that changes often. */
export function clockText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Three digits of a rate: "0.0456", "4.56", "456". */
export function rateText(rate: number): string {
  return rate >= 100 ? String(Math.round(rate)) : rate.toPrecision(3);
}

/** "5.9 GB", "120 MB". */
export function bytesText(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** A line of a first screen: label and text. */
export function entry(label: string, text: string): string {
  return `  ${label.padEnd(10)} ${text}`;
}

interface Warning {
  readonly code: string;
  readonly message: string;
}

export interface CountedWarning extends Warning {
  readonly count: number;
}

export function warningLine({ code, message }: Warning): string {
  return `warning ${code}: ${message}`;
}

/** All warnings of a run, for its end; repeated ones with their count. */
export function summaryOfWarnings(warnings: readonly CountedWarning[]): string[] {
  if (warnings.length === 0) return [];
  const title = warnings.length === 1 ? "1 warning:" : `${warnings.length} warnings:`;
  return [
    "",
    title,
    ...warnings.map(({ code, message, count }) => `  ${code}${count > 1 ? ` (${count} times)` : ""}: ${message}`),
  ];
}

/** Progress of a model's download. */
export function downloadLine({ model, doneBytes, totalBytes }: DownloadEvent): Progress {
  const percent = totalBytes === 0 ? 100 : Math.floor((100 * doneBytes) / totalBytes);
  const amount = `${megabytes(doneBytes)}/${megabytes(totalBytes)} MB (${percent}%)`;
  const line = `downloading ${model}: ${amount}`;
  return { screen: [line, `downloading: ${amount}`, amount], plain: line };
}

/** Progress of the images of a report. */
export function drawingLine({ done, total }: { readonly done: number; readonly total: number }): Progress {
  const line = `drawing images for the report: ${done}/${total}`;
  return { screen: [line], plain: line };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}
