/** What can be odd about a dataset without stopping a run, and how it is said. `shown`: the first few of what it is about. */
const texts = {
  aspectTooThin: (count: number, shown: string) =>
    `${count} pictures are thinner than a bucket step and are left out: ${shown}.`,
  bucketLimitRounded: (_: number, shown: string) => `Bucket limits must be multiples of bucket_reso_steps: ${shown}.`,
  bucketLimitsUnused: () => "min_bucket_reso and max_bucket_reso have no effect with bucket_no_upscale.",
  captionBlank: (count: number, shown: string) => `${count} pictures have an empty caption: ${shown}.`,
  captionEmpty: (count: number, shown: string) =>
    `${count} pictures have neither a caption file nor class tokens; their caption is empty: ${shown}.`,
  captionFromClass: (count: number, shown: string) =>
    `${count} pictures have no caption file; their class tokens are the caption: ${shown}.`,
  folderMissing: (_: number, shown: string) => `Not a folder: ${shown}.`,
  folderWithoutRepeats: (_: number, shown: string) =>
    `Folders whose name does not begin with a number of repeats are left out: ${shown}.`,
  infoCacheMissing: (_: number, shown: string) =>
    `cache_info is on but there is no metadata_cache.json yet; it is written now: ${shown}.`,
  metadataEmpty: (_: number, shown: string) => `Metadata files without pictures are left out: ${shown}.`,
  regularisationUnused: (count: number, shown: string) =>
    `${count} regularisation pictures are more than there are training pictures and are not used: ${shown}.`,
  settingsIgnored: (_: number, shown: string) => `The dataset config takes the place of ${shown}.`,
  subsetDuplicate: (_: number, shown: string) => `Subsets that are already there are left out: ${shown}.`,
  subsetEmpty: (_: number, shown: string) => `Subsets without pictures are left out: ${shown}.`,
  subsetWithoutRepeats: (_: number, shown: string) => `Subsets with num_repeats below 1 are left out: ${shown}.`,
  validationSplitIgnored: (_: number, shown: string) =>
    `validation_split must lie between 0 and 1; taken as 0: ${shown}.`,
} as const satisfies Record<string, (count: number, shown: string) => string>;

export type DatasetWarningKind = keyof typeof texts;

/** One kind of oddity, with everything it was found in. */
export interface DatasetWarning {
  readonly kind: DatasetWarningKind;
  /** Pictures, folders or settings it is about, in the order found. */
  readonly subjects: readonly string[];
  readonly message: string;
}

const shownAtMost = 5;

/** Collects what is odd about a dataset, one warning a kind. */
export class DatasetWarnings {
  readonly #subjects = new Map<DatasetWarningKind, string[]>();

  add(kind: DatasetWarningKind, ...subjects: readonly string[]): void {
    const known = this.#subjects.get(kind) ?? [];
    known.push(...subjects);
    this.#subjects.set(kind, known);
  }

  list(): DatasetWarning[] {
    return [...this.#subjects].map(([kind, subjects]) => ({ kind, subjects, message: messageOf(kind, subjects) }));
  }
}

function messageOf(kind: DatasetWarningKind, subjects: readonly string[]): string {
  const rest = subjects.length - shownAtMost;
  const shown = subjects.slice(0, shownAtMost).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  return texts[kind](subjects.length, shown);
}
