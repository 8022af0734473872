import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { codeOf, studioRoutes } from "../../../test/studio.ts";
import { trainedRuns } from "../../../test/studio-run.ts";
import { concept } from "../../../test/training-run.ts";
import type { RunPlaces } from "../../runs/index.ts";

const { ask, work, bugs } = studioRoutes();
const trained = trainedRuns();
let run: RunPlaces;
let of: (rest: string) => string;

beforeAll(async () => {
  run = await trained(path.join(work, "runs"), "vexla");
  const pictures = path.join(run.folder, "pictures");
  mkdirSync(pictures);
  copyFileSync(path.join(concept, "01.png"), path.join(pictures, "0001_ring.png"));
  writeFileSync(path.join(pictures, "0001_ring.txt"), "a ring");
  writeFileSync(path.join(pictures, "drawing.svg"), "<svg/>");
  of = (rest) => `/api/runs/${path.basename(run.folder)}/${rest}`;
}, 60_000);

const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());

describe("files of a run", () => {
  test("are samples, pictures and checkpoints, as they are on the disk", async () => {
    const [sample] = readdirSync(run.samples);
    const image = await ask("GET", of(`files/samples/${sample}`));
    expect(image.headers.get("content-type")).toBe("image/png");
    expect(image.headers.get("cache-control")).toContain("immutable");
    expect(await bytesOf(image)).toEqual(readFileSync(path.join(run.samples, sample!)));
    const picture = await ask("GET", of("files/pictures/0001_ring.png"));
    expect(await bytesOf(picture)).toEqual(readFileSync(path.join(concept, "01.png")));
    const checkpoint = await ask("GET", of("files/checkpoints/vexla.safetensors"));
    expect(checkpoint.headers.get("content-disposition")).toBe("attachment");
    // a run that is extended writes it again
    expect(checkpoint.headers.get("cache-control")).toBe("no-store");
    expect(await bytesOf(checkpoint)).toEqual(readFileSync(path.join(run.checkpoints, "vexla.safetensors")));
  });

  test("have small pictures, which are made once", async () => {
    const [sample] = readdirSync(run.samples).filter((name) => name.endsWith(".png"));
    for (const [kind, name] of [
      ["samples", sample!],
      ["pictures", "0001_ring.png"],
    ] as const) {
      const kept = path.join(run.folder, kind, ".thumbs", `${name}.webp`);
      const answers = await Promise.all([1, 2].map(() => ask("GET", of(`files/${kind}/${name}?thumb`))));
      for (const answer of answers) {
        expect(answer.headers.get("content-type")).toBe("image/webp");
        expect(answer.headers.get("cache-control")).toContain("immutable");
        expect(await bytesOf(answer)).toEqual(readFileSync(kept));
      }
      const { width, height } = await sharp(kept).metadata();
      const whole = await sharp(path.join(run.folder, kind, name)).metadata();
      expect([width, height]).toEqual([Math.min(256, whole.width), Math.min(256, whole.height)]);
      const made = statSync(kept).mtimeMs;
      expect((await ask("GET", of(`files/${kind}/${name}?thumb`))).status).toBe(200);
      expect(statSync(kept).mtimeMs).toBe(made);
    }
  });

  test("of a folder for small pictures that is a link have none kept there", async () => {
    const other = path.join(run.folder, "tries");
    mkdirSync(other);
    mkdirSync(path.join(work, "elsewhere"));
    symlinkSync(path.join(work, "elsewhere"), path.join(other, ".thumbs"));
    copyFileSync(path.join(concept, "01.png"), path.join(other, "one.png"));
    const answer = await ask("GET", of("files/tries/one.png?thumb"));
    expect((await sharp(await bytesOf(answer)).metadata()).format).toBe("webp");
    expect(readdirSync(path.join(work, "elsewhere"))).toEqual([]);
  });

  test.each([
    ["files/samples/..%2Fpictures%2F0001_ring.png", "NAME_REFUSED"],
    ["files/samples/..%5Cpictures%5C0001_ring.png", "NAME_REFUSED"],
    ["files/pictures/.thumbs%2F0001_ring.png.webp", "NAME_REFUSED"],
    ["files/samples/.hidden.png", "NAME_REFUSED"],
    ["files/samples/..%2F..%2F..%2Fetc%2Fpasswd", "FILE_NOT_FOUND"],
    ["files/samples/nothing.png", "FILE_NOT_FOUND"],
    ["files/samples/run.json", "FILE_NOT_FOUND"],
    ["files/pictures/0001_ring.txt", "FILE_NOT_FOUND"],
    ["files/pictures/drawing.svg", "FILE_NOT_FOUND"],
    ["files/checkpoints/vexla.report.html", "FILE_NOT_FOUND"],
    ["files/state/vexla-state", "ROUTE_UNKNOWN"],
    ["files/samples/linked.png", "FILE_NOT_FOUND"],
  ])("%s is refused", async (rest, code) => {
    const link = path.join(run.samples, "linked.png");
    if (!existsSync(link)) symlinkSync(path.join(concept, "01.png"), link);
    expect(await codeOf(await ask("GET", of(rest)))).toBe(code);
    expect(await codeOf(await ask("GET", of(`${rest}?thumb`)))).toBe(code);
  });

  test("that are no pictures have no small ones", async () => {
    expect(await codeOf(await ask("GET", of("files/checkpoints/vexla.safetensors?thumb")))).toBe("FILE_NOT_FOUND");
  });

  test("of a run that is not there are none", async () => {
    expect(await codeOf(await ask("GET", "/api/runs/nothing/files/samples/a.png"))).toBe("RUN_NOT_FOUND");
    expect(await codeOf(await ask("GET", "/api/runs/..%2F..%2Fetc/files/samples/a.png"))).toBe("NAME_REFUSED");
  });
});

describe("the report of a run", () => {
  test("is made by the command line, and may load and run nothing", { timeout: 120_000 }, async () => {
    expect(await codeOf(await ask("GET", of("report")))).toBe("FILE_NOT_FOUND");
    const answers = await Promise.all([1, 2].map(() => ask("POST", of("report"))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const answer = await ask("GET", of("report"));
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const policy = answer.headers.get("content-security-policy")!.split("; ");
    expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "img-src data:", "sandbox"]));
    const page = await answer.text();
    expect(page).toContain("vexla");
    expect(page).toContain("data:image/png;base64,");
    expect(existsSync(path.join(run.checkpoints, "vexla.report.json"))).toBe(true);
  });

  test("that cannot be made says why", async () => {
    writeFileSync(path.join(run.checkpoints, "vexla.safetensors"), "damaged");
    const { problem } = (await (await ask("POST", of("report"))).json()) as { problem: Record<string, string> };
    expect(problem.code).toBe("REPORT_FAILED");
    expect(problem.message).toMatch(/SAFETENSORS_INVALID|EMBEDDING_INVALID/);
  });
});

test("nothing was a mistake of the studio", () => expect(bugs).toEqual([]));
