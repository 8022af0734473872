import { expect, test } from "vitest";
import { type FileValues, inputPaths, type OptionValue, outputPaths, trainFileTable } from "../../options/index.ts";
import { isExtension, isFileName, isPortable, packedPaths, portableValues, requirePortable } from "./portable.ts";

type Flag = keyof typeof trainFileTable;
const flags = Object.keys(trainFileTable) as Flag[];
const values = (entries: Partial<Record<Flag, OptionValue>>) =>
  new Map(Object.entries(entries)) as unknown as FileValues;

test("no flag that goes to another machine names a file, a folder, an address or a secret", () => {
  const portable = flags.filter(isPortable);
  expect(portable.filter((flag) => [...inputPaths, ...outputPaths].some((path) => path === flag))).toEqual([]);
  expect(
    portable.filter((flag) =>
      /(_dir|_file|_path|_config|_json|url|queue|repo_id|api_key)$|^huggingface|^wandb/.test(flag),
    ),
  ).toEqual([]);
  // every text that may go was looked at one by one: a new flag stays here until it is
  const texts = portable.filter((flag) => {
    const option: { readonly type: string; readonly choices?: unknown } = trainFileTable[flag];
    return option.type === "string" && option.choices === undefined;
  });
  expect(texts.sort()).toMatchInlineSnapshot(`
    [
      "alpha_background",
      "caption_extension",
      "caption_extention",
      "caption_prefix",
      "caption_separator",
      "caption_suffix",
      "class_tokens",
      "init_word",
      "keep_tokens_separator",
      "lr_scheduler",
      "lr_scheduler_args",
      "lr_scheduler_type",
      "metadata_author",
      "metadata_description",
      "metadata_is_negative_embedding",
      "metadata_license",
      "metadata_merged_from",
      "metadata_preprocessor",
      "metadata_tags",
      "metadata_title",
      "metadata_trigger_phrase",
      "metadata_usage_hint",
      "norm_target",
      "optimizer_args",
      "optimizer_type",
      "output_name",
      "prior_pull",
      "secondary_separator",
      "time",
      "token_string",
      "training_comment",
    ]
  `);
});

test.each([
  ["device", "cuda"],
  ["threads", 64],
  ["output_dir", "/etc"],
  ["logging_dir", "/etc"],
  ["events", "/etc/passwd"],
  ["console_log_file", "/etc/passwd"],
  ["debug_dataset_dir", "/etc"],
  ["runs_dir", "/etc"],
  ["run", "x"],
  ["config_file", "/etc/passwd"],
  ["resume", "/etc"],
  ["in_json", "/etc/passwd"],
  ["dataset_config", "/etc/passwd"],
  ["image_dir", "/etc"],
  ["train_data_dir", "/etc"],
  ["reg_data_dir", "/etc"],
  ["conditioning_data_dir", "/etc"],
  ["pretrained_model_name_or_path", "someone/model"],
  ["vae", "someone/vae"],
  ["weights", "/etc/passwd"],
  ["sample_prompts", "/etc/passwd"],
  ["metadata_thumbnail", "/etc/passwd"],
  ["log_tracker_config", "/etc/passwd"],
  ["tokenizer_cache_dir", "/etc"],
  ["queue", "redis://elsewhere"],
  ["queue_ca", "/etc/passwd"],
  ["huggingface_token", "hf_x"],
  ["huggingface_repo_id", "a/b"],
  ["cache_latents_to_disk", true],
  ["cache_info", true],
  ["save_model_as", "pt"],
  ["caption_extension", "/../../../etc/passwd"],
  ["output_name", "../escape"],
] as const)("a worker refuses a job that sets %s", (flag, value) => {
  expect(() => requirePortable(values({ [flag]: value }))).toThrow(
    expect.objectContaining({ code: "CLUSTER_PROTOCOL" }),
  );
});

test("what goes out is what a worker takes: paths stay, latents are cached in memory", () => {
  const out = portableValues(
    values({
      learning_rate: 1e-3,
      image_dir: "/home/me/cat",
      device: "cpu",
      cache_latents_to_disk: true,
      gradient_checkpointing: true,
    }),
  );
  expect([...out]).toEqual([
    ["learning_rate", 1e-3],
    ["gradient_checkpointing", true],
    ["cache_latents", true],
  ]);
  requirePortable(out);
});

test.each([
  ["in_json", "meta.json"],
  ["resume", "state"],
  ["save_model_as", "pt"],
  ["caption_extension", "/../secret"],
] as const)("runs with %s stay on this machine, and the error says so", (flag, value) => {
  expect(() => portableValues(values({ [flag]: value }))).toThrow(
    expect.objectContaining({ code: "SETTINGS_CONFLICT", where: `--${flag}` }),
  );
});

test("names of files and extensions lead nowhere", () => {
  for (const name of ["a.png", "word-0001.safetensors", "ü ñ.txt"]) expect(isFileName(name)).toBe(true);
  for (const name of ["", ".", "..", "../a", "a/b", "a\\b", "C:a", "a\0", ".hidden", "a.", "con|x"])
    expect(isFileName(name)).toBe(false);
  for (const extension of [".txt", ".caption", ".tags.txt"]) expect(isExtension(extension)).toBe(true);
  for (const extension of ["txt", "./x", "..", ".a..b", "/../x", ".a/b"]) expect(isExtension(extension)).toBe(false);
});

test("every path of a run is given out or has no effect", () => {
  const left = inputPaths.filter((flag) => !packedPaths.some((packed) => packed === flag));
  expect(left.sort()).toEqual([
    "conditioning_data_dir",
    "in_json",
    "log_tracker_config",
    "resume",
    "tokenizer_cache_dir",
  ]);
});
