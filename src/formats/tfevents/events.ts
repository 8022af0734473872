import { ProtobufWriter } from "../protobuf/index.ts";

/** Field numbers by message.
 *  Source: TensorFlow, event.proto, summary.proto, tensor.proto and tensor_shape.proto; TensorBoard, hparams/plugin_data.proto and hparams/api.proto; protobuf, struct.proto. */
const fields = {
  event: { wallTime: 1, step: 2, fileVersion: 3, summary: 5 },
  summary: { value: 1 },
  value: { tag: 1, simpleValue: 2, image: 4, tensor: 8, metadata: 9 },
  tensor: { dtype: 1, shape: 2, strings: 8 },
  tensorShape: { dim: 2 },
  tensorDim: { size: 1 },
  image: { height: 1, width: 2, colorspace: 3, encoded: 4 },
  metadata: { pluginData: 1, description: 3, dataClass: 4 },
  pluginData: { name: 1, content: 2 },
  hparams: { experiment: 2, sessionStart: 3, sessionEnd: 4 },
  experiment: { infos: 4 },
  info: { name: 1, type: 4 },
  sessionStart: { hparams: 1 },
  sessionEnd: { status: 1 },
  mapEntry: { key: 1, value: 2 },
  structValue: { number: 2, text: 3, boolean: 4 },
} as const;

/** Number of channels: the format identifies colour spaces by it. */
const rgb = 3;

/** The dtype of a tensor of strings. Source: TensorFlow, types.proto, DT_STRING. */
const stringType = 7;

/** The data class of TensorBoard's Images page: without it a description is lost. */
const blobSequence = 3;

interface ImageSummary {
  readonly tag: string;
  /** The whole PNG file, in RGB. */
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Shown beside the image, as Markdown. */
  readonly description: string;
}

/** The first event of every event file. wallTime: seconds since 1970. */
export function versionEvent(wallTime: number): Uint8Array {
  const { event } = fields;
  return new ProtobufWriter().double(event.wallTime, wallTime).text(event.fileVersion, "brain.Event:2").finish();
}

/** Numbers at one step, each under its tag. wallTime: seconds since 1970; step: a whole number from 0. */
export function scalarsEvent(wallTime: number, step: number, scalars: Readonly<Record<string, number>>): Uint8Array {
  const { value } = fields;
  const values = Object.entries(scalars).map(
    ([tag, number]): Write =>
      (writer) =>
        writer.text(value.tag, tag).float(value.simpleValue, number),
  );
  return summaryEvent(wallTime, step, values);
}

/** An image at one step. wallTime: seconds since 1970; step: a whole number from 0. */
export function imageEvent(wallTime: number, step: number, image: ImageSummary): Uint8Array {
  const { value, image: inImage, metadata, pluginData } = fields;
  const picture: Write = (writer) =>
    writer
      .integer(inImage.height, image.height)
      .integer(inImage.width, image.width)
      .integer(inImage.colorspace, rgb)
      .bytes(inImage.encoded, image.png);
  const about: Write = (writer) =>
    writer
      .message(metadata.pluginData, (data) => data.text(pluginData.name, "images"))
      .text(metadata.description, image.description)
      .integer(metadata.dataClass, blobSequence);
  return summaryEvent(wallTime, step, [
    (writer) => writer.text(value.tag, image.tag).message(value.image, picture).message(value.metadata, about),
  ]);
}

/** A text at one step, which TensorBoard's Text page shows as Markdown. wallTime: seconds since 1970; step: a whole number from 0. */
export function textEvent(wallTime: number, step: number, tag: string, text: string): Uint8Array {
  const { value, metadata, pluginData, tensor, tensorShape, tensorDim } = fields;
  return summaryEvent(wallTime, step, [
    (writer) =>
      writer
        .text(value.tag, tag)
        .message(value.tensor, (inTensor) =>
          inTensor
            .integer(tensor.dtype, stringType)
            .message(tensor.shape, (shape) => shape.message(tensorShape.dim, (size) => size.integer(tensorDim.size, 1)))
            .text(tensor.strings, text),
        )
        .message(value.metadata, (about) =>
          about.message(metadata.pluginData, (data) => data.text(pluginData.name, "text")),
        ),
  ]);
}

const infoTypes = { string: 1, boolean: 2, number: 3 } as const;
const success = 1;

export type HyperParameters = Readonly<Record<string, string | number | boolean>>;

/** A run's settings as three consecutive events for TensorBoard's HParams page: their names,
 *  their values, and an end without which the run would not be listed. wallTime: seconds since 1970.
 *  Source of tags and order: PyTorch, `SummaryWriter.add_hparams`. */
export function hyperParameterEvents(wallTime: number, settings: HyperParameters): Uint8Array[] {
  const { hparams, experiment, sessionStart, sessionEnd } = fields;
  const entries = Object.entries(settings);
  return [
    hparamsValue("_hparams_/experiment", hparams.experiment, (writer) => {
      for (const [name, value] of entries) writer.message(experiment.infos, (info) => writeInfo(info, name, value));
    }),
    hparamsValue("_hparams_/session_start_info", hparams.sessionStart, (writer) => {
      for (const [name, value] of entries)
        writer.message(sessionStart.hparams, (entry) => writeEntry(entry, name, value));
    }),
    hparamsValue("_hparams_/session_end_info", hparams.sessionEnd, (writer) =>
      writer.integer(sessionEnd.status, success),
    ),
  ].map((value) => summaryEvent(wallTime, 0, [value]));
}

function writeInfo(writer: ProtobufWriter, name: string, value: HyperParameters[string]): void {
  writer.text(fields.info.name, name);
  writer.integer(fields.info.type, infoTypes[typeof value as keyof typeof infoTypes]);
}

function writeEntry(writer: ProtobufWriter, name: string, value: HyperParameters[string]): void {
  const { mapEntry, structValue } = fields;
  writer.text(mapEntry.key, name).message(mapEntry.value, (struct) => {
    if (typeof value === "number") struct.double(structValue.number, value);
    else if (typeof value === "string") struct.text(structValue.text, value);
    else struct.integer(structValue.boolean, Number(value));
  });
}

/** Writes the fields of a message. */
type Write = (writer: ProtobufWriter) => void;

/** A Summary.Value for the HParams page; field: the field of its message that `write` fills. */
function hparamsValue(tag: string, field: number, write: Write): Write {
  const { value, metadata, pluginData } = fields;
  return (writer) =>
    writer
      .text(value.tag, tag)
      .message(value.metadata, (about) =>
        about.message(metadata.pluginData, (data) =>
          data.text(pluginData.name, "hparams").message(pluginData.content, (hparams) => hparams.message(field, write)),
        ),
      );
}

/** An event with values, each a message Summary.Value. */
function summaryEvent(wallTime: number, step: number, values: readonly Write[]): Uint8Array {
  const { event, summary } = fields;
  return new ProtobufWriter()
    .double(event.wallTime, wallTime)
    .integer(event.step, step)
    .message(event.summary, (writer) => {
      for (const write of values) writer.message(summary.value, write);
    })
    .finish();
}
