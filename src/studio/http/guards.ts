import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { CoinageError, type ErrorCode } from "../../errors/index.ts";
import { answerProblem } from "./problems.ts";

/** What the guards know. */
export interface Keys {
  /** Port that the server listens on. */
  readonly port: number;
  /** The key of this studio, which its address and scripts carry. */
  readonly key: string;
  /** Further values of the Host header that are its own, with their port unless it is the usual one. */
  readonly allowedHosts: readonly string[];
  /** Exchanges a ticket, which works once, for access. */
  readonly useTicket: (ticket: string) => boolean;
}

/** What the page sends in `x-coinage` with everything that is not a GET: made from the key, so that open tabs outlive a restart. */
export function csrfOf(key: string): string {
  return derived(key, "csrf");
}

/** Value of the cookie. Cookies ignore ports, so other servers of this machine see it: it does not tell the key. */
function cookieOf(key: string): string {
  return derived(key, "cookie");
}

function derived(key: string, purpose: string): string {
  return createHmac("sha256", key).update(purpose).digest("base64url");
}

/** The guards before every route, in this order: Host, where the request comes from, the key, the header of what changes something.
 *  A page of another origin can pass neither the second (browsers set Sec-Fetch-Site themselves) nor the fourth (it would need permission that
 *  no answer here gives); a name that an attacker lets point to this machine does not pass the first. */
export function guards(keys: Keys): MiddlewareHandler {
  const hosts = new Set([...ownHosts(keys.port), ...keys.allowedHosts.map((host) => host.toLowerCase())]);
  const origins = new Set([...hosts].flatMap((host) => [`http://${host}`, `https://${host}`]));
  const [csrf, cookie] = [csrfOf(keys.key), cookieOf(keys.key)];
  return async (c, next) => {
    secureHeaders(c);
    const refused = (code: ErrorCode) => answerProblem(c, refusal(code));
    const isReading = c.req.method === "GET" || c.req.method === "HEAD";
    const isShell = isReading && !isApi(c.req.path);
    if (!hosts.has((c.req.header("host") ?? "").toLowerCase())) return refused("HOST_REFUSED");

    const authorization = c.req.header("authorization");
    if (!comesFromHere(c, origins, isShell, authorization !== undefined)) return refused("ORIGIN_REFUSED");

    const hasBearer = authorization !== undefined && isSame(authorization, `Bearer ${keys.key}`);
    const hasCookie = isSame(getCookie(c, cookieName(keys.port)) ?? "", cookie);
    if (!isShell && !hasBearer && (authorization !== undefined || !hasCookie)) return refused("KEY_MISSING");
    if (!isReading && !hasBearer && !isSame(c.req.header("x-coinage") ?? "", csrf)) return refused("CSRF_MISSING");
    return next();
  };
}

/** Values of the Host header of a server on this machine. Browsers leave out the port where it is the usual one. */
function ownHosts(port: number): string[] {
  const names = ["127.0.0.1", "localhost", "[::1]"];
  return [...names.map((name) => `${name}:${port}`), ...(port === 80 ? names : [])];
}

/** Whether an address is one that tells or changes something, and not of the page itself. */
export function isApi(path: string): boolean {
  return path === "/api" || path.startsWith("/api/");
}

/** Whether a request comes from a page of this studio, from the address bar (the page itself only), or from a program with the key.
 *  "same-site" is not enough: to browsers every port of this machine is the same site. */
function comesFromHere(c: Context, origins: ReadonlySet<string>, isShell: boolean, isProgram: boolean): boolean {
  const [site, origin] = [c.req.header("sec-fetch-site"), c.req.header("origin")];
  if (origin !== undefined && !origins.has(origin.toLowerCase())) return false;
  if (site !== undefined) return site === "same-origin" || (isShell && site === "none");
  return origin !== undefined || isShell || isProgram;
}

function cookieName(port: number): string {
  return `coinage_${port}`;
}

/** For the page itself: `?k=KEY` or `?k=TICKET` becomes a cookie, and the address is freed of it. Undefined without such. */
export function letIn(c: Context, keys: Keys): Response | undefined {
  const given = c.req.query("k");
  if (given === undefined) return undefined;
  if (!isSame(given, keys.key) && !keys.useTicket(given)) return answerProblem(c, refusal("KEY_MISSING"));
  setCookie(c, cookieName(keys.port), cookieOf(keys.key), {
    path: "/",
    httpOnly: true,
    sameSite: "Strict",
    maxAge: cookieSeconds,
  });
  return c.redirect("/", 303);
}

/** The longest that browsers keep a cookie, so that a bookmark works tomorrow, too. */
const cookieSeconds = 400 * 24 * 3600;

/** Compares in a time that does not tell how much of it was right. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** Nothing but what this server serves is loaded or asked, nothing frames the page, no address of it is told to others. */
const policy = [
  "default-src 'self'",
  "img-src 'self' blob:",
  "object-src 'none'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

function secureHeaders(c: Context): void {
  c.header("Content-Security-Policy", policy);
  c.header("X-Content-Type-Options", "nosniff");
  c.header("Referrer-Policy", "no-referrer");
  c.header("Cross-Origin-Opener-Policy", "same-origin");
  c.header("Cross-Origin-Resource-Policy", "same-origin");
  c.header("Cache-Control", "no-store");
}

function refusal(code: ErrorCode): CoinageError {
  const [message, hint] = refusals[code]!;
  return new CoinageError(code, message, { hint });
}

const refusals: Partial<Record<ErrorCode, readonly [message: string, hint: string]>> = {
  HOST_REFUSED: [
    "The studio was asked under a name that is not its own.",
    "Open the address that it printed. For another name of this machine start it with --allow_host NAME:PORT.",
  ],
  ORIGIN_REFUSED: [
    "The request comes from another page than the studio's.",
    "Type the studio's address, or open its bookmark. A program sends the key as Authorization: Bearer KEY.",
  ],
  KEY_MISSING: [
    "The studio's key is missing or wrong, so the request may be anybody's.",
    "Open the address that `coinage studio` prints; run it again to see it.",
  ],
  CSRF_MISSING: [
    "The header x-coinage is missing or wrong, so the request may come from another page.",
    "Reload the page. A program reads the value from /api/state, or sends the key as Authorization: Bearer KEY.",
  ],
};
