import { generateGroups } from "./generate/table.ts";
import type { Option, OptionGroup } from "./option.ts";
import { wordsOf } from "./option-values.ts";
import { defaultOf } from "./settings.ts";
import { trainGroups } from "./train/table.ts";

/** Commands that take the flags of a table. */
export type TableCommand = "train" | "generate";

interface Page {
  readonly about: string;
  readonly groups: readonly OptionGroup[];
  /** Three example command lines, each with what it does. A flag and its value stay on one line. */
  readonly examples: readonly (readonly [what: string, flags: readonly string[]])[];
}

const pages: Readonly<Record<TableCommand, Page>> = {
  train: {
    about: "Teaches a Stable Diffusion model a new word from a few images.",
    groups: trainGroups,
    examples: [
      [
        "Teach the word mycat from the images in the folder pictures, with settings chosen for model, device and images:",
        [
          "--recipe auto",
          "--pretrained_model_name_or_path model.safetensors",
          "--train_data_dir pictures",
          "--token_string mycat",
          "--init_word cat",
        ],
      ],
      [
        "The same in at most half an hour, with a choice of your own:",
        [
          "--recipe auto",
          "--time 30m",
          "--num_vectors_per_token 4",
          "--pretrained_model_name_or_path model.safetensors",
          "--train_data_dir pictures",
          "--token_string mycat",
          "--init_word cat",
        ],
      ],
      ["With all settings from a file, as with sd-scripts:", ["--config_file train.toml", "--output_name mycat-2"]],
    ],
  },
  generate: {
    about: "Generates images from prompts, with new words from embedding files.",
    groups: generateGroups,
    examples: [
      [
        "Use the word mycat in a prompt:",
        [
          "--ckpt model.safetensors",
          "--textual_inversion_embeddings out/mycat.safetensors",
          '--prompt "a photo of mycat in the snow --n blurry"',
          "--seed 1",
        ],
      ],
      [
        "Generate four images for every line of a file:",
        ["--ckpt model.safetensors", "--from_file prompts.txt", "--images_per_prompt 4"],
      ],
      [
        "Fewer steps, and another size:",
        ['--ckpt model.safetensors --prompt "a lake"', "--sampler dpmsolver++", "--steps 20", "--W 768", "--H 512"],
      ],
    ],
  },
};

/** The text of `coinage COMMAND --help`, in lines of at most `width` characters unless a word is longer. */
export function helpText(command: TableCommand, width: number): string {
  const { about, groups, examples } = pages[command];
  return [
    `Usage: coinage ${command} FLAGS`,
    ...wrap(about, width),
    "",
    ...examples.flatMap(([what, flags]) => [...wrap(what, width), ...exampleLines(command, flags, width), ""]),
    ...groups.flatMap((group) => [...groupLines(group, width), ""]),
    ...wrap("Flags can be abbreviated to any unambiguous prefix; --flag=VALUE is the same as --flag VALUE.", width),
  ].join("\n");
}

function exampleLines(command: TableCommand, flags: readonly string[], width: number): string[] {
  const lines = [`  coinage ${command}`];
  for (const flag of flags) {
    const line = lines.at(-1)!;
    if (line.length + flag.length + 3 <= width) lines[lines.length - 1] = `${line} ${flag}`;
    else lines.push(`    ${flag}`);
  }
  return lines.map((line, index) => (index < lines.length - 1 ? `${line} \\` : line));
}

function groupLines({ title, options }: OptionGroup, width: number): string[] {
  return [`${title}:`, ...Object.entries(options).flatMap(([name, option]) => optionLines(name, option, width))];
}

/** A flag with its help beside it, or below it if the flag is long or the terminal narrow. */
function optionLines(name: string, option: Option, width: number): string[] {
  const column = width < 70 ? 6 : 34;
  const flag = `  --${name} ${placeholderOf(option)}`.trimEnd();
  const help = wrap(fullHelp(option), Math.max(20, width - column)).map((line) => " ".repeat(column) + line);
  return flag.length + 2 > column ? [flag, ...help] : [flag + help[0]!.slice(flag.length), ...help.slice(1)];
}

/** Wraps a text into lines of at most `width` characters; a longer word gets its own line. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const placeholders = {
  string: "TEXT",
  int: "N",
  float: "X",
  switch: "",
  intOrRatio: "N|X|N%",
  size: "SIZE|W,H",
  range: "LOW,HIGH",
  rates: "X|X:N,...",
} as const;

/** What follows a flag in a usage line: "N", "X X", "TEXT ..."; nothing for a switch. */
export function placeholderOf(option: Option): string {
  const placeholder = placeholders[option.type];
  return option.count === "any"
    ? `${placeholder} ...`
    : Array(option.count ?? 1)
        .fill(placeholder)
        .join(" ");
}

/** The default as written on a command line; undefined for none, an empty text and switches. */
export function defaultText(option: Option): string | undefined {
  const value = defaultOf(option);
  return value === undefined || value === "" || typeof value === "boolean"
    ? undefined
    : wordsOf(option, value).join(" ");
}

/** A sentence on how far a flag is supported; undefined for one that is. */
export function supportText(option: Option): string | undefined {
  if (!option.note) return undefined;
  const how = { later: "Not implemented yet", refused: "Not supported", acts: "No effect" }[option.state ?? "acts"];
  return `${how}: ${option.note}.`;
}

/** Help with choices, default and support. */
function fullHelp(option: Option): string {
  const shownDefault = defaultText(option);
  const sentences = [
    option.help,
    option.choices && `One of ${option.choices.join(", ")}.`,
    shownDefault && `Default: ${shownDefault}.`,
    supportText(option),
  ];
  return sentences.filter(Boolean).join(" ");
}
