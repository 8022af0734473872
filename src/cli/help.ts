import { commands, laterCommands } from "./commands.ts";
import { packageVersion } from "./environment.ts";
import { program } from "./program.ts";

/** The text of `coinage --help`. */
export function overview(): string {
  const called = program();
  const rows = [
    ...Object.values(commands).map(({ usage, about }) => [usage, about] as const),
    ...Object.entries(laterCommands).map(([name, about]) => [name, `later: ${about}`] as const),
  ];
  return [
    `coinage ${packageVersion()}: teach Stable Diffusion a new word from a few pictures.`,
    "",
    "See it work:",
    `  ${called} demo`,
    "Teach the word mycat from the pictures in pictures/20_mycat:",
    `  ${called} train --pretrained_model_name_or_path model.safetensors --train_data_dir pictures \\`,
    "    --resolution 512 --token_string mycat --init_word cat --use_object_template --learning_rate 5e-3 \\",
    "    --cache_latents --output_dir out",
    "Draw with it:",
    `  ${called} generate --ckpt model.safetensors --textual_inversion_embeddings out/mycat.pt --prompt "a photo of mycat"`,
    "",
    "Commands:",
    ...rows.map(([usage, about]) => `  ${usage.padEnd(30)} ${about}`),
    "",
    `${called} COMMAND --help tells more. A command line of sd-scripts may be pasted as it is.`,
    "",
  ].join("\n");
}
