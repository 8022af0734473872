import type { OptionTable } from "../option.ts";

export const pictureOptions = {
  dataset_config: {
    type: "string",
    effect: "numbers",
    help: "Dataset config in TOML or JSON: folders, captions, repeats, sizes. The flags below apply where it does not say.",
  },
  train_data_dir: {
    type: "string",
    effect: "numbers",
    help: "Without a dataset config: folder with image folders named REPEATS_CLASS; with --in_json the folder of the images.",
  },
  reg_data_dir: {
    type: "string",
    effect: "numbers",
    help: "The same for regularization images, which show things of the same class other than the new word.",
  },
  in_json: {
    type: "string",
    effect: "numbers",
    help: "Metadata file with the captions or tags of every image, instead of caption files.",
  },
  dataset_repeats: {
    type: "int",
    default: 1,
    effect: "numbers",
    help: "Number of times each image is used in an epoch, where the dataset config does not say.",
  },
  dataset_class: {
    type: "string",
    effect: "numbers",
    state: "refused",
    note: "it names a Python class, and coinage runs no Python; describe the images with --dataset_config",
    help: "Dotted name of a custom dataset class.",
  },
  resolution: { type: "size", effect: "numbers", help: "Size of the training images: 512, or width,height." },
  enable_bucket: {
    type: "switch",
    effect: "numbers",
    help: "Aspect ratio bucketing: train images in sizes that fit their shape instead of cropping all to one.",
  },
  min_bucket_reso: { type: "int", default: 256, effect: "numbers", help: "Shortest side of a bucket in pixels." },
  max_bucket_reso: { type: "int", default: 1024, effect: "numbers", help: "Longest side of a bucket in pixels." },
  bucket_reso_steps: {
    type: "int",
    minimum: 1,
    default: 64,
    effect: "numbers",
    help: "Sides of buckets are multiples of this, itself a multiple of 64 (SDXL: 32).",
  },
  bucket_no_upscale: {
    type: "switch",
    effect: "numbers",
    help: "Make buckets from the images' own sizes and never enlarge an image.",
  },
  resize_interpolation: {
    type: "string",
    choices: ["lanczos", "nearest", "bilinear", "linear", "bicubic", "cubic", "area"],
    effect: "numbers",
    help: "How images are resized. Default: area to shrink, Lanczos to enlarge.",
  },
  color_aug: {
    type: "switch",
    effect: "numbers",
    help: "Vary the colours of images slightly. Cannot be combined with cached latents.",
  },
  flip_aug: { type: "switch", effect: "numbers", help: "Flip images horizontally half of the time." },
  random_crop: {
    type: "switch",
    effect: "numbers",
    help: "Crop images at a random place instead of the centre. Cannot be combined with cached latents.",
  },
  face_crop_aug_range: {
    type: "range",
    effect: "numbers",
    help: "Crop around the face, enlarged by a factor between these two. Only without buckets.",
  },
  alpha_mask: { type: "switch", effect: "numbers", help: "Use the alpha channel of images as a loss mask." },
  masked_loss: {
    type: "switch",
    effect: "numbers",
    help: "Use the mask images of subsets that have a conditioning_data_dir: black areas do not count in the loss.",
  },
  conditioning_data_dir: {
    type: "string",
    effect: "accepted-without-effect",
    note: "the folder of masks is a key of a subset in the dataset config, also in sd-scripts",
    help: "Folder of mask images.",
  },
  cache_info: {
    type: "switch",
    effect: "files",
    help: "Cache captions and sizes of a folder in its metadata_cache.json and read them from there the next time.",
  },
  cache_latents: {
    type: "switch",
    effect: "numbers",
    help: "Encode every image once before training and keep its latents in memory.",
  },
  cache_latents_to_disk: {
    type: "switch",
    effect: "numbers",
    help: "The same, kept in .npz files beside the images for the next run.",
  },
  vae_batch_size: {
    type: "int",
    minimum: 1,
    default: 1,
    effect: "speed",
    help: "Number of images encoded at once while latents are cached.",
  },
  skip_cache_check: { type: "switch", effect: "files", help: "Trust existing .npz files without checking them." },
  debug_dataset: {
    type: "switch",
    effect: "display",
    help: "List every batch of the dataset and stop without training.",
  },
} as const satisfies OptionTable;

export const captionOptions = {
  caption_extension: {
    type: "string",
    default: ".caption",
    effect: "numbers",
    help: "Extension of the caption files beside the images.",
  },
  caption_extention: {
    type: "string",
    effect: "numbers",
    help: "Old misspelling of --caption_extension; overrides it.",
  },
  caption_separator: {
    type: "string",
    default: ",",
    effect: "numbers",
    help: "Separator between the tags of a caption.",
  },
  shuffle_caption: { type: "switch", effect: "numbers", help: "Shuffle the tags of a caption every time it is used." },
  keep_tokens: {
    type: "int",
    default: 0,
    effect: "numbers",
    help: "Number of tags at the beginning that are never shuffled or dropped.",
  },
  keep_tokens_separator: {
    type: "string",
    default: "",
    effect: "numbers",
    help: "Separator in a caption between the tags that stay in place and those that may be shuffled; overrides --keep_tokens.",
  },
  secondary_separator: {
    type: "string",
    effect: "numbers",
    help: "Second separator, for tags that stay together; replaced by the caption separator after shuffling.",
  },
  enable_wildcard: {
    type: "switch",
    effect: "numbers",
    help: "Choose one of {a|b|c} in captions, and one line of a caption with several lines.",
  },
  caption_prefix: { type: "string", effect: "numbers", help: "Text put before every caption, separated by a space." },
  caption_suffix: { type: "string", effect: "numbers", help: "Text put after every caption, separated by a space." },
  token_warmup_min: {
    type: "int",
    default: 1,
    effect: "numbers",
    help: "Number of tags captions start with when the number of tags grows during training.",
  },
  token_warmup_step: {
    type: "float",
    default: 0,
    effect: "numbers",
    help: "Step from which captions have all their tags; below 1 a fraction of all steps, 0 for all tags from the start.",
  },
} as const satisfies OptionTable;
