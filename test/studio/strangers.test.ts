import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { BrowserContext } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { writtenRun } from "../written-run.ts";
import { startStudio, temporaryFolder, visit } from "./browser.ts";

const home = temporaryFolder();
const run = await writtenRun(path.join(home, "runs"), "secret");
const studio = await startStudio({ home });

/** Another program on this machine that serves pages: browsers consider it the same site as the studio. */
const stranger = createServer((_, answer) => {
  answer.setHeader("content-type", "text/html").end("<!doctype html><title>a page like any other</title>");
});
await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
afterAll(() => stranger.close());
const { port } = stranger.address() as AddressInfo;

/** A foreign page in the browser that is signed in to the studio. */
async function strangersPage(context: BrowserContext, name: "127.0.0.1" | "localhost") {
  // windows of `visit` refuse other hosts
  await context.unrouteAll();
  const page = await context.newPage();
  await page.goto(`http://${name}:${port}/`);
  return page;
}

const actions = [
  ["GET", "/api/runs", undefined],
  ["GET", "/api/state", undefined],
  ["POST", `/api/runs/${run.id}/stop`, "{}"],
  ["DELETE", `/api/runs/${run.id}`, undefined],
  ["PUT", "/api/drafts/stranger1/pictures/a.png", "bytes"],
] as const;

test.each(["127.0.0.1", "localhost"] as const)(
  "a page of another port, at %s, can neither read nor do anything, though the browser has the key",
  async (name) => {
    const { context } = await visit(studio);
    const page = await strangersPage(context, name);
    for (const [method, target, body] of actions)
      for (const mode of ["cors", "no-cors"] as const) {
        const seen = await page.evaluate<string>(
          `fetch(${JSON.stringify(new URL(target, studio.address).href)}, ${JSON.stringify({ method, mode, credentials: "include", ...(body && { body }) })})
            .then((answer) => answer.text().then((text) => answer.type + " " + text), (error) => "failed")`,
        );
        expect(seen, `${mode} ${method} ${target}`).toMatch(/^(failed|opaque )$/);
      }
    // requests that a page can send without a script: forms, images, frames, streams
    const outcome = await page.evaluate<Record<string, string>>(`(async () => {
      const address = ${JSON.stringify(studio.address)};
      const loaded = (element, source) => new Promise((resolve) => {
        element.onload = () => resolve("loaded");
        element.onerror = () => resolve("failed");
        element.src = source;
        document.body.append(element);
      });
      const heard = () => new Promise((resolve) => {
        const stream = new EventSource(address + "api/events", { withCredentials: true });
        stream.onopen = () => resolve("heard");
        stream.onerror = () => resolve("failed");
      });
      return {
        image: await loaded(new Image(), address + "assets/icon.svg"),
        script: await loaded(document.createElement("script"), address + "api/runs"),
        stream: await heard(),
      };
    })()`);
    expect(outcome).toEqual({ image: "failed", script: "failed", stream: "failed" });
    const refused = page.waitForResponse((answer) => answer.url().includes("/stop"));
    await page.evaluate(`(() => {
      const form = document.createElement("form");
      Object.assign(form, { method: "POST", enctype: "text/plain", action: ${JSON.stringify(`${studio.address}api/runs/${run.id}/stop`)} });
      document.body.append(form);
      form.submit();
    })()`);
    expect((await refused).status()).toBe(403);
    // the run exists, and received no command
    const own = await visit(studio);
    await own.page.getByRole("link", { name: "secret", exact: true }).waitFor();
    await own.page.getByText("stopping", { exact: true }).waitFor({ state: "detached" });
  },
);

test("the studio cannot be shown in a frame of another page", async () => {
  const { context } = await visit(studio);
  const page = await strangersPage(context, "127.0.0.1");
  const refused = page.waitForEvent("console", (message) => /frame/i.test(message.text()));
  await page.evaluate(`(() => {
    const frame = document.createElement("iframe");
    frame.src = ${JSON.stringify(studio.address)};
    document.body.append(frame);
  })()`);
  expect((await refused).text()).toMatch(/frame-ancestors|refused|403/i);
});
