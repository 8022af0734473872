/** What the machine's power does to long work: sleep, and batteries. */

export { isOnBattery } from "./battery.ts";
export { keepAwake } from "./keep-awake.ts";
