import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeGoldens, readJson } from "../../test/goldens.ts";
import { parseTrainArguments } from "../options/index.ts";
import type { Size } from "../pictures/index.ts";
import { readDatasetConfig } from "./config/config.ts";
import { openDataset, reportOf } from "./index.ts";
import { type DatasetWarning, type DatasetWarningKind, DatasetWarnings } from "./warnings.ts";

interface ScanCase {
  readonly name: string;
  readonly argv: readonly string[];
  readonly file?: string;
  readonly synthesised_config?: {
    readonly datasets: readonly { readonly subsets: readonly Readonly<Record<string, unknown>>[] }[];
  };
  readonly batches?: number;
  readonly num_train_images?: number;
  readonly num_reg_images?: number;
  readonly datasets?: readonly RecordedDataset[];
  readonly warnings: readonly string[];
  readonly error?: { readonly stage: string; readonly class: string; readonly message: string };
}

interface RecordedDataset {
  readonly min_bucket_reso: number | null;
  readonly max_bucket_reso: number | null;
  readonly subsets: readonly {
    readonly directory_or_metadata: string;
    readonly img_count: number;
    readonly num_repeats: number;
  }[];
  readonly images: readonly RecordedImage[];
  readonly buckets: readonly { readonly resolution: Size; readonly count: number }[];
  readonly mean_ar_error: number | null;
}

interface RecordedImage {
  readonly key: string;
  readonly path: string;
  readonly caption: string;
  readonly repeats: number;
  readonly is_reg: boolean;
  readonly size: Size;
  readonly bucket: Size;
  readonly resized: Size;
  readonly loss_weight: number;
}

/** coinage's codes for recorded errors, by the beginning of their text. */
const errorCodes: readonly (readonly [beginning: RegExp, code: string])[] = [
  [
    /^resolution is required|^Resize interpolation|^datasets should not be|^no metadata|^image_dir is required/,
    "DATASET_CONFIG",
  ],
  [/bucket_reso/, "BUCKET_LIMITS"],
  [/^caption file is empty|codec can't decode/, "CAPTION_UNREADABLE"],
];

/** Recorded cases whose outcome is a defect of sd-scripts, with coinage's outcome. */
function amended(golden: ScanCase): {
  readonly leftOut?: string;
  readonly error?: string;
  readonly isLeftToOthers?: string;
} {
  const images = golden.datasets?.flatMap((dataset) => dataset.images) ?? [];
  const directories =
    golden.datasets?.flatMap(({ subsets }) => subsets.map((subset) => path.resolve(subset.directory_or_metadata))) ??
    [];
  if (golden.error?.class === "ZeroDivisionError" || images.some(({ bucket }) => bucket[0] === 0 || bucket[1] === 0))
    return { leftOut: "a picture with a side shorter than a bucket step is left out with a warning" };
  if (
    golden.file &&
    golden.datasets?.some(({ subsets }) => subsets.length === 0) &&
    !golden.warnings.some((text) => text.includes("ignore subset"))
  )
    return { error: "DATASET_CONFIG" };
  if (golden.error?.stage === "validate")
    return {
      isLeftToOthers: "without train_data_dir image_dir is absent, so the keys must be absolute",
      error: "DATASET_CONFIG",
    };
  if (new Set(directories).size < directories.length && golden.datasets?.length === 1)
    return { isLeftToOthers: "one folder spelled in two ways is one subset" };
  return {};
}

/** The recorded warnings about images left out or captions made up, by coinage's kinds. */
function recordedWarnings(texts: readonly string[]): Map<DatasetWarningKind, string[]> {
  const kinds: readonly (readonly [text: RegExp, kind: DatasetWarningKind])[] = [
    [/ignore directory without repeats .*: (.*)$/, "folderWithoutRepeats"],
    [/use empty caption for (.*?) \/ /, "captionEmpty"],
    [/ignore subset with image_dir='(.*?)': no images/, "subsetEmpty"],
    [/ignore subset with image_dir='(.*?)': num_repeats/, "subsetWithoutRepeats"],
    [/ignore subset with '(.*?)': no image entries/, "metadataEmpty"],
    [/ignore duplicated subset with image_dir='(.*?)'/, "subsetDuplicate"],
    [/(m(?:in|ax)_bucket_reso) is adjusted .*: (\d+) -> (\d+)$/, "bucketLimitRounded"],
    [/(min_bucket_reso and max_bucket_reso are ignored)/, "bucketLimitsUnused"],
    [/(some of reg images are not used)/, "regularisationUnused"],
  ];
  const found = new Map<DatasetWarningKind, string[]>();
  for (const text of texts)
    for (const [pattern, kind] of kinds) {
      const [, ...subject] = pattern.exec(text) ?? [];
      if (subject.length > 0)
        found.set(kind, [
          ...(found.get(kind) ?? []),
          subject.length === 3 ? `${subject[0]} ${subject[1]} -> ${subject[2]}` : subject[0]!,
        ]);
    }
  return found;
}

function expectWarnings(warnings: readonly DatasetWarning[], golden: ScanCase): void {
  const recorded = recordedWarnings(golden.warnings);
  const own = new Map(warnings.map(({ kind, subjects }) => [kind, subjects]));
  for (const [kind, subjects] of recorded) {
    if (kind === "regularisationUnused" || kind === "bucketLimitsUnused") expect(own.has(kind), kind).toBe(true);
    else if (kind === "folderWithoutRepeats")
      expect(own.get(kind)?.map((folder) => path.basename(folder))).toEqual(subjects);
    // the recorder also built a validation dataset, which repeats warnings for its images
    else expect(subjects, kind).toEqual(expect.arrayContaining([...(own.get(kind) ?? [kind])]));
  }
  const ownKinds = [
    "captionAlternatives",
    "captionBlank",
    "captionEmpty",
    "captionFromClass",
    "captionLines",
    "captionOtherEnding",
    "captionSeparator",
    "folderMissing",
    "pictureTiny",
    "pictureTwice",
    "pictureUpscaled",
    // warnings that sd-scripts lacks
    "subfolderWithPictures",
    ...(recorded.has("subsetWithoutRepeats") ? [] : (["subsetWithoutRepeats"] as const)),
  ] as const;
  const known: DatasetWarningKind[] = [...ownKinds, ...recorded.keys()];
  expect(warnings.filter(({ kind }) => !known.includes(kind))).toEqual([]);
  // sd-scripts does not warn of an empty class, as of the folder "2_"
  const emptyClass = (own.get("captionEmpty") ?? []).filter((file) => !recorded.get("captionEmpty")?.includes(file));
  expect([...(own.get("captionFromClass") ?? []), ...emptyClass]).toHaveLength(missingWithClass(golden));
}

/** Images captioned by class tokens, by the recorded sums: those without caption file minus those with an empty caption. */
function missingWithClass({ warnings, datasets }: ScanCase): number {
  if (datasets?.some(({ subsets }) => subsets.length === 0)) return 0;
  const sum = warnings.reduce(
    (total, text) => total + Number(/No caption file found for (\d+) images/.exec(text)?.[1] ?? 0),
    0,
  );
  return sum - warnings.filter((text) => text.includes("use empty caption")).length;
}

describeGoldens("dataset", (folder) => {
  const start = process.cwd();
  let copy = "";
  beforeAll(async () => {
    copy = await mkdtemp(path.join(tmpdir(), "coinage-scan-"));
    // sd-scripts ignores images with mixed-case extensions, so they are removed before comparing
    await cp(folder, copy, { recursive: true, filter: (file) => !/\.Jpg$/.test(file) });
    process.chdir(copy);
  });
  afterAll(async () => {
    process.chdir(start);
    await rm(copy, { recursive: true });
  });

  test.each(readJson<ScanCase[]>(folder, "scan.json"))("scan $name", async (golden) => {
    const settings = { ...parseTrainArguments(golden.argv).settings, datasetConfig: golden.file };
    const { leftOut, error, isLeftToOthers } = amended(golden);
    if (golden.synthesised_config && !isLeftToOthers) {
      const config = await readDatasetConfig(settings, new DatasetWarnings());
      const subsets = config.datasets.flatMap((dataset) => dataset.subsets);
      const plain = subsets.map((subset) =>
        Object.fromEntries(Object.entries(subset).map(([k, v]) => [k, typeof v === "bigint" ? Number(v) : v])),
      );
      expect(plain).toEqual(golden.synthesised_config.datasets.flatMap((dataset) => dataset.subsets));
    }
    const recordedCode =
      golden.error && !leftOut ? errorCodes.find(([text]) => text.test(golden.error!.message))?.[1] : undefined;
    const code = error ?? recordedCode;
    if (code) {
      await expect(openDataset(settings)).rejects.toMatchObject({ code });
      return;
    }
    const group = await openDataset(settings);
    if (leftOut) {
      expect(group.batchesPerEpoch).toBe(0);
      expect(group.warnings.map(({ kind }) => kind)).toContain("pictureTooSmall");
      return;
    }
    if (isLeftToOthers) {
      expect(group.warnings.find(({ kind }) => kind === "subsetDuplicate")?.subjects).toHaveLength(2);
      expect(group.datasets[0]!.subsets).toHaveLength(1);
      return;
    }
    const report = reportOf(group);
    expect(report.batchesPerEpoch).toBe(golden.batches);
    expect(report.numTrainImages).toBe(golden.num_train_images);
    expect(report.numRegImages).toBe(golden.num_reg_images);
    for (const [i, recorded] of golden.datasets!.entries()) {
      const { bucketing, subsets, buckets, meanAspectError } = report.datasets[i]!;
      expect([bucketing?.minSide ?? null, bucketing?.maxSide ?? null]).toEqual([
        recorded.min_bucket_reso,
        recorded.max_bucket_reso,
      ]);
      expect(subsets.map((subset) => [subset.directory, subset.imageCount, subset.plan.numRepeats])).toEqual(
        recorded.subsets.map((subset) => [subset.directory_or_metadata, subset.img_count, subset.num_repeats]),
      );
      // an entry with tags but without caption loses its tags under sd-scripts' wildcards; coinage keeps them
      const caption = (own: string, read: RecordedImage) =>
        golden.argv.includes("--enable_wildcard") && read.caption === "" ? read.caption : own;
      expect(
        group.datasets[i]!.images.map((image, k) => ({
          key: image.key,
          path: image.path,
          caption: caption(image.caption, recorded.images[k]!),
          repeats: image.repeats,
          is_reg: image.isReg,
          size: image.size,
          bucket: image.bucket,
          resized: image.resized,
          loss_weight: image.lossWeight,
        })),
      ).toEqual(recorded.images);
      expect(buckets).toEqual(recorded.buckets);
      expect(meanAspectError ?? null).toBe(recorded.mean_ar_error);
    }
    expectWarnings(group.warnings, golden);
  });
});
