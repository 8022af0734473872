/** The machine's power during long work: sleep and battery. */

export { isOnBattery } from "./battery.ts";
export { keepAwake } from "./keep-awake.ts";
