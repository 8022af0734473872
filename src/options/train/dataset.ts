import type { OptionTable } from "../option.ts";

export const pictureOptions = {
  dataset_config: {
    type: "string",
    effect: "numbers",
    help: "Dataset description in TOML or JSON: folders, captions, repeats, sizes. The flags below are its fallback.",
  },
  train_data_dir: {
    type: "string",
    effect: "numbers",
    help: "Without a dataset config: folder with sub-folders REPEATS_CLASS of pictures; with --in_json the pictures' folder.",
  },
  reg_data_dir: {
    type: "string",
    effect: "numbers",
    help: "The same for regularisation pictures, which show things of the same kind that are not the new word.",
  },
  in_json: {
    type: "string",
    effect: "numbers",
    help: "Metadata file with captions or tags of every picture, in place of caption files.",
  },
  dataset_repeats: {
    type: "int",
    default: 1,
    effect: "numbers",
    help: "How often an epoch uses each picture, where the dataset config does not say.",
  },
  dataset_class: {
    type: "string",
    effect: "numbers",
    state: "refused",
    note: "it names a Python class, and no Python runs here; describe the pictures with --dataset_config",
    help: "Dotted name of a dataset class of one's own.",
  },
  resolution: {
    type: "size",
    effect: "numbers",
    help: "Size of the training pictures: 512, or width,height.",
  },
  enable_bucket: {
    type: "switch",
    effect: "numbers",
    help: "Train pictures of different shapes in sizes that fit their shape instead of cutting all to one.",
  },
  min_bucket_reso: {
    type: "int",
    default: 256,
    effect: "numbers",
    help: "Shortest side of a bucket.",
  },
  max_bucket_reso: {
    type: "int",
    default: 1024,
    effect: "numbers",
    help: "Longest side of a bucket.",
  },
  bucket_reso_steps: {
    type: "int",
    minimum: 1,
    default: 64,
    effect: "numbers",
    help: "Sides of buckets are multiples of this: a multiple of 64, for SDXL of 32.",
  },
  bucket_no_upscale: {
    type: "switch",
    effect: "numbers",
    help: "Make buckets from the pictures' own sizes and never enlarge a picture.",
  },
  resize_interpolation: {
    type: "string",
    choices: ["lanczos", "nearest", "bilinear", "linear", "bicubic", "cubic", "area"],
    effect: "numbers",
    help: "How pictures are resized. Unless said: area to shrink, Lanczos to enlarge.",
  },
  color_aug: {
    type: "switch",
    effect: "numbers",
    help: "Vary the colours of pictures a little. Not together with cached latents.",
  },
  flip_aug: {
    type: "switch",
    effect: "numbers",
    help: "Mirror pictures left to right half of the time.",
  },
  random_crop: {
    type: "switch",
    effect: "numbers",
    help: "Cut pictures at a random place instead of the middle. Not together with cached latents.",
  },
  face_crop_aug_range: {
    type: "range",
    effect: "numbers",
    help: "Cut around the face, magnified by a factor between these two. Only without buckets.",
  },
  alpha_mask: {
    type: "switch",
    effect: "numbers",
    help: "Take the alpha channel of pictures as a mask of what counts for the loss.",
  },
  masked_loss: {
    type: "switch",
    effect: "numbers",
    help: "Use the mask pictures of subsets that have a conditioning_data_dir: what is black there does not count.",
  },
  conditioning_data_dir: {
    type: "string",
    effect: "accepted-without-effect",
    note: "the folder of masks is a key of a subset in the dataset config, in sd-scripts too",
    help: "Folder of mask pictures.",
  },
  cache_info: {
    type: "switch",
    effect: "files",
    help: "Keep captions and sizes of a folder in its metadata_cache.json and read them from there the next time.",
  },
  cache_latents: {
    type: "switch",
    effect: "numbers",
    help: "Encode every picture once before training and keep the result in memory.",
  },
  cache_latents_to_disk: {
    type: "switch",
    effect: "numbers",
    help: "The same, kept in .npz files beside the pictures for the next run.",
  },
  vae_batch_size: {
    type: "int",
    minimum: 1,
    default: 1,
    effect: "speed",
    help: "How many pictures are encoded at once while latents are cached.",
  },
  skip_cache_check: {
    type: "switch",
    effect: "files",
    help: "Trust the .npz files that are there without looking into them.",
  },
  debug_dataset: {
    type: "switch",
    effect: "display",
    help: "Show what the dataset yields and stop without training.",
  },
} as const satisfies OptionTable;

export const captionOptions = {
  caption_extension: {
    type: "string",
    default: ".caption",
    effect: "numbers",
    help: "Extension of the caption files that lie beside the pictures.",
  },
  caption_extention: {
    type: "string",
    effect: "numbers",
    help: "Old misspelling of --caption_extension; wins over it.",
  },
  caption_separator: {
    type: "string",
    default: ",",
    effect: "numbers",
    help: "What separates the tags of a caption.",
  },
  shuffle_caption: {
    type: "switch",
    effect: "numbers",
    help: "Put the tags of a caption in another order every time it is used.",
  },
  keep_tokens: {
    type: "int",
    default: 0,
    effect: "numbers",
    help: "How many tags at the beginning stay where they are when tags are shuffled or dropped.",
  },
  keep_tokens_separator: {
    type: "string",
    default: "",
    effect: "numbers",
    help: "Mark in a caption between what stays in place and what may be shuffled; goes before --keep_tokens.",
  },
  secondary_separator: {
    type: "string",
    effect: "numbers",
    help: "Second separator, for tags that stay together; it becomes the caption separator after shuffling.",
  },
  enable_wildcard: {
    type: "switch",
    effect: "numbers",
    help: "Choose one of {a|b|c} in captions, and one line of captions with several lines.",
  },
  caption_prefix: {
    type: "string",
    effect: "numbers",
    help: "Text put before every caption, with a blank between them.",
  },
  caption_suffix: {
    type: "string",
    effect: "numbers",
    help: "Text put behind every caption, with a blank between them.",
  },
  token_warmup_min: {
    type: "int",
    default: 1,
    effect: "numbers",
    help: "How many tags captions begin with when the number of tags grows during training.",
  },
  token_warmup_step: {
    type: "float",
    default: 0,
    effect: "numbers",
    help: "Step by which captions have all their tags; below 1 a share of all steps, 0 for all tags from the start.",
  },
} as const satisfies OptionTable;
