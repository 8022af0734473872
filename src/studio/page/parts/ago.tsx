import { signal } from "@preact/signals";
import { agoText } from "./format.ts";

/** How often ages are told anew, in milliseconds: also when the machine has slept or its clock was set. */
const tellMs = 20_000;

const now = signal(Date.now());
setInterval(() => {
  now.value = Date.now();
}, tellMs);

/** How long ago something was, as long as it is shown. */
export function Ago({ ms }: { ms: number }) {
  return <>{agoText(ms, now.value)}</>;
}
