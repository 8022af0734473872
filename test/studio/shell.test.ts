import { rmSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { lookAt, startStudio, temporaryFolder, visit } from "./browser.ts";

const studio = await startStudio({ home: temporaryFolder() });

test("an empty studio says what it is for, and leads to the first word", async () => {
  const { page, strangers, complaints } = await visit(studio);
  await page.getByRole("heading", { name: "No word has been taught yet" }).waitFor();
  expect(new URL(page.url()).search).toBe("");
  await lookAt(page, "runs-empty");
  await page.keyboard.press("?");
  const keys = page.getByRole("dialog", { name: "Keys" });
  await keys.getByText("New word").waitFor();
  await page.keyboard.press("Escape");
  await keys.waitFor({ state: "detached" });
  expect({ strangers, complaints }).toEqual({ strangers: [], complaints: [] });
});

test("a browser without the key is told how to get in", async () => {
  const { page, context } = await visit(studio);
  await context.clearCookies();
  await page.reload();
  await page.getByRole("heading", { name: "The studio does not know this browser" }).waitFor();
});

test("a page whose key was changed says so, and goes on once the browser is let in again", async () => {
  const own = await startStudio({ home: temporaryFolder() });
  const { page, context } = await visit(own);
  await page.getByRole("heading", { name: "No word has been taught yet" }).waitFor();
  await own.close();
  await page.getByText(/^Not connected since/).waitFor();
  rmSync(path.join(own.home, "studio.json"));
  const { entrance } = await startStudio({ home: own.home, port: Number(new URL(own.address).port) });
  const refusal = page.getByRole("alert").filter({ hasText: "the studio's key has changed" });
  await refusal.waitFor();
  await lookAt(page, "key-changed");
  await (await context.newPage()).goto(entrance);
  await refusal.getByRole("button", { name: "Load again" }).click();
  await refusal.waitFor({ state: "detached" });
  await page.getByRole("heading", { name: "No word has been taught yet" }).waitFor();
});

test("a disk that is nearly full is told above all", async () => {
  const { page, context } = await visit(studio);
  const short = { freeBytes: 320_000_000, leaveBytes: 1_000_000_000 };
  await context.route("**/api/events*", (route) =>
    route.fulfill({ contentType: "text/event-stream", body: `event: disk\ndata: ${JSON.stringify(short)}\n\n` }),
  );
  await page.reload();
  await page.getByRole("alert").getByText("The disk is nearly full: 320 MB left.").waitFor();
  await lookAt(page, "disk-full");
});

test("an address of no screen says so", async () => {
  const { page } = await visit(studio);
  await page.goto(`${studio.address}run/nothing/at/all`);
  await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
});
