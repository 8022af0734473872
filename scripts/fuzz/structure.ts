import { deflateSync } from "node:zlib";
import { dataViewOn, inMemory } from "../../src/array/index.ts";
import { readChunks, writeChunks } from "../../src/formats/png-text/index.ts";
import { openZip, writeZip } from "../../src/formats/zip/index.ts";
import { deflatedZip } from "../../test/deflated-zip.ts";
import type { Dice } from "./dice.ts";
import { type Mutate, mutateBytes, mutateJson, mutateText } from "./mutate.ts";

/** Changes the parts of a container and reassembles it, so that a reader gets past its first checks; if that is impossible, changes bytes. */
function within(change: Mutate): Mutate {
  return (input, dice, seeds) => {
    if (dice.chance(0.4)) return mutateBytes(input, dice, seeds);
    try {
      return change(input, dice, seeds);
    } catch {
      // A seed that is broken itself has no parts.
      return mutateBytes(input, dice, seeds);
    }
  };
}

export const mutateJsonFile: Mutate = (input, dice, seeds) => {
  if (dice.chance(0.3))
    return mutateText(["{", "}", "[", "]", '"', ":", ",", "null", "1e999", '"__proto__":', "\\ud800", "\\"])(
      input,
      dice,
      seeds,
    );
  try {
    return new TextEncoder().encode(JSON.stringify(mutateJson(JSON.parse(Buffer.from(input).toString("utf8")), dice)));
  } catch {
    return mutateBytes(input, dice, seeds);
  }
};

export const mutateSafetensors = within((input, dice, seeds) => {
  const length = Number(dataViewOn(input).getBigUint64(0, true));
  const [header, data] = [input.subarray(8, 8 + length), input.subarray(8 + length)];
  const changed = mutateJsonFile(header, dice, seeds);
  const file = new Uint8Array(8 + changed.length + data.length);
  dataViewOn(file).setBigUint64(0, BigInt(changed.length), true);
  file.set(changed, 8);
  file.set(data, 8 + changed.length);
  return file;
});

/** NumPy's arrays: changes the header's text and corrects its length. */
export const mutateNpy = within((input, dice, seeds) => {
  const length = dataViewOn(input).getUint16(8, true);
  const words = ["-", ",", "(", ")", " ", "L", "'", "nan", "0.5", "99999999999999999999", "'<f2'", "'|O'", "True"];
  const header = mutateText(words)(input.subarray(10, 10 + length), dice, seeds).subarray(0, 65_535);
  const start = Buffer.from(input.subarray(0, 10));
  start.writeUInt16LE(header.length, 8);
  return new Uint8Array(Buffer.concat([start, header, input.subarray(10 + length)]));
});

/** Zip archives: .pt, .npz. A member is changed, renamed, removed or added again under another name. */
const mutateArchive = within((input, dice, seeds) => {
  const zip = openZip(inMemory(input, "seed"), (what) => new Error(what));
  const members = [...zip.entries.values()].map((entry) => ({ name: entry.name, bytes: zip.read(entry, 1e7) }));
  const chosen = dice.chance(0.6)
    ? Math.max(
        0,
        members.findIndex(({ name }) => name.endsWith("data.pkl")),
      )
    : dice.below(members.length);
  const { name, bytes } = members[chosen]!;
  const choice = dice.below(10);
  if (choice === 0) members.splice(chosen, 1);
  else if (choice === 1) members.push({ name: `${name}${dice.below(3)}`, bytes });
  else members[chosen] = { name, bytes: mutateMember(name)(bytes, dice, seeds) };
  const archive = writeZip(members);
  return dice.chance(0.3) ? deflatedZip(archive) : archive;
});

function mutateMember(name: string): Mutate {
  if (name.endsWith(".pkl")) return mutatePickle;
  return name.endsWith(".npy") ? mutateNpy : mutateBytes;
}

/** PyTorch files of either kind, and zip archives of others. */
export const mutateZip: Mutate = (input, dice, seeds) =>
  (input[0] === 0x80 ? mutatePickle : mutateArchive)(input, dice, seeds);

const opcodes = [
  "(",
  "N",
  "K\x00",
  "J\xff\xff\xff\xff",
  "]",
  "}",
  ")",
  "\x85",
  "\x86",
  "\x87",
  "t",
  "l",
  "d",
  "a",
  "e",
  "s",
  "u",
  "0",
  "1",
  "2",
  "q\x00",
  "h\x00",
  "\x94",
  "Q",
  "R",
  "b",
  "\x81",
  "\x8f",
  "\x90",
  "\x91",
  "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
  "ccollections\nOrderedDict\n",
  "ctorch._utils\n_rebuild_tensor_v2\n",
  "ctorch\nFloatStorage\n",
  "X\x01\x00\x00\x000",
  ".",
];

/** Pickles: inserts whole operations, repeatedly, or changes bytes. */
const mutatePickle: Mutate = (input, dice, seeds) => {
  if (dice.chance(0.4)) return mutateBytes(input, dice, seeds);
  const bytes = Buffer.from(input);
  const at = dice.below(bytes.length);
  const made = Array.from({ length: 1 + dice.below(5) }, () => dice.pick(opcodes)).join("");
  const put = Buffer.from(made, "latin1");
  const times = dice.length(300);
  return new Uint8Array(
    Buffer.concat([
      bytes.subarray(0, at),
      ...new Array<Buffer>(times).fill(put),
      bytes.subarray(at + (dice.chance(0.5) ? 0 : 1)),
    ]),
  );
};

/** PNG pictures: changes a part and corrects its checksum; texts are compressed anew. */
export const mutatePng = within((input, dice, seeds) => {
  const chunks = readChunks(input);
  const chosen = dice.below(chunks.length);
  const { type, data } = chunks[chosen]!;
  const replaced = dice.chance(0.5)
    ? { type, data: mutateBytes(data, dice, seeds) }
    : dice.pick([
        { type: "zTXt", data: packed(dice, new Uint8Array(dice.length(2 ** 25))) },
        { type: "tEXt", data: new Uint8Array(Buffer.from(`sd-ti-embedding\0${base64OfJson(dice)}`)) },
        { type: "iTXt", data: mutateBytes(new Uint8Array(Buffer.from("k\0\0\0en\0k\0text")), dice, seeds) },
      ]);
  chunks.splice(chosen, dice.below(2), ...new Array<typeof replaced>(dice.length(20)).fill(replaced));
  return writeChunks(chunks);
});

function packed(dice: Dice, text: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from("key\0\0"), deflateSync(text.fill(dice.below(256)), { level: 1 })]));
}

function base64OfJson(dice: Dice): string {
  const embedding = {
    string_to_token: { "*": 265 },
    string_to_param: {
      "*": {
        TORCHTENSOR: [
          [0.5, 1],
          [2, 3],
        ],
      },
    },
    name: "word",
    step: 1,
    sd_checkpoint: null,
  };
  return Buffer.from(JSON.stringify(mutateJson(embedding, dice))).toString("base64");
}
