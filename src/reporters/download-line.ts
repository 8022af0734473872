import type { DownloadEvent } from "../hub/index.ts";

/** How far the fetching of a model is. */
export function downloadLine({ model, doneBytes, totalBytes }: DownloadEvent): { wide: string; plain: string } {
  const percent = totalBytes === 0 ? 100 : Math.floor((100 * doneBytes) / totalBytes);
  const line = `fetching ${model}: ${megabytes(doneBytes)}/${megabytes(totalBytes)} MB (${percent}%)`;
  return { wide: line, plain: line };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}
