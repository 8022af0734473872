import path from "node:path";
import { type HyperParameters, hyperParameterEvents } from "../formats/tfevents/index.ts";
import { openEventFile } from "./event-file.ts";
import { openLogFile } from "./log-file.ts";

type Logged = Readonly<Record<string, HyperParameters[string] | null>>;

/** Writes the settings of a run that began at this time as sd-scripts does: as TensorBoard's hyper-parameters and as `hparams.yml`,
 *  in a folder inside the run's that is named by the seconds since 1970. null: a setting that nobody gave.
 *  differs from sd-scripts: both lie in one folder; there each is in one of its own, some milliseconds apart.
 *  @throws OUTPUT_UNWRITABLE */
export function writeHparams(runFolder: string, settings: Logged, start: Date): void {
  const seconds = start.getTime() / 1000;
  const folder = path.join(runFolder, String(seconds));
  const events = openEventFile(folder, start);
  const given = Object.entries(settings).filter(
    (entry): entry is [string, HyperParameters[string]] => entry[1] !== null,
  );
  for (const event of hyperParameterEvents(seconds, Object.fromEntries(given))) events.write(event);
  events.close();
  const file = openLogFile(path.join(folder, "hparams.yml"), "--log_config");
  file.write(yamlOf(settings));
  file.close();
}

/** A flat YAML document, keys in order of their letters as PyYAML has them. Every text of JSON is one of YAML. */
function yamlOf(settings: Logged): string {
  const lines = Object.entries(settings).map(([name, value]) => `${yamlKey(name)}: ${yamlValue(value)}\n`);
  return lines.sort().join("");
}

function yamlKey(name: string): string {
  return /^\w+$/.test(name) ? name : JSON.stringify(name);
}

function yamlValue(value: Logged[string]): string {
  if (typeof value !== "number") return JSON.stringify(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
  // YAML 1.1 takes 1e-7 for a text and 1.0e-7 for a number.
  return String(value).replace(/^(-?\d+)e/, "$1.0e");
}
