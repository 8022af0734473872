import { describe, expect, test } from "vitest";
import { reportData } from "../../../test/report-data.ts";
import { decodeReport, encodeReport } from "../data.ts";
import { ticksOf } from "./chart.ts";
import { smoothed } from "./curves.ts";
import { marksOfFile, renderReport } from "./page.ts";

const onePixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

describe("the page", () => {
  test("needs no script, no network and no other file", () => {
    const { strip } = reportData();
    const columns = strip.columns.map((column) => ({ ...column, pictures: [onePixel, null] }));
    const page = renderReport(reportData({ strip: { ...strip, columns } }));
    expect(page).not.toMatch(/<script|\son\w+=|javascript:|@import|url\(/i);
    const sources = [...page.matchAll(/\s(?:src|href|srcset|data|action)="([^"]*)"/g)].map(([, source]) => source!);
    expect(sources).toHaveLength(5);
    for (const source of sources) expect(source).toMatch(/^data:image\/png;base64,/);
    expect(page).not.toMatch(/https?:/);
    expect(page).toContain("default-src 'none'");
  });

  test("shows the strip first where there is one, then the verdict, then the curves, then the details", () => {
    const { strip } = reportData();
    const withPictures = (pictures: readonly (string | null)[]) => {
      const columns = strip.columns.map((column) => ({ ...column, pictures }));
      return renderReport(reportData({ strip: { ...strip, columns } }));
    };
    const headings = (page: string) => [...page.matchAll(/<h2 [^>]*>([^<]*)<\/h2>/g)].map(([, text]) => text);
    const rest = ["Curves", "Measures", "How to use it", "Details"];
    expect(headings(withPictures([onePixel, null]))).toEqual(["What mycat looks like", "Verdict", ...rest]);
    expect(headings(withPictures([null, null]))).toEqual(["Verdict", "What mycat looks like", ...rest]);
    expect([...withPictures([null, null]).matchAll(/<h1>/g)]).toHaveLength(1);
  });

  test("tells everything without eyes: images and curves have texts, tables have headers", () => {
    const { strip } = reportData();
    const columns = strip.columns.map((column) => ({ ...column, pictures: [onePixel, onePixel] }));
    const page = renderReport(reportData({ strip: { ...strip, columns } }));
    expect(page).toContain('<html lang="en">');
    for (const [image] of page.matchAll(/<img [^>]*>/g)) expect(image).toMatch(/ alt="[^"]{10,}"/);
    expect(page).toContain('alt="“a photo of mycat on the beach”: best, step 280"');
    const plots = [...page.matchAll(/<div class="plot" role="img" aria-label="([^"]*)"/g)].map(([, label]) => label!);
    expect(plots).toHaveLength(5);
    expect(plots[0]).toMatch(/^Evaluation loss from 0\.140 at step 0 to .*; lowest .* at step \d+\.$/);
    for (const [table] of page.matchAll(/<table[\s\S]*?<\/table>/g)) expect(table).toMatch(/<th scope="(row|col)">/);
    expect([...page.matchAll(/<figure/g)]).toHaveLength([...page.matchAll(/<figcaption>/g)].length);
  });

  test("escapes whatever a word, a prompt, a path, a caption, a setting or a warning holds", () => {
    const hostile = `</title></style><script>alert(1)</script>"'><img src=x onerror=alert(1)>\u202e\u0000&amp;`;
    const data = reportData();
    const page = renderReport({
      ...data,
      word: hostile,
      tokens: [hostile],
      initWord: hostile,
      embedding: { ...data.embedding, file: `${hostile}.safetensors` },
      model: { ...data.model, source: hostile, vae: hostile, hashes: { [hostile]: hostile } },
      run: {
        ...data.run!,
        device: hostile,
        recipe: { name: hostile, reason: hostile, settings: hostile },
        failure: hostile,
      },
      settings: [[hostile, hostile]],
      dataset: {
        ...data.dataset!,
        resolution: hostile,
        captions: [hostile],
        folders: [{ path: hostile, images: 1, repeats: 1 }],
      },
      rows: data.rows.map((row) => ({ ...row, label: hostile, nearest: [{ word: hostile, cosine: 1 }] })),
      drift: { ...data.drift!, against: hostile },
      verdict: { kind: "learned", sentence: hostile },
      strip: {
        ...data.strip,
        prompts: data.strip.prompts.map((prompt) => ({ ...prompt, template: hostile })),
        columns: data.strip.columns.map((column) => ({ ...column, label: hostile, pictures: [onePixel, null] })),
        missing: hostile,
      },
      commands: { generate: [hostile], draw: [hostile] },
      warnings: [{ code: hostile, message: hostile, count: 2 }],
      versions: { [hostile]: hostile },
    });
    for (const raw of ["<script", "<img src=x", "\u202e", "\u0000"]) expect(page).not.toContain(raw);
    expect(page).toContain("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&gt;");
    // attributes are closed correctly: no part of a value became a tag or an attribute
    expect(page.replaceAll(/"[^"]*"/g, '""')).not.toContain("onerror=alert(1)>");
  });

  test("of a file alone, without a run, has what is known", () => {
    const data = reportData();
    const page = renderReport({
      ...data,
      run: undefined,
      dataset: undefined,
      drift: undefined,
      initWord: undefined,
      evaluations: [],
      curves: { steps: [], loss: [], norms: [], angles: [], distances: [] },
      rows: data.rows.map(({ label, norm, usualNorm, nearest }) => ({ label, norm, usualNorm, nearest })),
    });
    expect(page).not.toContain(">Curves<");
    expect(page).toContain("unknown: the start is not known");
    expect(page).not.toMatch(/undefined|NaN|null/);
  });

  test("draws curves with gaps where numbers were not finite", () => {
    const data = reportData();
    const loss = data.curves.loss.map((value, i) => (i === 50 ? null : value));
    const evaluations = data.evaluations.map((one, i) => (i === 3 ? { ...one, loss: null } : one));
    expect(renderReport({ ...data, evaluations, curves: { ...data.curves, loss } })).not.toMatch(/NaN|Infinity/);
  });

  test("and the data say what they are of", () => {
    const data = reportData();
    const bytes = (text: string) => new TextEncoder().encode(text);
    expect(marksOfFile(bytes(renderReport(reportData())))).toEqual([data.runId, data.embedding.sha256]);
    expect(marksOfFile(bytes(encodeReport(data)))).toEqual([data.runId, data.embedding.sha256]);
    expect(marksOfFile(bytes("<html>"))).toEqual([]);
    expect(marksOfFile(undefined)).toEqual([]);
  });
});

describe("the data", () => {
  test("is read as it was written, to six digits, with images of megabytes", () => {
    const { strip, ...rest } = reportData();
    const picture = Buffer.alloc(3_000_000, "png").toString("base64");
    const columns = strip.columns.map((column) => ({ ...column, pictures: [picture, null] }));
    const data = { ...rest, strip: { ...strip, columns } };
    const read = decodeReport(encodeReport(data), "mycat.report.json");
    expect(read.curves.loss[3]).toBeCloseTo(data.curves.loss[3]!, 5);
    expect({ ...read, curves: [], evaluations: [] }).toEqual({ ...data, curves: [], evaluations: [] });
  });

  test.each([
    ["{", "it is not JSON"],
    ["[]", 'its format is missing, not "coinage-report-1"'],
    ['{"format":"coinage-report-9"}', 'its format is "coinage-report-9", not "coinage-report-1"'],
    [encodeReport({ ...reportData(), word: 3 as never }), "word: "],
  ])("that is damaged is refused: %.30s", (text, reason) => {
    const read = () => decodeReport(text, "mycat.report.json");
    expect(read).toThrow(reason);
    expect(read).toThrow(expect.objectContaining({ code: "REPORT_INVALID" }));
  });
});

test.each([
  [0, 1, [0, 0.25, 0.5, 0.75, 1]],
  [0.1103, 0.1402, [0.11, 0.12, 0.13, 0.14, 0.15]],
  [3, 3, [3, 4, 5, 6].slice(0, 2)],
])("ticks from %d to %d are round numbers around them", (low, high, ticks) => {
  expect(ticksOf(low, high)[0]).toBeLessThanOrEqual(low);
  expect(ticksOf(low, high).at(-1)).toBeGreaterThanOrEqual(high);
  expect(ticksOf(low, high).slice(0, 2)).toEqual(ticks.slice(0, 2));
});

test("a curve is smoothed over a tenth of its points, gaps left out", () => {
  const values = Array.from({ length: 40 }, (_, i) => (i === 10 ? null : i));
  expect(smoothed(values)[20]).toBe(20);
  expect(smoothed(values)[0]).toBe(1);
  expect(smoothed(values)[11]).toBeCloseTo((9 + 11 + 12 + 13) / 4);
  expect(smoothed([1, 2])).toEqual([1, 2]);
});
