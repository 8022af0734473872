import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

/** A key binding. */
export interface Binding {
  /** "n", "Escape", " ", or two after each other: "g r". */
  readonly keys: string;
  /** Its text in the list of keys. */
  readonly does: string;
  readonly run: () => void;
}

/** All bindings in effect, those of the innermost screen last. */
export const bindings = signal<readonly Binding[]>([]);

/** Longest time between the two keys of a sequence, in milliseconds. */
const pairMs = 1200;

/** Binds keys while the component is shown. Except for Escape they do nothing while a text is typed, and never with Ctrl, Alt or Meta. */
export function useKeys(own: readonly Binding[]): void {
  const latest = useRef(own);
  latest.current = own;
  const names = own.map(({ keys, does }) => `${keys}\t${does}`).join("\n");
  // actions are looked up when a key is pressed, so only new names rebind; a layout effect, so that keys work as soon as the screen is seen
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

/** Whether a control with the focus uses the key itself: Space and Enter press it, arrows move in it. */
function isOfControl(key: string, target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (key === " " || key === "Enter")
    return target.closest("button, a, input, summary, [role=option], [role=menuitem]") !== null;
  return key.startsWith("Arrow") && target.closest("input, [role=listbox], [role=menu], [role=slider]") !== null;
}

/** Listens for keys as long as the page is open. */
export function listenForKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    // Escape only closes an open dialog
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
