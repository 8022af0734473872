import type { OptionTable } from "../option.ts";

export const metadataOptions = {
  metadata_title: {
    type: "string",
    effect: "files",
    help: "Title; the output name unless said.",
  },
  metadata_author: { type: "string", effect: "files", help: "Author." },
  metadata_description: { type: "string", effect: "files", help: "Description." },
  metadata_license: { type: "string", effect: "files", help: "Licence." },
  metadata_tags: { type: "string", effect: "files", help: "Tags, usually separated by commas." },
  metadata_usage_hint: { type: "string", effect: "files", help: "How to use the embedding." },
  metadata_thumbnail: {
    type: "string",
    effect: "files",
    help: "Picture file, or a data: URL.",
  },
  metadata_merged_from: { type: "string", effect: "files", help: "What it was merged from." },
  metadata_trigger_phrase: { type: "string", effect: "files", help: "Words that call it up." },
  metadata_preprocessor: { type: "string", effect: "files", help: "Preprocessor it needs." },
  metadata_is_negative_embedding: {
    type: "string",
    effect: "files",
    help: "Whether it is made for negative prompts; the text is stored as it is.",
  },
} as const satisfies OptionTable;
