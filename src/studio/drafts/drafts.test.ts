import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { codeOf, studioRoutes } from "../../../test/studio.ts";
import { concept } from "../../../test/training-run.ts";
import type { Draft, DraftPicture } from "./draft.ts";
import { Drafts } from "./store.ts";

const { ask, work, root, drafts, bugs } = studioRoutes();

let made = 0;
const newId = () => `draft${String(made++).padStart(4, "0")}`;

const jpegs = readdirSync(concept).filter((name) => /\.(png|jpg)$/.test(name));
const photo = readFileSync(path.join(concept, jpegs[0]!));
const picture = (width: number, height: number, red = 200) =>
  sharp({ create: { width, height, channels: 3, background: { r: red, g: 90, b: 40 } } });

function put(id: string, name: string, body: unknown, headers?: Record<string, string | undefined>): Promise<Response> {
  return ask("PUT", `/api/drafts/${id}/pictures/${encodeURIComponent(name)}`, { body, ...(headers && { headers }) });
}

async function pictureOf(answer: Response): Promise<DraftPicture> {
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { picture: DraftPicture }).picture;
}

async function draftOf(answer: Response): Promise<Draft> {
  return ((await answer.json()) as { draft: Draft }).draft;
}

const filesOf = (id: string, part: string) => readdirSync(path.join(work, "drafts", id, part));

test("a picture that is taken out can be brought back to its place, with its caption, until the studio ends", async () => {
  const id = newId();
  const names: string[] = [];
  for (const red of [10, 20, 30])
    names.push((await pictureOf(await put(id, `${red}.png`, await picture(300, 300, red).png().toBuffer()))).name);
  const captions = { [names[1]!]: "a red thing" };
  const body = { revision: 0, word: "x", model: null, settings: {}, captions };
  await ask("PUT", `/api/drafts/${id}`, { body });
  const target = `/api/drafts/${id}/pictures/${names[1]}`;
  expect((await ask("DELETE", target)).status).toBe(200);
  expect(filesOf(id, "pictures")).toEqual([names[0], names[2]]);
  expect(await pictureOf(await ask("POST", `${target}/restore`, { body: {} }))).toMatchObject({
    caption: "a red thing",
  });
  const { pictures } = await draftOf(await ask("GET", `/api/drafts/${id}`));
  expect(pictures.map(({ name }) => name)).toEqual(names);
  expect(readFileSync(path.join(work, "drafts", id, "pictures", "0002_20.txt"), "utf8")).toBe("a red thing\n");
  expect((await ask("POST", `${target}/restore`, { body: {} })).status).toBe(404);

  await ask("DELETE", target);
  await new Drafts(path.join(work, "drafts")).open(id);
  expect([filesOf(id, "removed"), filesOf(id, "previews")]).toEqual([
    [],
    [names[0], names[2]].map((one) => `${one}.webp`),
  ]);
});

describe("a picture that is sent", () => {
  test("is kept as it came, with its size and hash, and a small one to look at", async () => {
    const id = newId();
    const bytes = await picture(640, 512).jpeg().toBuffer();
    const sent = await pictureOf(await put(id, "My cat.jpeg", bytes));
    expect(sent).toMatchObject({
      name: "0001_My_cat.jpg",
      original: "My cat.jpeg",
      width: 640,
      height: 512,
      warnings: [],
    });
    expect(sent.bytes).toBe(bytes.length);
    expect(sent.hash).toMatch(/^[\da-f]{64}$/);
    expect(readFileSync(path.join(work, "drafts", id, "pictures", sent.name)).equals(bytes)).toBe(true);
    const small = await ask("GET", `/api/drafts/${id}/pictures/${sent.name}`);
    expect(small.headers.get("content-type")).toBe("image/webp");
    expect(await sharp(Buffer.from(await small.arrayBuffer())).metadata()).toMatchObject({ width: 256, height: 205 });
    const whole = await ask("GET", `/api/drafts/${id}/pictures/${sent.name}?whole`);
    expect(whole.headers.get("content-type")).toBe("image/jpeg");
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test("has its place among those that are sent at the same time by when it began to come, not by when it was there", async () => {
    const id = newId();
    const [large, small] = [await picture(640, 512).png().toBuffer(), await picture(300, 300).png().toBuffer()];
    let end = () => {};
    const slow = new ReadableStream({
      start: (controller) => {
        controller.enqueue(new Uint8Array(large.subarray(0, 100)));
        end = () => {
          controller.enqueue(new Uint8Array(large.subarray(100)));
          controller.close();
        };
      },
    });
    const first = put(id, "first.png", slow);
    await expect.poll(() => filesOf(id, "incoming")).toHaveLength(1);
    await pictureOf(await put(id, "second.png", small));
    end();
    await pictureOf(await first);
    const { pictures } = await draftOf(await ask("GET", `/api/drafts/${id}`));
    expect(pictures.map(({ name }) => name)).toEqual(["0001_first.png", "0002_second.png"]);
  });

  test("is kept upright where EXIF turns it, because training reads pixels as they are stored", async () => {
    const id = newId();
    const sent = await pictureOf(
      await put(id, "turned.jpg", await picture(600, 400).jpeg().withMetadata({ orientation: 6 }).toBuffer()),
    );
    expect(sent).toMatchObject({ name: "0001_turned.png", width: 400, height: 600 });
    expect(sent.warnings.map(({ code }) => code)).toEqual(["PICTURE_TURNED"]);
    const kept = await sharp(path.join(work, "drafts", id, "pictures", sent.name)).metadata();
    expect(kept).toMatchObject({ width: 400, height: 600 });
    expect(kept.orientation ?? 1).toBe(1);
  });

  test("is marked when it is small, animated, transparent or there already", async () => {
    const id = newId();
    const frames = Buffer.concat([...Array(2)].map((_, i) => Buffer.alloc(300 * 300 * 3, i * 100)));
    const animated = await sharp(frames, { raw: { width: 300, height: 600, channels: 3, pageHeight: 300 } })
      .gif()
      .toBuffer();
    const codes = async (name: string, bytes: Uint8Array) =>
      (await pictureOf(await put(id, name, bytes))).warnings.map(({ code }) => code);
    expect(await codes("small.png", await picture(100, 700).png().toBuffer())).toEqual(["PICTURE_SMALL"]);
    expect(await codes("moving.gif", animated)).toContain("PICTURE_ANIMATED");
    expect(await codes("clear.png", await picture(300, 300).ensureAlpha(0.5).png().toBuffer())).toEqual([
      "PICTURE_TRANSPARENT",
    ]);
    const same = await picture(300, 300, 7).jpeg().toBuffer();
    expect(await codes("one.jpg", same)).toEqual([]);
    expect(await codes("two.jpg", same)).toEqual(["PICTURE_DOUBLE"]);
  });

  test.each([
    ["CMYK", () => picture(300, 300).toColourspace("cmyk").jpeg().toBuffer(), ".jpg"],
    ["16 bits", () => picture(300, 300).toColourspace("rgb16").png().toBuffer(), ".png"],
    ["WebP", () => picture(300, 300).webp().toBuffer(), ".webp"],
    ["AVIF", () => picture(300, 300).avif({ effort: 0 }).toBuffer(), ".avif"],
    ["TIFF", () => picture(300, 300).tiff().toBuffer(), ".tif"],
    ["a Windows bitmap", async () => bitmap(300, 300), ".bmp"],
    ["one pixel", () => picture(1, 1).png().toBuffer(), ".png"],
  ])("may be %s; its kind is that of its bytes, whatever its name says", async (_, bytes, extension) => {
    const sent = await pictureOf(await put(newId(), "photo.exe", await bytes()));
    expect(sent.name).toBe(`0001_photo${extension}`);
  });

  test.each([
    ["nothing", Buffer.alloc(0), "empty"],
    ["a web page", Buffer.from("<!doctype html><script>alert(1)</script>"), "a web page"],
    [
      "a drawing with scripts in it",
      Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"),
      "SVG",
    ],
    ["a photo of a phone that cannot be read", Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic"), "HEIC"],
    ["text", Buffer.from("not a picture"), ""],
    ["a photo that was cut off", photo.subarray(0, photo.length / 2), ""],
    ["a picture that claims more pixels than fit in memory", hugePng(60_000, 60_000), "pixels"],
    ["a small file that claims to be large", hugePng(16_000, 16_000), "pixels"],
    [
      "noise that begins like a JPEG",
      Buffer.concat([Buffer.from("\xff\xd8\xff\xe0", "latin1"), Buffer.alloc(5000, 77)]),
      "",
    ],
  ])("is refused by its owner's name when it is %s, and leaves nothing behind", async (_, bytes, text) => {
    const id = newId();
    const answer = await put(id, "holiday.jpg", new Uint8Array(bytes));
    expect(answer.status).toBe(415);
    const { problem } = (await answer.json()) as { problem: { code: string; message: string; hint: string } };
    expect(problem.code).toBe("PICTURE_UNREADABLE");
    expect(problem.message).toContain(text);
    expect(`${problem.message}${problem.hint}`).not.toContain(work);
    for (const part of ["pictures", "incoming", "previews"]) expect(filesOf(id, part)).toEqual([]);
  });

  test("is refused before it is read when it says that it has more than 64 MB", async () => {
    let isRead = false;
    const pull = () => {
      isRead = true;
    };
    const endless = new ReadableStream({ pull }, { highWaterMark: 0 });
    const answer = await put(newId(), "a.jpg", endless, { "content-length": String(64 * 2 ** 20 + 1) });
    expect([answer.status, await codeOf(answer), isRead]).toEqual([413, "BODY_TOO_LARGE", false]);
  });

  test("is read no further than 64 MB when it does not say how much it is, and is ended then", async () => {
    const id = newId();
    let [sent, isEnded] = [0, false];
    const endless = new ReadableStream({
      pull(controller) {
        sent += 2 ** 20;
        controller.enqueue(new Uint8Array(2 ** 20));
      },
      cancel() {
        isEnded = true;
      },
    });
    const answer = await put(id, "a.jpg", endless);
    expect([answer.status, await codeOf(answer), isEnded]).toEqual([413, "BODY_TOO_LARGE", true]);
    expect(sent).toBeLessThan(68 * 2 ** 20);
    expect(filesOf(id, "incoming")).toEqual([]);
  });

  test.each(["12", "99999"])("is refused when it says that it has %s bytes and has others", async (length) => {
    const id = newId();
    const answer = await put(id, "a.jpg", new Uint8Array(photo), { "content-length": length });
    expect([answer.status, await codeOf(answer)]).toEqual([400, "BODY_INVALID"]);
    expect(filesOf(id, "incoming")).toEqual([]);
  });

  test.each([
    "../x.jpg",
    "a\\b.jpg",
    "CON.jpg",
    "..%2f..%2fx.jpg",
    "ü.jpg",
    "日本.jpg",
    "🐈.jpg",
    "x".repeat(300),
    "a\nb.jpg",
    " .jpg",
  ])("may have the name %j: it becomes a plain one in the draft's own folder", async (name) => {
    const id = newId();
    const sent = await pictureOf(await put(id, name, new Uint8Array(photo)));
    expect(sent.original).toBe(name);
    expect(filesOf(id, "pictures")).toEqual([sent.name]);
    expect(Buffer.byteLength(sent.name)).toBeLessThan(100);
  });

  test("of the same name in another encoding is another picture, of the same name a new one in its place", async () => {
    const id = newId();
    await put(id, "\u00fc.jpg", new Uint8Array(photo));
    await put(id, "u\u0308.jpg", new Uint8Array(photo));
    expect(filesOf(id, "pictures")).toHaveLength(2);
    const again = await pictureOf(await put(id, "\u00fc.jpg", await picture(300, 300).png().toBuffer()));
    expect(filesOf(id, "pictures")).toHaveLength(2);
    const { pictures } = await draftOf(await ask("GET", `/api/drafts/${id}`));
    expect(pictures.map(({ original }) => original).sort()).toEqual(["u\u0308.jpg", "\u00fc.jpg"]);
    expect(filesOf(id, "pictures")).toContain(again.name);
  });

  test("may come at once with many others", async () => {
    const id = newId();
    const bytes = await Promise.all([...Array(24)].map((_, i) => picture(260, 260, i).png().toBuffer()));
    const sent = await Promise.all(bytes.map(async (one, i) => pictureOf(await put(id, `${i}.png`, one))));
    expect(new Set(sent.map(({ name }) => name)).size).toBe(24);
    const stored = JSON.parse(readFileSync(path.join(work, "drafts", id, "draft.json"), "utf8")) as Draft;
    expect(stored.pictures).toHaveLength(24);
  });
});

describe("a draft", () => {
  const typed = { word: "mycat", model: null, settings: { max_train_steps: 100, init_word: "cat" } };

  test("keeps what was typed, and captions as plain files beside the pictures", async () => {
    const id = newId();
    const { name } = await pictureOf(await put(id, "a.jpg", new Uint8Array(photo)));
    const body = { ...typed, revision: 0, captions: { [name]: "a photo of mycat" } };
    const draft = await draftOf(await ask("PUT", `/api/drafts/${id}`, { body }));
    expect(draft).toMatchObject({ ...typed, revision: 1, pictures: [{ name, caption: "a photo of mycat" }] });
    const file = path.join(work, "drafts", id, "pictures", name.replace(".jpg", ".txt").replace(".png", ".txt"));
    expect(readFileSync(file, "utf8")).toBe("a photo of mycat\n");
    // as the studio finds it after a restart
    const { draft: found } = await new Drafts(path.join(work, "drafts")).open(id);
    expect(found).toEqual(draft);
  });

  test("changed elsewhere is not overwritten: the answer has what is there", async () => {
    const id = newId();
    const change = (word: string, revision: number) =>
      ask("PUT", `/api/drafts/${id}`, { body: { ...typed, word, revision } });
    const both = await Promise.all([change("one", 0), change("two", 0)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    const stale = both.find(({ status }) => status === 409)!;
    const answer = (await stale.json()) as { problem: { code: string }; draft: Draft };
    expect(answer).toMatchObject({ problem: { code: "DRAFT_CHANGED" }, draft: { revision: 1 } });
  });

  test.each([
    ["a file of settings", { config_file: "/etc/passwd" }],
    ["another output folder", { output_dir: "/tmp" }],
    ["other images", { train_data_dir: "/home" }],
    ["a token of the hub", { huggingface_token: "hf_abc" }],
    ["a file of prompts", { sample_prompts: "/etc/passwd" }],
    ["a run", { run: "../x" }],
    ["what no table has", { nonsense: 1 }],
    ["the prototype of everything", { constructor: 1 }],
  ])("cannot have %s", async (_, settings) => {
    const answer = await ask("PUT", `/api/drafts/${newId()}`, { body: { ...typed, settings, revision: 0 } });
    expect([answer.status, await codeOf(answer)]).toEqual([400, "DRAFT_INVALID"]);
  });

  test.each([
    ["no JSON", new TextEncoder().encode("{"), { "content-type": "application/json" }],
    ["a form", new TextEncoder().encode("{}"), { "content-type": "text/plain" }],
    ["no UTF-8", new Uint8Array([0x22, 0xff, 0x22]), { "content-type": "application/json" }],
    ["other keys", { ...typed, revision: 0, extra: 1 }, {}],
    ["other types", { ...typed, revision: "0" }, {}],
  ])("is refused when it is %s", async (_, body, headers) => {
    const answer = await ask("PUT", `/api/drafts/${newId()}`, { body, headers });
    expect([answer.status, await codeOf(answer)]).toEqual([400, "BODY_INVALID"]);
  });

  test("is refused when it has more than a megabyte, also when it does not say so", async () => {
    const body = new TextEncoder().encode(JSON.stringify({ ...typed, word: "x".repeat(2 ** 20), revision: 0 }));
    for (const length of [String(body.length), "10", undefined]) {
      const headers = { "content-type": "application/json", "content-length": length };
      const answer = await ask("PUT", `/api/drafts/${newId()}`, { body, headers });
      expect([answer.status, await codeOf(answer)]).toEqual([413, "BODY_TOO_LARGE"]);
    }
  });

  test.each(["..", "%2e%2e", "..%2f..%2fx", "a/b", "UPPER1", "x", "x".repeat(41), "draft.json", "constructor%00"])(
    "has no id like %j",
    async (id) => {
      for (const method of ["GET", "DELETE"]) expect((await ask(method, `/api/drafts/${id}`)).status).toBe(404);
      expect((await ask("PUT", `/api/drafts/${id}`, { body: { ...typed, revision: 0 } })).status).toBe(404);
    },
  );

  test("takes at most 2,000 pictures", async () => {
    const id = newId();
    const open = await drafts.openOrMake(id);
    const first = await pictureOf(await put(id, "a.jpg", new Uint8Array(photo)));
    const many = [...Array(2000)].map((_, i) => ({ ...first, name: `${i}.jpg`, original: `${i}.jpg` }));
    writeFileSync(path.join(work, "drafts", id, "draft.json"), JSON.stringify({ ...open.draft, pictures: many }));
    const full = await new Drafts(path.join(work, "drafts")).open(id);
    const bytes = (async function* () {
      yield new Uint8Array(photo);
    })();
    await expect(full.addPicture({ original: "new.jpg", bytes })).rejects.toMatchObject({ code: "DRAFT_FULL" });
  });

  test("takes at most 4 GB, counted by what a picture says that it has", async () => {
    const id = newId();
    const open = await drafts.openOrMake(id);
    const first = await pictureOf(await put(id, "a.jpg", new Uint8Array(photo)));
    const held = { ...open.draft, pictures: [{ ...first, bytes: 4 * 2 ** 30 - 1000 }] };
    writeFileSync(path.join(work, "drafts", id, "draft.json"), JSON.stringify(held));
    const full = await new Drafts(path.join(work, "drafts")).open(id);
    let isRead = false;
    const bytes = (async function* () {
      isRead = true;
      yield new Uint8Array(photo);
    })();
    const picture = { original: "new.jpg", bytes, announced: 1001 };
    await expect(full.addPicture(picture)).rejects.toMatchObject({ code: "DRAFT_FULL" });
    expect(isRead).toBe(false);
  });

  test("is discarded to where it can be brought back from", async () => {
    const id = newId();
    await put(id, "a.jpg", new Uint8Array(photo));
    const { trash } = (await (await ask("DELETE", `/api/drafts/${id}`)).json()) as { trash: string };
    expect((await ask("GET", `/api/drafts/${id}`)).status).toBe(404);
    const { draft } = (await (await ask("POST", `/api/trash/${trash}/restore`)).json()) as { draft: Draft };
    expect((await ask("GET", `/api/drafts/${id}/pictures/${draft.pictures[0]!.name}`)).status).toBe(200);
    expect((await ask("POST", `/api/trash/${trash}/restore`)).status).toBe(404);
  });

  test("gives no picture by a path", async () => {
    const id = newId();
    await put(id, "a.jpg", new Uint8Array(photo));
    for (const name of ["..%2fdraft.json", "%2e%2e%2fdraft.json", "draft.json", "0001_a.txt", "..%5cdraft.json", "%00"])
      expect((await ask("GET", `/api/drafts/${id}/pictures/${name}?whole`)).status).toBe(404);
  });
});

describe("a folder of this machine", () => {
  mkdirSync(path.join(root, "cats", "more"), { recursive: true });
  for (const name of jpegs.slice(0, 3))
    writeFileSync(path.join(root, "cats", name), readFileSync(path.join(concept, name)));
  writeFileSync(path.join(root, "cats", jpegs[0]!.replace(/\.\w+$/, ".txt")), "a photo of mycat\n");
  writeFileSync(path.join(root, "cats", "bad.jpg"), "no picture");

  test("is listed with its folders and the number of images, below a root only", async () => {
    const listed = await (await ask("GET", "/api/folders?root=root1")).json();
    expect(listed).toEqual({
      root: "root1",
      path: [],
      pictures: 0,
      folders: [{ name: "cats", pictures: 4 }],
      isCut: false,
    });
    const inner = await (await ask("GET", "/api/folders?root=root1&path=cats")).json();
    expect(inner).toMatchObject({ pictures: 4, folders: [{ name: "more", pictures: 0 }] });
    for (const [query, status, code] of [
      ["root=root1&path=..", 400, "NAME_REFUSED"],
      ["root=root1&path=cats/../..", 400, "NAME_REFUSED"],
      ["root=root1&path=/etc", 400, "NAME_REFUSED"],
      ["root=root1&path=cats%00", 400, "NAME_REFUSED"],
      ["root=root1&path=gone", 404, "FILE_NOT_FOUND"],
      ["root=home", 404, "ROOT_UNKNOWN"],
      ["", 400, "BODY_INVALID"],
    ] as const) {
      const answer = await ask("GET", `/api/folders?${query}`);
      expect([query, answer.status, await codeOf(answer)]).toEqual([query, status, code]);
    }
  });

  test("is copied into a draft with its captions; what cannot be used is named", async () => {
    const id = newId();
    const answer = await ask("POST", `/api/drafts/${id}/folder`, { body: { root: "root1", path: ["cats"] } });
    const { taken, refused } = (await answer.json()) as { taken: DraftPicture[]; refused: { original: string }[] };
    expect(taken.map(({ original }) => original)).toEqual(jpegs.slice(0, 3).map((name) => `cats/${name}`));
    expect(taken[0]!.caption).toBe("a photo of mycat");
    expect(refused.map(({ original }) => original)).toEqual(["cats/bad.jpg"]);
  });
});

test("nothing here was a mistake of the studio itself", () => {
  expect(bugs).toEqual([]);
});

/** A PNG whose header claims a size that its few bytes do not have. */
function hugePng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    crc.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, crc]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", Buffer.alloc(8)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** A bitmap of 24 bits a pixel. */
function bitmap(width: number, height: number): Buffer {
  const row = Math.ceil((width * 3) / 4) * 4;
  const file = Buffer.alloc(54 + row * height, 128);
  file.write("BM", 0, "latin1");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(0, 6);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  file.fill(0, 30, 54);
  return file;
}
