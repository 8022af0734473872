import { describe, expect, test } from "vitest";
import { codeOf, studioRoutes } from "../../../test/studio.ts";

const { ask, key, csrf } = studioRoutes({ allowedHosts: ["box.local:7788"] });

async function cookieOf(): Promise<string> {
  const answer = await ask("GET", `/?k=${key}`, { headers: { authorization: undefined, "sec-fetch-site": "none" } });
  return answer.headers.get("set-cookie")!.split(";")[0]!;
}
const cookie = await cookieOf();

const page = "/";
const state = "/api/state";
const draft = "/api/drafts/abcdef";
const evil = "http://evil.example";
const own = "http://127.0.0.1:7788";
/** Headers of the page's own requests. */
const ofPage = { authorization: undefined, "sec-fetch-site": "same-origin", cookie };

/** [description, method, path, headers, status, code] */
type Row = readonly [string, string, string, Readonly<Record<string, string | undefined>>, number, string?];

const hosts: readonly Row[] = [
  ["its own address", "GET", state, {}, 200],
  ["localhost", "GET", state, { host: "localhost:7788" }, 200],
  ["localhost in capitals", "GET", state, { host: "LOCALHOST:7788" }, 200],
  ["IPv6", "GET", state, { host: "[::1]:7788" }, 200],
  ["an allowed name", "GET", state, { host: "box.local:7788" }, 200],
  ["no host", "GET", state, { host: undefined }, 403, "HOST_REFUSED"],
  ["a name an attacker lets point here", "GET", state, { host: "evil.example:7788" }, 403, "HOST_REFUSED"],
  ["the same for the page itself", "GET", page, { host: "evil.example:7788" }, 403, "HOST_REFUSED"],
  ["a name that begins like ours", "GET", state, { host: "localhost.evil.example:7788" }, 403, "HOST_REFUSED"],
  ["a name that ends like ours", "GET", state, { host: "evil.example#localhost:7788" }, 403, "HOST_REFUSED"],
  ["a user in the host", "GET", state, { host: "localhost:7788@evil.example" }, 403, "HOST_REFUSED"],
  ["another port", "GET", state, { host: "localhost:7789" }, 403, "HOST_REFUSED"],
  ["no port", "GET", state, { host: "localhost" }, 403, "HOST_REFUSED"],
  ["two hosts", "GET", state, { host: "localhost:7788, evil.example" }, 403, "HOST_REFUSED"],
  ["all addresses", "GET", state, { host: "0.0.0.0:7788" }, 403, "HOST_REFUSED"],
  ["another loopback address", "GET", state, { host: "127.0.0.2:7788" }, 403, "HOST_REFUSED"],
  ["a dot at the end", "GET", state, { host: "localhost.:7788" }, 403, "HOST_REFUSED"],
];

const origins: readonly Row[] = [
  ["the page", "GET", state, ofPage, 200],
  ["the page, with its origin", "GET", state, { ...ofPage, origin: own }, 200],
  ["the page under its other name", "GET", state, { ...ofPage, origin: "http://localhost:7788" }, 200],
  ["the address bar, for the page", "GET", page, { authorization: undefined, "sec-fetch-site": "none" }, 200],
  ["a program without the header, for the page", "GET", page, { authorization: undefined }, 200],
  ["the address bar, for data", "GET", state, { ...ofPage, "sec-fetch-site": "none" }, 403, "ORIGIN_REFUSED"],
  ["another port of this machine", "GET", state, { ...ofPage, "sec-fetch-site": "same-site" }, 403, "ORIGIN_REFUSED"],
  ["another site", "GET", state, { ...ofPage, "sec-fetch-site": "cross-site" }, 403, "ORIGIN_REFUSED"],
  ["another site, with the key", "GET", state, { "sec-fetch-site": "cross-site" }, 403, "ORIGIN_REFUSED"],
  ["another site's link to the page", "GET", page, { "sec-fetch-site": "cross-site" }, 403, "ORIGIN_REFUSED"],
  ["another site's link with the key", "GET", `/?k=${key}`, { "sec-fetch-site": "cross-site" }, 403, "ORIGIN_REFUSED"],
  [
    "another origin, of an old browser",
    "GET",
    state,
    { ...ofPage, "sec-fetch-site": undefined, origin: evil },
    403,
    "ORIGIN_REFUSED",
  ],
  ["its own origin, of an old browser", "GET", state, { ...ofPage, "sec-fetch-site": undefined, origin: own }, 200],
  ["headers that contradict each other", "GET", state, { ...ofPage, origin: evil }, 403, "ORIGIN_REFUSED"],
  [
    "a sandboxed frame or a file",
    "GET",
    state,
    { ...ofPage, "sec-fetch-site": undefined, origin: "null" },
    403,
    "ORIGIN_REFUSED",
  ],
  [
    "an origin of another port",
    "POST",
    `${draft}/check`,
    { ...ofPage, origin: "http://127.0.0.1:3000", "x-coinage": csrf },
    403,
    "ORIGIN_REFUSED",
  ],
  ["a cookie alone, as curl would send it", "GET", state, { authorization: undefined, cookie }, 403, "ORIGIN_REFUSED"],
  ["an unknown value", "GET", state, { ...ofPage, "sec-fetch-site": "SAME-ORIGIN " }, 403, "ORIGIN_REFUSED"],
];

const keys: readonly Row[] = [
  ["no key", "GET", state, { ...ofPage, cookie: undefined }, 401, "KEY_MISSING"],
  ["a wrong cookie", "GET", state, { ...ofPage, cookie: "coinage_7788=x" }, 401, "KEY_MISSING"],
  [
    "the cookie of a studio at another port",
    "GET",
    state,
    { ...ofPage, cookie: cookie.replace("7788", "7789") },
    401,
    "KEY_MISSING",
  ],
  [
    "the key in the place of the cookie",
    "GET",
    state,
    { ...ofPage, cookie: `coinage_7788=${key}` },
    401,
    "KEY_MISSING",
  ],
  [
    "the cookie in the place of the key",
    "GET",
    state,
    { authorization: `Bearer ${cookie.split("=")[1]}` },
    401,
    "KEY_MISSING",
  ],
  ["a wrong key", "GET", state, { authorization: `Bearer ${"b".repeat(43)}` }, 401, "KEY_MISSING"],
  ["the beginning of the key", "GET", state, { authorization: `Bearer ${key.slice(0, 42)}` }, 401, "KEY_MISSING"],
  ["a wrong key beside the right cookie", "GET", state, { ...ofPage, authorization: "Bearer x" }, 401, "KEY_MISSING"],
  ["the key by another scheme", "GET", state, { authorization: `Basic ${key}` }, 401, "KEY_MISSING"],
  ["the key in the address of data", "GET", `${state}?k=${key}`, { ...ofPage, cookie: undefined }, 401, "KEY_MISSING"],
  ["a wrong key in the address of the page", "GET", "/?k=wrong", { "sec-fetch-site": "none" }, 401, "KEY_MISSING"],
];

const changes: readonly Row[] = [
  ["the page with the header", "DELETE", draft, { ...ofPage, "x-coinage": csrf }, 404, "DRAFT_UNKNOWN"],
  ["a program with the key", "DELETE", draft, {}, 404, "DRAFT_UNKNOWN"],
  ["no header", "DELETE", draft, ofPage, 403, "CSRF_MISSING"],
  ["a wrong header", "DELETE", draft, { ...ofPage, "x-coinage": "1" }, 403, "CSRF_MISSING"],
  ["the key as header", "DELETE", draft, { ...ofPage, "x-coinage": key }, 403, "CSRF_MISSING"],
  ["a form's POST", "POST", `${draft}/check`, { ...ofPage, "content-type": "text/plain" }, 403, "CSRF_MISSING"],
  ["an unusual method", "PROPFIND", state, ofPage, 403, "CSRF_MISSING"],
  [
    "a question for permission from another origin",
    "OPTIONS",
    draft,
    { authorization: undefined, origin: evil, "access-control-request-method": "PUT", "sec-fetch-site": "cross-site" },
    403,
    "ORIGIN_REFUSED",
  ],
];

describe.each([
  ["asked under", hosts],
  ["asked from", origins],
  ["asked with", keys],
  ["changed by", changes],
])("the studio, %s", (_, rows) => {
  for (const [name, method, path, headers, status, code] of rows)
    test(`${name}: ${status} for ${method} ${path.replace(key, "KEY")}`, async () => {
      const answer = await ask(method, path, { headers });
      expect(answer.status).toBe(status);
      if (code !== undefined) expect(await codeOf(answer)).toBe(code);
    });
});

test("the key in the address becomes a cookie that scripts and other sites cannot have, and leaves the address", async () => {
  const answer = await ask("GET", `/?k=${key}`, { headers: { authorization: undefined, "sec-fetch-site": "none" } });
  expect(answer.status).toBe(303);
  expect(answer.headers.get("location")).toBe("/");
  const set = answer.headers.get("set-cookie")!;
  expect(set).toMatch(/^coinage_7788=[\w-]{43}; .*HttpOnly/);
  expect(set).toContain("SameSite=Strict");
  expect(set).not.toContain(key);
});

test("a ticket opens the page once", async () => {
  const open = () => ask("GET", "/?k=ticket", { headers: { authorization: undefined, "sec-fetch-site": "none" } });
  expect((await open()).status).toBe(303);
  expect((await open()).status).toBe(401);
});

test("no answer, a refusal neither, lets another origin read it, is framed, sniffed or kept", async () => {
  for (const answer of [
    await ask("GET", page),
    await ask("GET", state),
    await ask("GET", "/api/nothing"),
    await ask("GET", state, { headers: { host: "evil.example", origin: evil } }),
    await ask("OPTIONS", state, { headers: { origin: evil } }),
  ]) {
    const { headers } = answer;
    expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
    expect(headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("cache-control")).toBe("no-store");
  }
});

test("the page has no data in it, and the key is told to nobody", async () => {
  const texts = [await ask("GET", page), await ask("GET", state)].map((answer) => answer.text());
  for (const text of await Promise.all(texts)) expect(text).not.toContain(key);
  expect(await (await ask("GET", page)).text()).not.toContain(csrf);
});
