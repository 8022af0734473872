import { batch, computed, signal } from "@preact/signals";

/** A screen of the page. */
export type Route =
  | { readonly screen: "runs" | "new" | "unknown" }
  | { readonly screen: "run" | "compare" | "use"; readonly run: string };

const address = signal(location.pathname);

/** The query of the address, which belongs to the screen. */
export const query = signal(location.search);

function look(): void {
  batch(() => {
    address.value = location.pathname;
    query.value = location.search;
  });
}

export const route = computed(() => routeOf(address.value));

/** The route of an address. */
export function routeOf(path: string): Route {
  if (path === "/") return { screen: "runs" };
  if (path === "/new") return { screen: "new" };
  const [, run, part] = /^\/run\/([^/]+)(?:\/(compare|use))?\/?$/.exec(path) ?? [];
  const id = run === undefined ? undefined : decoded(run);
  return id === undefined ? { screen: "unknown" } : { screen: (part ?? "run") as "run" | "compare" | "use", run: id };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The address of a run's screen. */
export function runAddress(run: string, screen: "run" | "compare" | "use" = "run"): string {
  return `/run/${encodeURIComponent(run)}${screen === "run" ? "" : `/${screen}`}`;
}

/** Shows another screen. */
export function go(target: string): void {
  history.pushState(undefined, "", target);
  look();
  window.scrollTo(0, 0);
}

/** Handles links within the page, and back and forward, without reloading it. */
export function followLinks(): void {
  window.addEventListener("popstate", look);
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !isPlain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || routeOf(link.pathname).screen === "unknown") return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}
