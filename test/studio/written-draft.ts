import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { conceptsFolder } from "../../src/assets/index.ts";
import { previewOf } from "../../src/pictures/index.ts";
import { newDraft } from "../../src/studio/drafts/draft.ts";
import type { OpenStudio } from "./launch.ts";

/** Writes a draft with `count` pictures, as if they had been uploaded, for the small model. Returns its id. */
export async function writeLargeDraft({ home, address, entrance }: OpenStudio, count: number): Promise<string> {
  const id = "large0";
  const authorization = `Bearer ${new URL(entrance).searchParams.get("k")}`;
  const answer = await fetch(`${address}api/models`, { headers: { authorization } });
  const { models } = (await answer.json()) as { models: readonly { id: string; name: string }[] };
  const model = { id: models.find(({ name }) => name.includes("tiny-sd"))!.id };
  const folder = path.join(home, "drafts", id);
  for (const part of ["pictures", "previews"]) mkdirSync(path.join(folder, part), { recursive: true });
  const concept = path.join(conceptsFolder, "orange-striped-star");
  const files = readdirSync(concept).filter((name) => name.endsWith(".png"));
  const images = files.map((name) => readFileSync(path.join(concept, name)));
  const previews = await Promise.all(files.map((name) => previewOf(path.join(concept, name), 256)));
  const pictures = Array.from({ length: count }, (_, i) => {
    const name = `${String(i + 1).padStart(4, "0")}_photo_${i + 1}.png`;
    const caption = `a photo of quillo on a table, seen from the side, number ${i + 1}`;
    const image = images[i % images.length]!;
    writeFileSync(path.join(folder, "pictures", name), image);
    writeFileSync(path.join(folder, "pictures", name.replace(/png$/, "txt")), `${caption}\n`);
    writeFileSync(path.join(folder, "previews", `${name}.webp`), previews[i % images.length]!);
    const size = { bytes: image.length, width: 128, height: 128 };
    return { name, original: `photo ${i + 1}.png`, ...size, hash: `${i}`, caption, warnings: [] };
  });
  const draft = { ...newDraft(id), word: "quillo", model, settings: { recipe: "auto" }, pictures, next: count + 1 };
  writeFileSync(path.join(folder, "draft.json"), JSON.stringify(draft));
  return id;
}
