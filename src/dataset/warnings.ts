import { firstFew } from "../errors/index.ts";

/** Texts of warnings about a dataset: what is wrong, and what to do. Subjects are named in between. */
const texts = {
  aspectTooThin: ["Left out, because they are too long and thin to be cut to size"],
  bucketLimitRounded: ["Bucket limits must be multiples of bucket_reso_steps"],
  bucketLimitsUnused: ["min_bucket_reso and max_bucket_reso have no effect with bucket_no_upscale"],
  captionAlternatives: [
    "Captions with {a|b} in them are trained literally, braces included",
    "Add --enable_wildcard to have one of {a|b} chosen each time.",
  ],
  captionBlank: ["The caption is empty"],
  captionEmpty: ["The caption is empty, because there is neither a caption file nor a class token"],
  captionFromClass: ["The class tokens are the caption, because there is no caption file"],
  captionLines: [
    "Captions have several lines, and only the first is used",
    "Add --enable_wildcard to have one of them chosen each time, or write all on one line.",
  ],
  captionOtherEnding: [
    "Not read as captions, because their extension is not caption_extension",
    "If they are the captions, give their extension with --caption_extension.",
  ],
  captionSeparator: [
    "The keep_tokens_separator in captions is trained as text, because it is removed only when tags are shuffled",
    "Add --shuffle_caption, or remove it from the captions.",
  ],
  entryUnreachable: ["Left out, because they cannot be opened", "Repair or remove them."],
  folderMissing: ["Left out, because this is not a folder"],
  folderWithoutRepeats: [
    "Left out, because these folders are not named REPEATS_CLASS, such as 10_mycat",
    "Rename them, or use one as it is with --image_dir.",
  ],
  infoCacheIncomplete: [
    "Left out, because metadata_cache.json does not list them",
    "Delete metadata_cache.json so that it is rebuilt, or leave out --cache_info.",
  ],
  infoCacheMissing: ["cache_info is on, so metadata_cache.json is written now for the next run"],
  latentsDamaged: ["Latent caches that cannot be read are rebuilt"],
  latentsOutdated: ["Latent caches are rebuilt"],
  latentsOutside: [
    "Latents are kept in memory, not in files, because these images are outside the folder given for them",
    "Give their folder as --train_data_dir or image_dir to keep them in files.",
  ],
  latentsUntold: [
    "Latent caches from sd-scripts are used, which do not say which VAE made them",
    "Delete them if it was a different one.",
  ],
  maskStretched: [
    "Masks that differ in size from their images are stretched to fit",
    "Make each mask the size of its image.",
  ],
  metadataEmpty: ["Left out, because the metadata file names no images"],
  pictureAnimated: [
    "Animated or with several pages, and only the first frame of each is trained on",
    "Save the other frames as separate files if you want them.",
  ],
  pictureHuge: ["Over 40 megapixels, and decoded in full each time: shrink them, or cache latents"],
  pictureMisnamed: [
    "Left out, because the file extension does not match the image format",
    "Rename them with the extension of their format, such as .png or .jpg.",
  ],
  picturesBesideFolders: [
    "Left out, because they are beside the REPEATS_CLASS folders, not inside one",
    "Move them into one, or use a folder as it is with --image_dir.",
  ],
  pictureTiny: ["Enlarged to more than twice their size, so the word also learns their blur"],
  pictureTooSmall: [
    "Left out, because a side is shorter than bucket_reso_steps and bucket_no_upscale forbids enlarging them",
    "Leave out bucket_no_upscale, or use larger images.",
  ],
  pictureTransparent: [
    "Transparent, and trained with the colours hidden under the transparency",
    "Add --alpha_mask to leave transparent areas out of the loss, or --alpha_background white to put the images on a background colour.",
  ],
  pictureTurned: [
    "Rotated or mirrored by EXIF, which is ignored as in sd-scripts, so they are trained as stored and not as viewers show them",
    "Add --exif_transpose to train them upright.",
  ],
  pictureTwice: ["The same image appears twice"],
  pictureUndecodable: ["Left out, because these image formats are not supported", "Export them as PNG or JPEG."],
  pictureUpscaled: ["Enlarged a little, because they are smaller than the training size"],
  regularisationBesideFolders: [
    "Left out, because they are beside the REPEATS_CLASS folders, not inside one",
    "Move them into one, such as 1_cat.",
  ],
  regularisationNone: ["There is no REPEATS_CLASS folder of regularisation images, such as 1_cat, in"],
  regularisationUnused: ["Not used, because there are more regularisation images than training images"],
  settingsIgnored: ["Ignored, because the dataset config takes precedence"],
  sizeTold: [
    "The metadata gives a size that the image does not have; its real size is used",
    "Correct image_size; with --cache_info delete metadata_cache.json, whose captions may be outdated too.",
  ],
  subfolderWithPictures: [
    "Left out, because subfolders of an image folder are not searched",
    "Make each a subset of its own, or move its images up.",
  ],
  subsetDuplicate: ["Left out, because the same subset is already included"],
  subsetEmpty: ["Left out, because the subset has no images"],
  subsetWithoutRepeats: ["Left out, because the number of repeats is below 1"],
  transparencySampled: ["Only some of the many images with an alpha channel were checked for transparency"],
  validationSplitIgnored: ["validation_split must be between 0 and 1; 0 is used"],
} as const satisfies Record<string, readonly [text: string, hint?: string]>;

export type DatasetWarningKind = keyof typeof texts;

/** One kind of warning with everything it is about. */
export interface DatasetWarning {
  readonly kind: DatasetWarningKind;
  /** The images, folders or settings concerned, in the order found. */
  readonly subjects: readonly string[];
  readonly message: string;
}

/** Collects warnings about a dataset, one of each kind. */
export class DatasetWarnings {
  readonly #subjects = new Map<DatasetWarningKind, string[]>();

  add(kind: DatasetWarningKind, ...subjects: readonly string[]): void {
    const known = this.#subjects.get(kind) ?? [];
    for (const subject of subjects) known.push(subject);
    this.#subjects.set(kind, known);
  }

  subjectsOf(kind: DatasetWarningKind): readonly string[] {
    return this.#subjects.get(kind) ?? [];
  }

  /** Adds a warning about all subjects; none adds nothing. */
  addAll(kind: DatasetWarningKind, subjects: readonly string[]): void {
    for (const subject of subjects) this.add(kind, subject);
  }

  list(): DatasetWarning[] {
    return [...this.#subjects].map(([kind, subjects]) => ({ kind, subjects, message: messageOf(kind, subjects) }));
  }
}

/** "The caption is empty (7): a.png, b.png, c.png, d.png, e.png and 2 more." */
function messageOf(kind: DatasetWarningKind, subjects: readonly string[]): string {
  const [text, hint]: readonly [string, string?] = texts[kind];
  const count = subjects.length > 1 ? ` (${subjects.length})` : "";
  const said = subjects.length === 0 ? `${text}.` : `${text}${count}: ${firstFew(subjects)}.`;
  return hint === undefined ? said : `${said} ${hint}`;
}
