import { summaryEvent } from "./event.ts";
import { bytesField, doubleField, integerField, joined, textField } from "./wire.ts";

/** Field numbers of the messages around hyper-parameters.
 *  Source: TensorFlow, summary.proto; TensorBoard, hparams/plugin_data.proto and hparams/api.proto; protobuf, struct.proto. */
const fields = {
  value: { tag: 1, metadata: 9 },
  metadata: { pluginData: 1 },
  pluginData: { name: 1, content: 2 },
  hparams: { experiment: 2, sessionStart: 3, sessionEnd: 4 },
  experiment: { infos: 4 },
  info: { name: 1, type: 4 },
  sessionStart: { hparams: 1 },
  sessionEnd: { status: 1 },
  mapEntry: { key: 1, value: 2 },
  structValue: { number: 2, text: 3, boolean: 4 },
} as const;

const infoTypes = { string: 1, boolean: 2, number: 3 } as const;
const success = 1;

export type HyperParameters = Readonly<Record<string, string | number | boolean>>;

/** Settings of a run as three events that TensorBoard's page of hyper-parameters reads, one after the other: which there are,
 *  their values, and an end without which the run would not be listed. wallTime: seconds since 1970.
 *  Source of tags and order: PyTorch, `SummaryWriter.add_hparams`. */
export function hyperParameterEvents(wallTime: number, settings: HyperParameters): Uint8Array[] {
  const { hparams, experiment, sessionStart, sessionEnd } = fields;
  const infos = Object.entries(settings).map(([name, value]) => bytesField(experiment.infos, infoOf(name, value)));
  const values = Object.entries(settings).map(([name, value]) =>
    bytesField(sessionStart.hparams, entryOf(name, value)),
  );
  return [
    summaryValue("_hparams_/experiment", bytesField(hparams.experiment, joined(...infos))),
    summaryValue("_hparams_/session_start_info", bytesField(hparams.sessionStart, joined(...values))),
    summaryValue(
      "_hparams_/session_end_info",
      bytesField(hparams.sessionEnd, integerField(sessionEnd.status, success)),
    ),
  ].map((value) => summaryEvent(wallTime, 0, [value]));
}

function infoOf(name: string, value: HyperParameters[string]): Uint8Array {
  const type = infoTypes[typeof value as keyof typeof infoTypes];
  return joined(textField(fields.info.name, name), integerField(fields.info.type, type));
}

function entryOf(name: string, value: HyperParameters[string]): Uint8Array {
  const { mapEntry } = fields;
  return joined(textField(mapEntry.key, name), bytesField(mapEntry.value, structValueOf(value)));
}

function structValueOf(value: HyperParameters[string]): Uint8Array {
  const { structValue } = fields;
  if (typeof value === "number") return doubleField(structValue.number, value);
  return typeof value === "string"
    ? textField(structValue.text, value)
    : integerField(structValue.boolean, Number(value));
}

function summaryValue(tag: string, content: Uint8Array): Uint8Array {
  const { value, metadata, pluginData } = fields;
  const data = joined(textField(pluginData.name, "hparams"), bytesField(pluginData.content, content));
  return joined(textField(value.tag, tag), bytesField(value.metadata, bytesField(metadata.pluginData, data)));
}
