/** Using a word: drawing with it, writing it for other programs. */
export { UseScreen } from "./screen.tsx";
