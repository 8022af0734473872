import type { Picture } from "../../pictures/index.ts";

/** Pixels of white around and between pictures. */
const gap = 4;

/** Rows of RGB pictures of one size as one picture. */
export function pictureGrid(rows: readonly (readonly Picture[])[]): Picture {
  const { width, height } = rows[0]![0]!;
  const columns = Math.max(...rows.map((row) => row.length));
  const grid = {
    width: gap + columns * (width + gap),
    height: gap + rows.length * (height + gap),
    channels: 3,
  } as const;
  const data = new Uint8Array(grid.width * grid.height * 3).fill(255);
  rows.forEach((row, y) => {
    row.forEach((picture, x) => {
      const [left, top] = [gap + x * (width + gap), gap + y * (height + gap)];
      for (let line = 0; line < height; line++)
        data.set(
          picture.data.subarray(line * width * 3, (line + 1) * width * 3),
          ((top + line) * grid.width + left) * 3,
        );
    });
  });
  return { ...grid, data };
}
