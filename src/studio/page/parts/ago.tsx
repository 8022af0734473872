import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { agoText } from "./format.ts";

/** How often ages are updated, in milliseconds; this also covers sleep and changes of the clock. */
const tellMs = 20_000;

const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, tellMs);

/** How long ago something was, kept up to date. */
export function Ago({ ms }: { ms: number }) {
  return <>{agoText(ms, now.value)}</>;
}

/** Whole seconds since a time, updated every second; undefined if the time is. */
export function useSecondsSince(ms: number | undefined): number | undefined {
  const [passed, setPassed] = useState(0);
  useEffect(() => {
    if (ms === undefined) return;
    const tell = () => setPassed(Math.max(0, Math.floor((Date.now() - ms) / 1000)));
    tell();
    const ticking = setInterval(tell, 1000);
    return () => clearInterval(ticking);
  }, [ms]);
  return ms === undefined ? undefined : passed;
}
