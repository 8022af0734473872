import type { FoundComponent } from "./component.ts";
import { missingComponent } from "./found-model.ts";
import { vaeNamesFromLdm } from "./names/vae.ts";
import type { WeightFile } from "./weight-file.ts";

const prefix = "first_stage_model.";

/** The VAE in a weight file: a whole model's, or a VAE alone under LDM or Diffusers names. Source: checkpoints.md section 3.2.
 *  @throws CHECKPOINT_INCOMPLETE when there is none. */
export function vaeFromSingleFile(file: WeightFile, where: string): FoundComponent {
  const isWhole = [...file.tensors.keys(), ...file.unusable.keys()].some((name) => name.startsWith(prefix));
  const inside = isWhole ? unprefixed(file.tensors) : file.tensors;
  const isDiffusers = [...inside.keys()].some((name) => name.startsWith("encoder.down_blocks."));
  const renamed = isDiffusers ? undefined : vaeNamesFromLdm([...inside.keys()]);
  const tensors = renamed ? new Map([...renamed].map(([name, diffusers]) => [diffusers, inside.get(name)!])) : inside;
  const unknown = renamed ? [...inside.keys()].filter((name) => !renamed.has(name)) : [];
  const unusable = isWhole ? unprefixed(file.unusable) : file.unusable;
  if (tensors.size === 0 && unusable.size === 0) throw missingComponent("vae", where);
  const spelling = isDiffusers ? "diffusers" : "ldm";
  return { name: "vae", where, tensors, unusable, unknown, config: undefined, spelling };
}

function unprefixed<Value>(entries: ReadonlyMap<string, Value>): Map<string, Value> {
  const inside = new Map<string, Value>();
  for (const [name, value] of entries) if (name.startsWith(prefix)) inside.set(name.slice(prefix.length), value);
  return inside;
}
