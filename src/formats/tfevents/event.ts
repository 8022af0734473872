/** Field numbers of the messages Event, Summary and Summary.Value. Source: TensorFlow, event.proto and summary.proto. */
const fields = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, value: 1, tag: 1, simpleValue: 2 } as const;

/** The message every event file begins with. wallTime: seconds since 1970. */
export function versionEvent(wallTime: number): Uint8Array {
  return joined(doubleField(fields.wallTime, wallTime), textField(fields.fileVersion, "brain.Event:2"));
}

/** Numbers of one step, each under its tag. wallTime: seconds since 1970; step: a whole number from 0. */
export function scalarsEvent(wallTime: number, step: number, scalars: Readonly<Record<string, number>>): Uint8Array {
  const values = Object.entries(scalars).map(([tag, value]) =>
    bytesField(fields.value, joined(textField(fields.tag, tag), floatField(fields.simpleValue, value))),
  );
  return joined(
    doubleField(fields.wallTime, wallTime),
    varint(fields.step << 3),
    varint(step),
    bytesField(fields.summary, joined(...values)),
  );
}

function doubleField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = (field << 3) | 1;
  new DataView(bytes.buffer).setFloat64(1, value, true);
  return bytes;
}

function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(5);
  bytes[0] = (field << 3) | 5;
  new DataView(bytes.buffer).setFloat32(1, value, true);
  return bytes;
}

function textField(field: number, text: string): Uint8Array {
  return bytesField(field, new TextEncoder().encode(text));
}

function bytesField(field: number, bytes: Uint8Array): Uint8Array {
  return joined(varint((field << 3) | 2), varint(bytes.length), bytes);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.of(...bytes, rest);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
