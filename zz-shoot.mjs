import { chromium } from "playwright-core";
import { readFileSync } from "node:fs";
const [, , target, name, width = "1100", ...steps] = process.argv;
const entrance = /http:\S+/.exec(readFileSync("/tmp/updev/log", "utf8"))[0];
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await (await browser.newContext({ viewport: { width: Number(width), height: 800 }, colorScheme: process.env.DARK ? "dark" : "light" })).newPage();
page.on("console", (m) => console.log(m.type(), m.text()));
page.on("pageerror", (e) => console.log("ERR", e));
await page.goto(entrance);
await page.goto(new URL(target, entrance).href);
await page.waitForLoadState("networkidle", { timeout: 4000 }).catch(() => {});
for (const step of steps) { await eval(`(async () => { ${step} })()`); }
await page.waitForTimeout(800);
await page.screenshot({ path: `/tmp/updev/${name}.png`, fullPage: !process.env.VIEW });
await browser.close();
