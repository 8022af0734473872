import { type Picture, resizeLikePillow } from "../../src/pictures/index.ts";

/** The synthetic world on which the small model was trained: one patterned shape on a plain background. Defines its words and colours, and how a
 *  shape and its pattern cover a picture. */

export const colors = {
  red: [214, 40, 40],
  orange: [245, 140, 30],
  yellow: [250, 215, 50],
  green: [50, 160, 70],
  teal: [25, 160, 160],
  blue: [40, 80, 200],
  purple: [125, 60, 170],
  pink: [245, 130, 180],
  brown: [125, 80, 45],
  black: [25, 25, 25],
  gray: [135, 135, 135],
  white: [245, 245, 245],
} as const;
export type Color = keyof typeof colors;
export const colorNames = Object.keys(colors) as Color[];

export const shapes = ["circle", "square", "triangle", "star", "heart", "ring", "cross", "diamond"] as const;
export type Shape = (typeof shapes)[number];

export const patterns = ["plain", "striped", "dotted", "checkered"] as const;
export type Pattern = (typeof patterns)[number];

/** Diameters, as fractions of the side. */
export const sizes = { small: 0.42, medium: 0.55, large: 0.62 } as const;
export type Size = keyof typeof sizes;

type Point = readonly [x: number, y: number];

/** Pictures are drawn at this multiple of their side, then shrunk. */
const supersampling = 3;

/** How a centred shape covers a picture: the red channel is the share of the background, green that of the fill, blue that of the
 *  pattern's second colour, 255 for a whole pixel. angle: degrees. side: pixels. */
export function coverage(shape: Shape, pattern: Pattern, size: Size, angle: number, side: number): Picture {
  const n = side * supersampling;
  const centre = n / 2;
  const isInside = insideTest(shape, centre, ((n * sizes[size]) / 2) * 1.25, angle);
  const data = new Uint8Array(n * n * 3);
  for (let y = 0; y < n; y++)
    for (let x = 0; x < n; x++) {
      const isSecond = secondColour[pattern]((x - centre) / n, (y - centre) / n);
      const channel = isInside(x, y) ? (isSecond ? 2 : 1) : 0;
      data[(y * n + x) * 3 + channel] = 255;
    }
  return resizeLikePillow({ width: n, height: n, channels: 3, data }, [side, side], "lanczos");
}

/** Where a pattern has its second colour. u, v: distance from the centre, in sides. */
const secondColour: Readonly<Record<Pattern, (u: number, v: number) => boolean>> = {
  plain: () => false,
  striped: (u, v) => isEven(Math.floor((u + v) / (0.75 * period))),
  checkered: (u, v) => isEven(Math.floor(u / period + 0.5) + Math.floor(v / period + 0.5)),
  dotted: (u, v) => fromDot(u) ** 2 + fromDot(v) ** 2 < 0.3 ** 2,
};

/** Period of the patterns, in sides. */
const period = 0.19;

const isEven = (value: number) => value % 2 === 0;

/** Distance from the centre of the nearest dot along one axis, in periods. */
function fromDot(u: number): number {
  const place = u / period;
  return place - Math.floor(place) - 0.5;
}

function insideTest(shape: Shape, centre: number, r: number, angle: number): (x: number, y: number) => boolean {
  if (shape === "circle") return insideEllipse(centre, r);
  if (shape === "ring") {
    const [outer, hole] = [insideEllipse(centre, r), insideEllipse(centre, 0.55 * r)];
    return (x, y) => outer(x, y) && !hole(x, y);
  }
  return insidePolygon(outline(shape, angle).map(([x, y]) => [centre + r * x, centre + r * y]));
}

/** As Pillow fills an ellipse: corners are truncated to whole pixels, and included. */
function insideEllipse(centre: number, r: number): (x: number, y: number) => boolean {
  const [low, high] = [Math.trunc(centre - r), Math.trunc(centre + r)];
  const [middle, radius] = [(low + high) / 2, (high - low + 1) / 2];
  return (x, y) => (x - middle) ** 2 + (y - middle) ** 2 <= radius ** 2;
}

/** As Pillow fills a polygon: corners are truncated to whole pixels, and the edge is included. */
function insidePolygon(corners: readonly Point[]): (x: number, y: number) => boolean {
  const whole = corners.map(([x, y]): Point => [Math.trunc(x), Math.trunc(y)]);
  const spans = new Map<number, number[]>();
  const crossings = (y: number): number[] => {
    const known = spans.get(y);
    if (known) return known;
    const found = whole.flatMap(([x0, y0], i) => {
      const [x1, y1] = whole[(i + 1) % whole.length]!;
      return y0 <= y !== y1 <= y ? [x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)] : [];
    });
    spans.set(
      y,
      found.sort((a, b) => a - b),
    );
    return found;
  };
  return (x, y) => {
    const at = crossings(y);
    for (let i = 0; i + 1 < at.length; i += 2) if (x > at[i]! - 0.5 && x < at[i + 1]! + 0.5) return true;
    return false;
  };
}

/** Corners of a shape around 0, in radii. */
function outline(shape: Exclude<Shape, "circle" | "ring">, angle: number): Point[] {
  const polar = (corners: readonly (readonly [degrees: number, radius: number])[]): Point[] =>
    corners.map(([degrees, radius]) => {
      const turned = ((degrees + angle) / 180) * Math.PI;
      return [radius * Math.cos(turned), radius * Math.sin(turned)];
    });
  if (shape === "square") return polar([45, 135, 225, 315].map((degrees) => [degrees, 1]));
  if (shape === "triangle") return polar([-90, 30, 150].map((degrees) => [degrees, 1.08]));
  if (shape === "diamond") return polar([0, 90, 180, 270].map((degrees, i) => [degrees, i % 2 === 0 ? 0.72 : 1.08]));
  if (shape === "star") return polar(range(10).map((i) => [36 * i - 90, i % 2 === 0 ? 1.1 : 0.45]));
  const radians = (angle / 180) * Math.PI;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const corners = shape === "cross" ? crossCorners : range(80).map((i) => heartPoint((2 * Math.PI * i) / 80));
  return corners.map(([x, y]) => [x * cos - y * sin, x * sin + y * cos]);
}

const crossCorners: readonly Point[] = (() => {
  const quarter: Point[] = [
    [-0.34, -1],
    [0.34, -1],
    [0.34, -0.34],
  ];
  const turned = ([x, y]: Point, turns: number): Point => (turns === 0 ? [x, y] : turned([-y, x], turns - 1));
  return [0, 1, 2, 3].flatMap((turns) => quarter.map((corner) => turned(corner, turns)));
})();

function heartPoint(t: number): Point {
  const y = 13 * Math.cos(t) - 5 * Math.cos(2 * t) - 2 * Math.cos(3 * t) - Math.cos(4 * t);
  return [(16 * Math.sin(t) ** 3) / 17, -y / 17];
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
