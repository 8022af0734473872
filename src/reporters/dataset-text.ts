import { type DatasetReport, type DatasetSummary, type SubsetSummary, settingsOf } from "../dataset/index.ts";

/** What a run trains on: a line for all of it, then those of each dataset. */
export function datasetLines({ datasets, numTrainImages, numRegImages, batchesPerEpoch }: DatasetReport): string[] {
  const regularisation = numRegImages > 0 ? `, ${numRegImages} regularisation pictures` : "";
  return [
    `${numTrainImages} pictures with repeats${regularisation}, ${batchesPerEpoch} batches per epoch`,
    ...datasets.flatMap(summaryLines),
  ];
}

function summaryLines(dataset: DatasetSummary, index: number): string[] {
  const { kind, batchSize, resolution, resizeInterpolation, bucketing, subsets, buckets, meanAspectError } = dataset;
  const lines = [
    `dataset ${index} (${kind}): resolution ${resolution.join("x")}, batch size ${batchSize}, resized by ${resizeInterpolation ?? "area or lanczos"}`,
    bucketing
      ? `  buckets of ${bucketing.minSide} to ${bucketing.maxSide} in steps of ${bucketing.step}${bucketing.noUpscale ? ", nothing enlarged" : ""}`
      : "  no buckets",
    ...subsets.flatMap(subsetLines),
    ...buckets.map(({ resolution: size, count }, k) => `  bucket ${k}: ${size.join("x")}, ${count} pictures`),
  ];
  if (meanAspectError !== undefined) lines.push(`  mean error of aspect ratio ${meanAspectError.toFixed(4)}`);
  return lines;
}

function subsetLines({ directory, imageCount, plan }: SubsetSummary): string[] {
  const settings = settingsOf(plan).map(([key, value]) => (value === true ? key : `${key} ${JSON.stringify(value)}`));
  return [
    `  ${directory}: ${imageCount} pictures x ${plan.numRepeats} repeats`,
    ...(settings.length > 0 ? [`    ${settings.join(", ")}`] : []),
  ];
}
