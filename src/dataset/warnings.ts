import { firstFew } from "../errors/index.ts";

/** What can be odd about a dataset without stopping a run, and what to do about it. What it is about stands between the two. */
const texts = {
  aspectTooThin: ["Left out, because they are too long and thin to be cut to size"],
  bucketLimitRounded: ["Bucket limits must be multiples of bucket_reso_steps"],
  bucketLimitsUnused: ["min_bucket_reso and max_bucket_reso have no effect with bucket_no_upscale"],
  captionAlternatives: [
    "Captions with alternatives in braces are trained as they stand, braces included",
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
    "Not read as captions, because they do not end exactly in caption_extension",
    "If they are the captions, give their ending with --caption_extension.",
  ],
  captionSeparator: [
    "The keep_tokens_separator in captions is trained as text, because it is taken out only where tags are shuffled",
    "Add --shuffle_caption, or leave it out of the captions.",
  ],
  entryUnreachable: ["Left out, because they cannot be opened", "Mend or remove them."],
  folderMissing: ["Left out, because this is no folder"],
  folderWithoutRepeats: [
    "Left out, because these folders are not named REPEATS_CLASS, as 10_mycat is",
    "Rename them, or take one as it is with --image_dir.",
  ],
  infoCacheIncomplete: [
    "Left out, because metadata_cache.json does not know them",
    "Delete metadata_cache.json to have it made anew, or leave --cache_info out.",
  ],
  infoCacheMissing: ["cache_info is on, so metadata_cache.json is written now for the next time"],
  latentsDamaged: ["Latent caches that cannot be read are made anew"],
  latentsOutdated: ["Latent caches are made anew"],
  latentsOutside: [
    "Latents are kept in memory, not in files, because these pictures do not lie in the folder given for them",
    "Give their folder as --train_data_dir or image_dir to keep them in files.",
  ],
  latentsUntold: [
    "Latent caches are used that do not say which VAE they are of, as sd-scripts writes them",
    "Delete them if it was another.",
  ],
  maskStretched: [
    "Masks of another size than their pictures are stretched over them",
    "Make each mask as large as its picture.",
  ],
  metadataEmpty: ["Left out, because the metadata file names no pictures"],
  pictureAnimated: [
    "Animated or of several pages, and only the first picture of each is trained",
    "Save the others as files of their own if you want them.",
  ],
  pictureHuge: ["Over 40 megapixels, and decoded whole each time: shrink them, or cache latents"],
  pictureMisnamed: [
    "Left out, because the names of these pictures do not end as their kind does",
    "Rename them to end in .png, .jpg or what they are.",
  ],
  picturesBesideFolders: [
    "Left out, because they lie beside the folders REPEATS_CLASS and not in one of them",
    "Move them into one, or take a folder as it is with --image_dir.",
  ],
  pictureTiny: ["Enlarged to more than twice their size, so the word learns how blurred they are"],
  pictureTooSmall: [
    "Left out, because a side is shorter than bucket_reso_steps and bucket_no_upscale forbids to enlarge them",
    "Leave bucket_no_upscale out, or use larger pictures.",
  ],
  pictureTransparent: [
    "Transparent, and trained with the colours hidden below",
    "Add --alpha_mask to leave transparent places out of the loss, or --alpha_background white to lay the pictures on a colour.",
  ],
  pictureTurned: [
    "Turned or mirrored by EXIF, which sd-scripts ignores, so they are trained as they are stored and not as viewers show them",
    "Add --exif_transpose to turn them upright.",
  ],
  pictureTwice: ["The same picture is there twice"],
  pictureUndecodable: ["Left out, because pictures of these kinds cannot be read here", "Export them as PNG or JPEG."],
  pictureUpscaled: ["Enlarged a little, because they are smaller than the size they are trained at"],
  regularisationBesideFolders: [
    "Left out, because they lie beside the folders REPEATS_CLASS and not in one of them",
    "Move them into one, such as 1_cat.",
  ],
  regularisationNone: ["There is no folder of regularisation pictures, named REPEATS_CLASS as 1_cat is, in"],
  regularisationUnused: ["Not used, because there are more regularisation pictures than training pictures"],
  settingsIgnored: ["The dataset config takes the place of"],
  sizeTold: [
    "Pictures of another size than their metadata tells, and trained in their own",
    "Correct image_size; with --cache_info delete metadata_cache.json, whose captions may be old, too.",
  ],
  subfolderWithPictures: [
    "Left out, because sub-folders of a folder of pictures are not searched",
    "Make each a subset of its own, or move its pictures up.",
  ],
  subsetDuplicate: ["Left out, because the same subset is there already"],
  subsetEmpty: ["Left out, because the subset has no pictures"],
  subsetWithoutRepeats: ["Left out, because the number of repeats is below 1"],
  transparencySampled: ["Of many pictures with an alpha channel only some were looked at for transparency"],
  validationSplitIgnored: ["validation_split must lie between 0 and 1; taken as 0"],
} as const satisfies Record<string, readonly [text: string, hint?: string]>;

export type DatasetWarningKind = keyof typeof texts;

/** One kind of oddity, with everything it was found in. */
export interface DatasetWarning {
  readonly kind: DatasetWarningKind;
  /** Pictures, folders or settings it is about, in the order found. */
  readonly subjects: readonly string[];
  readonly message: string;
}

/** Collects what is odd about a dataset, one warning a kind. */
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
  const [text, hint]: readonly [string, string?] = texts[kind];
  const count = subjects.length > 1 ? ` (${subjects.length})` : "";
  const said = subjects.length === 0 ? `${text}.` : `${text}${count}: ${firstFew(subjects)}.`;
  return hint === undefined ? said : `${said} ${hint}`;
}
