/** What can be odd about a dataset without stopping a run. What it is about follows. */
const texts = {
  aspectTooThin: "Left out, for they are too long and thin to be cut to size",
  bucketLimitRounded: "Bucket limits must be multiples of bucket_reso_steps",
  bucketLimitsUnused: "min_bucket_reso and max_bucket_reso have no effect with bucket_no_upscale",
  captionBlank: "The caption is empty",
  captionEmpty: "The caption is empty, for there is neither a caption file nor a class token",
  captionFromClass: "The class tokens are the caption, for there is no caption file",
  folderMissing: "Not a folder",
  folderWithoutRepeats: "Left out, for the folder's name does not begin with a number of repeats",
  infoCacheMissing: "cache_info is on, so metadata_cache.json is written now for the next time",
  latentsDamaged: "Latent caches that cannot be read are made anew",
  metadataEmpty: "Left out, for the metadata file names no pictures",
  pictureHuge: "Over 40 megapixels, and decoded whole each time: shrink them, or cache latents",
  pictureTiny: "Enlarged to more than twice their size, so the word learns how blurred they are",
  pictureTwice: "The same picture is there twice",
  pictureUpscaled: "Enlarged a little, for they are smaller than they are trained at",
  regularisationUnused: "Not used, for there are more regularisation pictures than training pictures",
  settingsIgnored: "The dataset config takes the place of",
  subsetDuplicate: "Left out, for the subset is there already",
  subsetEmpty: "Left out, for the subset has no pictures",
  subsetWithoutRepeats: "Left out, for num_repeats is below 1",
  validationSplitIgnored: "validation_split must lie between 0 and 1; taken as 0",
} as const satisfies Record<string, string>;

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
    for (const subject of subjects) known.push(subject);
    this.#subjects.set(kind, known);
  }

  /** The same for subjects of which there may be none, which is nothing odd. */
  addAll(kind: DatasetWarningKind, subjects: readonly string[]): void {
    for (const subject of subjects) this.add(kind, subject);
  }

  list(): DatasetWarning[] {
    return [...this.#subjects].map(([kind, subjects]) => ({ kind, subjects, message: messageOf(kind, subjects) }));
  }
}

/** "The caption is empty (7): a.png, b.png, c.png, d.png, e.png and 2 more." */
function messageOf(kind: DatasetWarningKind, subjects: readonly string[]): string {
  if (subjects.length === 0) return `${texts[kind]}.`;
  const rest = subjects.length - shownAtMost;
  const count = subjects.length > 1 ? ` (${subjects.length})` : "";
  return `${texts[kind]}${count}: ${subjects.slice(0, shownAtMost).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}.`;
}
