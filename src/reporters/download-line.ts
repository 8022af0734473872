import type { DownloadEvent } from "../hub/index.ts";
import type { Progress } from "./talk.ts";

/** How far the fetching of a model is. */
export function downloadLine({ model, doneBytes, totalBytes }: DownloadEvent): Progress {
  const percent = totalBytes === 0 ? 100 : Math.floor((100 * doneBytes) / totalBytes);
  const amount = `${megabytes(doneBytes)}/${megabytes(totalBytes)} MB (${percent}%)`;
  const line = `fetching ${model}: ${amount}`;
  return { screen: [line, `fetching: ${amount}`, amount], plain: line };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}
