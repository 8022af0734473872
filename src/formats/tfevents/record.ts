import { dataViewOn } from "../../array/index.ts";
import { maskedCrc32c } from "./crc32c.ts";

/** Data as one record of an event file: length, its checksum, data, its checksum. Source: TensorFlow, record_writer.cc. */
export function recordOf(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = dataViewOn(record);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return record;
}
