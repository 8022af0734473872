import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

/** What a key does. */
export interface Binding {
  /** "n", "Escape", " ", or two after each other: "g r". */
  readonly keys: string;
  /** In the list of keys. */
  readonly does: string;
  readonly run: () => void;
}

/** All that keys do now, those of the innermost screen last. */
export const bindings = signal<readonly Binding[]>([]);

/** Two keys that belong together come within this time, in milliseconds. */
const pairMs = 1200;

/** Binds keys as long as the component is shown. They do nothing while a text is typed, except Escape, or with Ctrl, Alt or Meta. */
export function useKeys(own: readonly Binding[]): void {
  const latest = useRef(own);
  latest.current = own;
  const names = own.map(({ keys, does }) => `${keys}\t${does}`).join("\n");
  // what a key does is looked up when it is pressed: only a change of names is a change; keys live as soon as their screen is seen
  useLayoutEffect(() => {
    const mine = latest.current.map(({ keys, does }, i) => ({ keys, does, run: () => latest.current[i]?.run() }));
    bindings.value = [...bindings.value, ...mine];
    return () => {
      bindings.value = bindings.value.filter((one) => !mine.includes(one));
    };
  }, [names]);
}

let [first, firstAt] = ["", 0];

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    !(target instanceof HTMLInputElement && /^(checkbox|radio|button|range)$/.test(target.type))
  );
}

/** Space and Enter press what has the focus; arrows move in it. */
function isOfControl(key: string, target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (key === " " || key === "Enter")
    return target.closest("button, a, input, summary, [role=option], [role=menuitem]") !== null;
  return key.startsWith("Arrow") && target.closest("input, [role=listbox], [role=menu], [role=slider]") !== null;
}

/** Listens for keys, for as long as the page is there. */
export function listenForKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    // closes the dialog, whatever it does behind that
    if (key === "Escape" && document.querySelector("dialog[open]")) return;
    if (key !== "Escape" && (isTyping(event.target) || isOfControl(key, event.target))) return;
    const pair = performance.now() - firstAt < pairMs ? `${first} ${key}` : "";
    const found =
      bindings.value.findLast(({ keys }) => keys === pair) ?? bindings.value.findLast(({ keys }) => keys === key);
    [first, firstAt] = found ? ["", 0] : [key, performance.now()];
    if (!found) return;
    event.preventDefault();
    found.run();
  });
}
