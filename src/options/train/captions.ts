import type { OptionTable } from "../option.ts";

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
