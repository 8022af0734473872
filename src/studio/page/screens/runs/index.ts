/** All words: those being prepared, learned, waiting and done. */
export { RunsScreen } from "./screen.tsx";
