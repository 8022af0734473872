import { readdirSync } from "node:fs";
import path from "node:path";
import type { ComponentName } from "./checkpoint.ts";
import { isFolder } from "./component-files.ts";
import { folderNames } from "./diffusers-folder.ts";

const prefixes: Readonly<Record<ComponentName, RegExp>> = {
  unet: /^(model\.diffusion_model\.|down_blocks\.0\.(resnets|attentions)\.)/,
  vae: /^(first_stage_model\.|(encoder|decoder)\.(down|up|mid|conv_in)[._])/,
  textEncoder: /^(cond_stage_model\.(transformer|model)\.|conditioner\.embedders\.0\.transformer\.|text_model\.)/,
  textEncoder2: /^conditioner\.embedders\.1\.model\./,
};

/** The networks of which tensors are there, by the names in a file; they may be incomplete. */
export function piecesOfNames(names: Iterable<string>): ComponentName[] {
  const all = [...names];
  return (Object.keys(prefixes) as ComponentName[]).filter((piece) => all.some((name) => prefixes[piece].test(name)));
}

/** The networks a Diffusers folder has a folder with weights for. */
export function piecesOfFolder(folder: string): ComponentName[] {
  return (Object.keys(folderNames) as ComponentName[]).filter((piece) => {
    const inner = path.join(folder, folderNames[piece]);
    return isFolder(inner) && readdirSync(inner).some((name) => /\.(safetensors|bin)$/.test(name));
  });
}
