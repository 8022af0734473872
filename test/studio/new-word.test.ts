import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { expect, test } from "vitest";
import { concept } from "../training-run.ts";
import { lookAt, startStudio, temporaryFolder, type Visitor, visit } from "./browser.ts";
import { writeLargeDraft } from "./written-draft.ts";

const home = temporaryFolder();
const photos = path.join(temporaryFolder(), "photos");
mkdirSync(path.join(photos, "more"), { recursive: true });
const files = readdirSync(concept)
  .filter((name) => name.endsWith(".png"))
  .slice(0, 4)
  .map((name) => path.join(concept, name));
const wide = await sharp(files[0]!).resize(600, 300, { fit: "cover" }).jpeg().toBuffer();
writeFileSync(path.join(photos, "wide.jpg"), wide);
writeFileSync(path.join(photos, "wide.txt"), "a ring from the side\n");
copyFileSync(files[1]!, path.join(photos, "more", "twice.png"));
writeFileSync(path.join(photos, "IMG_4.HEIC"), Buffer.from("\0\0\0\x18ftypheic\0\0\0\0mif1heic", "latin1"));

const studio = await startStudio({ home, words: ["--root", photos] });

const pictures = (page: Page) => page.getByRole("listbox", { name: /^Pictures/ }).getByRole("option");
const option = (page: Page, name: RegExp) =>
  page.getByRole("listbox", { name: /^Pictures/ }).getByRole("option", { name });
/** The selected picture. */
const chosen = (page: Page) => page.getByRole("listbox", { name: /^Pictures/ }).getByRole("option", { selected: true });
/** Makes a change to the draft, and waits until it is saved. */
async function saving(page: Page, change: () => Promise<unknown>): Promise<void> {
  const answer = page.waitForResponse(
    (one) => one.request().method() === "PUT" && /drafts\/\w+$/.test(one.url()) && one.ok(),
  );
  await change();
  await answer;
  await page.getByText("Everything is saved").waitFor();
}
const start = (page: Page) => page.getByRole("button", { name: "Start", exact: true });

async function newWord(options = {}): Promise<Visitor> {
  const visitor = await visit(studio, options);
  await visitor.page.getByRole("link", { name: "New word" }).click();
  await visitor.page.getByRole("heading", { level: 1, name: "New word" }).waitFor();
  await visitor.page.getByRole("radio", { name: /tiny-sd/ }).waitFor();
  return visitor;
}

/** A new word with four pictures. */
async function withPictures(options = {}): Promise<Visitor> {
  const visitor = await newWord(options);
  await visitor.page.getByLabel("Choose pictures").setInputFiles(files);
  await expect.poll(() => pictures(visitor.page).count()).toBe(4);
  return visitor;
}

test("a word is prepared from pictures to the start, every problem mended in one click", async () => {
  const { page, strangers, complaints } = await newWord();
  // a real model is missing on this machine
  await page.getByText("Only the small model to try things out was found on this machine.").waitFor();
  await lookAt(page, "new-empty");
  await page.getByRole("button", { name: "Take one of the hub" }).click();
  await page.getByLabel("Name on the hub").waitFor();
  await page.getByText("Only the small model").waitFor({ state: "detached" });
  await page.getByRole("radio", { name: /tiny-sd/ }).check();
  await page.getByRole("button", { name: "Look again" }).waitFor();
  expect(await start(page).isEnabled()).toBe(false);
  await page.getByText("Add pictures first.").waitFor();

  await page
    .getByLabel("Choose pictures")
    .setInputFiles([
      ...files,
      ...["wide.jpg", "wide.txt", "IMG_4.HEIC", "more/twice.png"].map((name) => path.join(photos, name)),
    ]);
  await expect.poll(() => pictures(page).count()).toBe(6);
  await page.getByText(/IMG_4.HEIC cannot be read as an image \(it is a HEIC photo\)/).waitFor();
  await option(page, /^twice.png.*twice/).waitFor();
  await page.getByText("Give the word a name.").waitFor();

  const word = page.getByLabel("The new word");
  await word.fill("ring");
  await page.getByText('"ring" is already a word').first().waitFor();
  // the plan and the crops are shown nevertheless
  await page.getByText(/\d+ steps × \d+/).waitFor();
  await option(page, /wide.jpg, 600 × 300, trained as 128 × 128.*a ring from the side/).waitFor();
  await lookAt(page, "new-clash");
  await page.getByRole("button", { name: 'Use "ringx1"' }).first().click();
  await expect.poll(() => word.inputValue()).toBe("ringx1");
  await option(page, /a ringx1 from the side/).waitFor();
  await page.getByLabel("Starts from").fill("ring");

  await page.getByRole("button", { name: "Remove the double" }).click();
  await expect.poll(() => pictures(page).count()).toBe(5);
  await page
    .getByRole("button", { name: /^Write "ringx1" into 4 captions$/ })
    .first()
    .click();
  await expect.poll(() => option(page, /a photo of ringx1/).count()).toBe(4);
  await page.getByRole("list", { name: "To think about" }).waitFor({ state: "detached" });

  await page.getByLabel("Draw while training").fill("a photo of ringx1 --w 64 --h 64 --s 2");
  await page.getByLabel("Steps between samples").fill("2");
  await page.getByText("All settings").last().click();
  await page.getByRole("searchbox", { name: "Search settings" }).fill("max train steps");
  await page.getByLabel("max train steps").fill("4");
  await saving(page, () => page.getByLabel("max train steps").press("Enter"));
  await page.getByText(/^4 steps × \d+/).waitFor();
  await lookAt(page, "new-ready");
  await start(page).click();
  await page.waitForURL(/\/run\/.*ringx1/);
  const id = decodeURIComponent(page.url().split("/").at(-1)!);
  const copied = readdirSync(path.join(home, "runs", id, "pictures"));
  expect(copied.filter((name) => name.endsWith(".txt"))).toHaveLength(5);
  expect(readFileSync(path.join(home, "runs", id, "prompts.txt"), "utf8")).toBe(
    "a photo of ringx1 --w 64 --h 64 --s 2 --d 42\n",
  );
  expect({ strangers, complaints }).toEqual({ strangers: [], complaints: [] });
});

test("pictures are reached, captioned and removed with keys alone", async () => {
  const { page, complaints } = await withPictures();
  await chosen(page).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  const name = await chosen(page).textContent();
  expect(name).toMatch(/^0?3/);
  await page.keyboard.press("e");
  await page.keyboard.type("a first one");
  await page.keyboard.press("Enter");
  await saving(page, () => page.keyboard.type("a second one"));
  await page.keyboard.press("Escape");
  await option(page, /^0?3.*a first one/).waitFor();
  await option(page, /^0?4.*a second one/).waitFor();
  expect(await page.evaluate("document.activeElement.getAttribute('role')")).toBe("option");
  await page.keyboard.press("Delete");
  await expect.poll(() => pictures(page).count()).toBe(3);
  await page.getByRole("button", { name: "Undo" }).click();
  await option(page, /^0?4.*a second one/).waitFor();
  expect(await pictures(page).count()).toBe(4);
  await page.reload();
  await option(page, /^0?4.*a second one/).waitFor();
  expect(complaints).toEqual([]);
});

test("of two thousand pictures those in view have elements, and keys reach all of them", async () => {
  const draft = await writeLargeDraft(studio, 2000);
  const { page, complaints } = await visit(studio);
  await page.goto(`${studio.address}new?draft=${draft}`);
  await option(page, /^photo 1\.png/).waitFor();
  expect(await pictures(page).count()).toBeLessThan(120);
  await chosen(page).focus();
  await page.keyboard.press("End");
  await option(page, /^photo 2000\.png/).waitFor();
  const focused = () =>
    page.evaluate(
      "(({ ariaSelected, ariaPosInSet, ariaSetSize }) => [ariaSelected, ariaPosInSet, ariaSetSize])(document.activeElement)",
    );
  expect(await focused()).toEqual(["true", "2000", "2000"]);
  // the selected picture stays reachable by the tab key, however far the list is scrolled
  await page.getByRole("listbox", { name: /^Pictures/ }).hover();
  await page.mouse.wheel(0, -100_000);
  await option(page, /^photo 1\.png/).waitFor();
  expect(await focused()).toEqual(["true", "2000", "2000"]);
  await page.keyboard.press("ArrowLeft");
  await expect.poll(focused).toEqual(["true", "1999", "2000"]);
  await option(page, /^photo 1\.png/).waitFor({ state: "detached" });
  await page.keyboard.press("e");
  await saving(page, () => page.keyboard.type("the last but one"));
  await option(page, /^photo 1999\.png.*the last but one/).waitFor();
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  expect(complaints).toEqual([]);
});

test("captions are changed for all pictures at once, and each change can be undone", async () => {
  const { page } = await withPictures();
  await page.getByText("Change all captions").click();
  await page.getByLabel("Put before each").fill("a ring");
  await page.getByRole("button", { name: "Put before all" }).click();
  await expect.poll(() => option(page, /a ring/).count()).toBe(4);
  await page.getByLabel("Find", { exact: true }).fill("ring");
  await page.getByLabel("Replace with").fill("loop");
  await page.getByRole("button", { name: "Replace in 4" }).click();
  await expect.poll(() => option(page, /a loop/).count()).toBe(4);
  await page.getByRole("button", { name: "Undo" }).last().click();
  await expect.poll(() => option(page, /a ring/).count()).toBe(4);
});

test("dropped folders give their pictures with the captions beside them", async () => {
  const { page } = await newWord();
  const bytes = JSON.stringify([...readFileSync(files[0]!)]);
  await page.evaluate(`{
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(${bytes})], "a.png", { type: "image/png" }));
    transfer.items.add(new File(["a ring of gold\\n"], "a.txt", { type: "text/plain" }));
    transfer.items.add(new File(["x"], "notes.pdf", { type: "application/pdf" }));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }`);
  await option(page, /^a.png.*a ring of gold/).waitFor();
  await page.getByText("1 file that is no picture was left out.").waitFor();
});

test("a whole folder can be dropped, with the folders in it", async () => {
  const { page, context } = await newWord();
  const devtools = await context.newCDPSession(page);
  const data = { items: [], files: [photos], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await devtools.send("Input.dispatchDragEvent", { type, x: 400, y: 200, data });
  await option(page, /^photos\/wide.jpg.*a ring from the side/).waitFor();
  await option(page, /^photos\/more\/twice.png/).waitFor();
  await page.getByText(/IMG_4.HEIC cannot be read/).waitFor();
});

test("the pictures of a folder of this machine are copied, and what is refused stays listed", async () => {
  const { page } = await newWord();
  await page.getByRole("button", { name: "Choose a folder of this machine" }).click();
  await page.getByLabel("Begin at").selectOption({ label: photos });
  await page.getByRole("button", { name: /^more/ }).waitFor();
  await lookAt(page, "new-folder");
  await page.getByRole("button", { name: "Take this folder" }).click();
  await option(page, /wide.jpg.*a ring from the side/).waitFor();
  await page.getByText("1 file was refused").waitFor();
  await page.getByRole("button", { name: /Put away.*IMG_4/ }).click();
  await page.getByText("1 file was refused").waitFor({ state: "detached" });
});

test("what was changed in another tab is not written over", async () => {
  const { page, context } = await withPictures();
  await saving(page, () => page.getByLabel("The new word").fill("one"));
  await page.waitForURL(/draft=/);
  const other = await context.newPage();
  await other.goto(page.url());
  await saving(other, () => other.getByLabel("The new word").fill("theirs"));
  await page.getByLabel("The new word").fill("mine");
  await page.getByRole("heading", { name: "Changed elsewhere" }).waitFor();
  expect(await start(page).isEnabled()).toBe(false);
  await page.getByRole("button", { name: "Show what is there now" }).click();
  await expect.poll(() => page.getByLabel("The new word").inputValue()).toBe("theirs");
  await saving(other, () => other.getByLabel("The new word").fill("theirs2"));
  await page.getByLabel("The new word").fill("mine2");
  await saving(page, () => page.getByRole("button", { name: "Keep what is here" }).click());
  await page.reload();
  await expect.poll(() => page.getByLabel("The new word").inputValue()).toBe("mine2");
});

test("settings are found by what they do, show what was changed, and can be reset", async () => {
  const { page, context } = await withPictures();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByLabel("The new word").fill("vexla");
  await page.keyboard.press("Escape");
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("/");
  await page.keyboard.type("average decay");
  const average = page.getByLabel("row average");
  await average.fill("0.98");
  await average.press("Enter");
  await page.getByText("1 changed").waitFor();
  await lookAt(page, "new-settings");
  await page.getByRole("button", { name: "Copy command line" }).click();
  await page.getByText("The command line was copied.").waitFor();
  const command = await page.evaluate<string>("navigator.clipboard.readText()");
  expect(command).toMatch(/^coinage train --run vexla --token_string vexla .* --recipe auto .*--row_average 0.98/);
  await page.getByRole("button", { name: "Reset row_average" }).click();
  await page.getByText("1 changed").waitFor({ state: "detached" });
});

test("what would take less is worked out when asked, and one click applies it", async () => {
  const { page } = await withPictures();
  await page.getByLabel("The new word").fill("vexla");
  await page.getByText(/^75 steps × \d+/).waitFor();
  await page.getByText("What would take less").click();
  const ways = page.getByRole("list", { name: "What would take less" });
  await ways.getByRole("button", { name: "Make half the steps, 38" }).waitFor();
  await lookAt(page, "new-cheaper");
  await ways.getByRole("button", { name: "Make half the steps, 38" }).click();
  await page.getByText(/^38 steps × \d+/).waitFor();
});

test("what is typed while the studio is away is saved as soon as it is back", async () => {
  const away = await startStudio({ home: temporaryFolder() });
  const { page } = await visit(away);
  await page.goto(`${away.address}new`);
  await page.getByRole("radio", { name: /tiny-sd/ }).waitFor();
  await saving(page, () => page.getByLabel("The new word").fill("vexla"));
  await page.waitForURL(/draft=/);
  await away.close();
  await page.getByLabel("Starts from").fill("ring");
  await page.getByText("The studio does not answer.").first().waitFor();
  await saving(page, () => startStudio({ home: away.home, port: Number(new URL(away.address).port) }));
  await page.reload();
  await expect.poll(() => page.getByLabel("Starts from").inputValue()).toBe("ring");
});

test("a run that is made again brings its settings, pictures and captions", async () => {
  const { page } = await visit(studio);
  await page.getByRole("button", { name: /^Again with changes.*ringx1/ }).click();
  await expect.poll(() => pictures(page).count()).toBe(5);
  await page.getByText("Settings, pictures and captions are those of").waitFor();
  expect(await page.getByLabel("The new word").inputValue()).toBe("ringx1");
  expect(await page.getByLabel("Draw while training").inputValue()).toBe("a photo of ringx1 --w 64 --h 64 --s 2");
  await page.getByText(/^4 steps × \d+/).waitFor();
});

test("where models cannot be listed the page says so, and looks again", async () => {
  const { page, context } = await visit(studio);
  await context.route("**/api/models", (route) => route.abort(), { times: 1 });
  await page.goto(`${studio.address}new`);
  await page.getByRole("alert").getByText("The studio does not answer.").waitFor();
  await page.getByRole("alert").getByRole("button", { name: "Look again" }).click();
  await page.getByRole("radio", { name: /tiny-sd/ }).waitFor();
  expect(await page.getByRole("alert").count()).toBe(0);
});

test("a draft that is gone says so and leads to a new word", async () => {
  const { page } = await visit(studio);
  await page.goto(`${studio.address}new?draft=nothinghere`);
  await page.getByText("This draft cannot be opened").waitFor();
  await page.getByRole("link", { name: "Begin a new word" }).click();
  await page.getByText("Drop pictures or a folder here").waitFor();
});
