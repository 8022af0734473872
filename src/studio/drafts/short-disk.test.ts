import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { codeOf, studioRoutes } from "../../../test/studio.ts";
import { concept } from "../../../test/training-run.ts";

// no disk has that much room
const { ask, work } = studioRoutes({ leaveBytes: 2 ** 60 });
const [name] = readdirSync(concept).filter((one) => one.endsWith(".png"));

test("on a disk that is short no image is taken: 507, before it is read, and nothing is left behind", async () => {
  const body = new Uint8Array(readFileSync(path.join(concept, name!)));
  const answer = await ask("PUT", `/api/drafts/shortdisk/pictures/${name}`, { body });
  expect([answer.status, await codeOf(answer)]).toEqual([507, "DISK_FULL"]);
  for (const part of ["incoming", "pictures", "previews"])
    expect(readdirSync(path.join(work, "drafts", "shortdisk", part))).toEqual([]);
});

test("on a disk that is short no run is made of a draft", async () => {
  const { models } = (await (await ask("GET", "/api/models")).json()) as { models: { id: string; name: string }[] };
  const model = { id: models.find((one) => one.name === "tiny-sd")!.id };
  const body = {
    revision: 0,
    word: "vexla",
    model,
    settings: { init_word: "ring", resolution: 128, learning_rate: 0.01 },
  };
  expect((await ask("PUT", "/api/drafts/shortdisk", { body })).status).toBe(200);
  const answer = await ask("POST", "/api/runs", { body: { draft: "shortdisk" } });
  expect([answer.status, await codeOf(answer)]).toEqual([507, "DISK_FULL"]);
  expect(await (await ask("GET", "/api/runs")).json()).toEqual({ runs: [], queue: [] });
});

test("that a disk is short is told to whoever watches, with what it has left", async () => {
  const reader = (await ask("GET", "/api/events")).body!.getReader();
  let text = "";
  while (!text.includes("event: disk")) text += new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  expect(text).toMatch(/event: disk\ndata: \{"freeBytes":\d+0000000,"leaveBytes":115292\d+\}\n/);
});
