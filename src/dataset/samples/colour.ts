import { roundHalfEven } from "../../array/index.ts";
import type { Picture } from "../../pictures/index.ts";
import type { PythonRandom } from "../../random/index.ts";

/** Shifts hue or gamma slightly in a third of the cases. The alpha channel is unchanged. */
export function augmentColour(picture: Picture, random: PythonRandom): Picture {
  if (random.random() > 0.33) return picture;
  return random.random() > 0.5
    ? shiftHue(picture, random.uniform(-8, 8))
    : applyGamma(picture, random.uniform(0.95, 1.05));
}

/** Raises every value to the power of gamma, clipped at 255. On the scale 0..255 as in sd-scripts, so 0.95 darkens white to 193. */
export function applyGamma(picture: Picture, gamma: number): Picture {
  const table = Uint8Array.from({ length: 256 }, (_, v) => Math.trunc(Math.min(v ** gamma, 255)));
  return mapColours(picture, (colour) => [table[colour[0]]!, table[colour[1]]!, table[colour[2]]!]);
}

/** Rotates the hue by `shift` of 180 in OpenCV's 8-bit HSV. As in sd-scripts, RGB is read as BGR, which reverses the direction. */
export function shiftHue(picture: Picture, shift: number): Picture {
  const positive = shift < 0 ? 180 + shift : shift;
  return mapColours(picture, ([blue, green, red]) => {
    const [hue, saturation, value] = toHsv(blue, green, red);
    return fromHsv(Math.trunc((hue + positive) % 180), saturation, value);
  });
}

type Triple = readonly [number, number, number];

function mapColours(picture: Picture, change: (colour: Triple) => Triple): Picture {
  const { channels } = picture;
  const data = Uint8Array.from(picture.data);
  for (let i = 0; i < data.length; i += channels) data.set(change([data[i]!, data[i + 1]!, data[i + 2]!]), i);
  return { ...picture, data };
}

/** OpenCV's integer conversion: hue 0..179, saturation and value 0..255. */
function toHsv(blue: number, green: number, red: number): Triple {
  const shift = 12;
  const half = 1 << (shift - 1);
  const value = Math.max(blue, green, red);
  const spread = value - Math.min(blue, green, red);
  if (spread === 0) return [0, 0, value];
  const saturation = (spread * roundHalfEven((255 << shift) / value) + half) >> shift;
  const sixth = value === red ? green - blue : value === green ? blue - red + 2 * spread : red - green + 4 * spread;
  const hue = (sixth * roundHalfEven((180 << shift) / (6 * spread)) + half) >> shift;
  return [hue < 0 ? hue + 180 : hue, saturation, value];
}

/** Blue, green, red. OpenCV converts back in float32 and truncates.
 *  (It rounds in the last columns of a row, beyond a multiple of 32 pixels; images with buckets have none.) */
function fromHsv(hue: number, saturation: number, value: number): Triple {
  const f = Math.fround;
  const [s, v] = [f(saturation * f(1 / 255)), f(value * f(1 / 255))];
  const turned = f(hue * f(6 / 180)) % 6;
  const sector = Math.floor(turned);
  const rest = f(turned - sector);
  const byte = (x: number) => Math.trunc(f(x * 255));
  const full = value;
  const low = byte(f(v * f(1 - s)));
  const falling = byte(f(v * f(1 - f(s * rest))));
  const rising = byte(f(v * f(1 - f(s * f(1 - rest)))));
  const sectors: readonly Triple[] = [
    [low, rising, full],
    [low, full, falling],
    [rising, full, low],
    [full, falling, low],
    [full, low, rising],
    [falling, low, full],
  ];
  return sectors[sector] ?? sectors[0]!;
}
