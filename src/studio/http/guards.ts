import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { CoinageError, type ErrorCode } from "../../errors/index.ts";
import { answerProblem } from "./problems.ts";

/** Keys and addresses that the guards check. */
export interface Keys {
  /** Port of the server. */
  readonly port: number;
  /** The key of this studio, sent in its address and by scripts. */
  readonly key: string;
  /** Further accepted values of the Host header, with their port unless it is the default one. */
  readonly allowedHosts: readonly string[];
  /** Exchanges a ticket, which works once, for access. */
  readonly useTicket: (ticket: string) => boolean;
}

/** The value of `x-coinage` that the page sends with everything but GET: derived from the key, so that open tabs survive a restart. */
export function csrfOf(key: string): string {
  return derived(key, "csrf");
}

/** Value of the cookie. It does not reveal the key: cookies ignore ports, so other servers on this machine see it. */
function cookieOf(key: string): string {
  return derived(key, "cookie");
}

function derived(key: string, purpose: string): string {
  return createHmac("sha256", key).update(purpose).digest("base64url");
}

/** The guards before every route, in this order: Host, origin of the request, the key, the header of requests that change something.
 *  A page of another origin can pass neither the second (browsers set Sec-Fetch-Site themselves) nor the fourth (it would need CORS permission,
 *  which no answer here gives); a host name that an attacker points to this machine does not pass the first. */
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

/** Values of the Host header of a server on this machine. Browsers leave out the default port. */
function ownHosts(port: number): string[] {
  const names = ["127.0.0.1", "localhost", "[::1]"];
  return [...names.map((name) => `${name}:${port}`), ...(port === 80 ? names : [])];
}

/** Whether a path is of the API, not of the page itself. */
export function isApi(path: string): boolean {
  return path === "/api" || path.startsWith("/api/");
}

/** Whether a request comes from a page of this studio, from the address bar (for the page itself only), or from a program with the key.
 *  "same-site" is not enough: to browsers, all ports of this machine are the same site. */
function comesFromHere(c: Context, origins: ReadonlySet<string>, isShell: boolean, isProgram: boolean): boolean {
  const [site, origin] = [c.req.header("sec-fetch-site"), c.req.header("origin")];
  if (origin !== undefined && !origins.has(origin.toLowerCase())) return false;
  if (site !== undefined) return site === "same-origin" || (isShell && site === "none");
  return origin !== undefined || isShell || isProgram;
}

function cookieName(port: number): string {
  return `coinage_${port}`;
}

/** Turns `?k=KEY` or `?k=TICKET` into a cookie and redirects to the page, or refuses it. Undefined without `k`. */
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

/** The longest that browsers keep a cookie, so that bookmarks keep working. */
const cookieSeconds = 400 * 24 * 3600;

/** Compares in constant time. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}

/** Only this server is loaded from or asked, and nothing may frame the page. */
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
