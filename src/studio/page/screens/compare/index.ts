/** Comparing what a word looks like at its steps. */
export { CompareScreen } from "./screen.tsx";
