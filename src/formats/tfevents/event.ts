import { bytesField, doubleField, floatField, integerField, joined, textField } from "./wire.ts";

/** Field numbers of the messages Event, Summary, Summary.Value, Summary.Image, SummaryMetadata and PluginData.
 *  Source: TensorFlow, event.proto and summary.proto. */
const fields = {
  event: { wallTime: 1, step: 2, fileVersion: 3, summary: 5 },
  summary: { value: 1 },
  value: { tag: 1, simpleValue: 2, image: 4, metadata: 9 },
  image: { height: 1, width: 2, colorspace: 3, encoded: 4 },
  metadata: { pluginData: 1, description: 3, dataClass: 4 },
  pluginData: { name: 1 },
} as const;

/** Number of channels, by which the format names its colour spaces. */
const rgb = 3;

/** What TensorBoard's page of pictures shows: without it a description is lost. */
const blobSequence = 3;

export interface ImageSummary {
  readonly tag: string;
  /** The whole PNG file, in RGB. */
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Shown beside the picture, as Markdown. */
  readonly description: string;
}

/** The message every event file begins with. wallTime: seconds since 1970. */
export function versionEvent(wallTime: number): Uint8Array {
  const { event } = fields;
  return joined(doubleField(event.wallTime, wallTime), textField(event.fileVersion, "brain.Event:2"));
}

/** Numbers of one step, each under its tag. wallTime: seconds since 1970; step: a whole number from 0. */
export function scalarsEvent(wallTime: number, step: number, scalars: Readonly<Record<string, number>>): Uint8Array {
  const { value } = fields;
  const values = Object.entries(scalars).map(([tag, number]) =>
    joined(textField(value.tag, tag), floatField(value.simpleValue, number)),
  );
  return summaryEvent(wallTime, step, values);
}

/** A picture of one step. wallTime: seconds since 1970; step: a whole number from 0. */
export function imageEvent(wallTime: number, step: number, image: ImageSummary): Uint8Array {
  const { value, image: inImage, metadata, pluginData } = fields;
  const picture = joined(
    integerField(inImage.height, image.height),
    integerField(inImage.width, image.width),
    integerField(inImage.colorspace, rgb),
    bytesField(inImage.encoded, image.png),
  );
  const about = joined(
    bytesField(metadata.pluginData, textField(pluginData.name, "images")),
    textField(metadata.description, image.description),
    integerField(metadata.dataClass, blobSequence),
  );
  return summaryEvent(wallTime, step, [
    joined(textField(value.tag, image.tag), bytesField(value.image, picture), bytesField(value.metadata, about)),
  ]);
}

/** An event of values, each a message Summary.Value. */
export function summaryEvent(wallTime: number, step: number, values: readonly Uint8Array[]): Uint8Array {
  const { event, summary } = fields;
  return joined(
    doubleField(event.wallTime, wallTime),
    integerField(event.step, step),
    bytesField(event.summary, joined(...values.map((value) => bytesField(summary.value, value)))),
  );
}
