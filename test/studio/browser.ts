import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, expect } from "vitest";
import { endRuns } from "./end-runs.ts";
import { type Launch, launchBrowser, launchStudio, type OpenStudio } from "./launch.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));

/** Screenshots for human eyes, from the last run of the tests. */
const screens = path.join(repository, "test/studio/screens");

/** A folder that is removed at the end of the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), "coinage-page-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Starts a studio that is ended with the test file, and its runs with it. */
export async function startStudio(launch: Launch): Promise<OpenStudio> {
  const studio = await launchStudio(launch);
  afterAll(async () => {
    await studio.close("SIGKILL");
    await endRuns(launch.home);
  });
  return studio;
}

/** Sends a request to a studio, as a program with its key. */
export async function askStudio<Answer>(
  { address, entrance }: OpenStudio,
  method: string,
  target: string,
  body?: object,
): Promise<Answer> {
  const key = new URL(entrance).searchParams.get("k");
  const answer = await fetch(new URL(target, address), {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as Answer;
}

let browser: Promise<Browser> | undefined;

/** The browser of the tests. */
function openBrowser(): Promise<Browser> {
  browser ??= launchBrowser().then((launched) => {
    afterAll(() => launched.close());
    return launched;
  });
  return browser;
}

/** A browser window; requests to other machines are refused. */
export interface Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly strangers: readonly string[];
  /** Errors of the page's program or its policy. */
  readonly complaints: readonly string[];
}

/** Opens a browser window on a studio, signed in by its key. */
export async function visit(studio: OpenStudio, options: BrowserContextOptions = {}): Promise<Visitor> {
  const context = await (await openBrowser()).newContext(options);
  const [strangers, complaints]: string[][] = [[], []];
  await context.route(
    (url) => url.origin !== new URL(studio.address).origin && !/^(data|blob):/.test(url.protocol),
    (route) => {
      strangers!.push(route.request().url());
      return route.abort();
    },
  );
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints!.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource|net::/.test(message.text()))
      complaints!.push(message.text());
  });
  await page.goto(studio.entrance);
  return { page, context, strangers: strangers!, complaints: complaints! };
}

/** Saves a screenshot of a page, for human eyes. */
async function keepScreen(page: Page, name: string): Promise<void> {
  mkdirSync(screens, { recursive: true });
  // content further down is painted, and its images loaded, only when scrolled into view
  await page.evaluate(`for (const element of document.querySelectorAll("main *"))
    if (getComputedStyle(element).contentVisibility === "auto") element.style.contentVisibility = "visible";`);
  await page.evaluate(`Promise.all([...document.images].map((image) => {
    image.loading = "eager";
    return image.decode().catch(() => {});
  }))`);
  // the latest changes are painted by then; a window behind others has no frames
  await page.evaluate(`new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(resolve));
    setTimeout(resolve, 500);
  })`);
  await page.screenshot({ path: path.join(screens, `${name}.png`), fullPage: true });
}

/** The views in which a screen is checked. */
const looks = [
  { name: "light", colorScheme: "light", viewport: { width: 1100, height: 800 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1100, height: 800 } },
  { name: "phone", colorScheme: "light", viewport: { width: 320, height: 640 } },
  // a window of 1100 pixels at 200 %
  { name: "zoomed", colorScheme: "light", viewport: { width: 550, height: 400 }, deviceScaleFactor: 2 },
] as const;

/** Checks a screen in every view: saves a screenshot, nothing overflows, and axe finds nothing. */
export async function lookAt(page: Page, name: string): Promise<void> {
  const before = page.viewportSize()!;
  for (const { name: look, colorScheme, viewport } of looks) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    await keepScreen(page, `${name}-${look}`);
    const overhang = await page.evaluate<number>(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    );
    expect(overhang, `${name} ${look}: pixels over the edge`).toBeLessThanOrEqual(0);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`),
      `${name} ${look}`,
    ).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(before);
}
