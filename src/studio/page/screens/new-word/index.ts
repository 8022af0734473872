/** Preparing a word that is to be learned. */
export { NewWordScreen } from "./screen.tsx";
