/** The start screen: all drafts and runs. */
export { RunsScreen } from "./screen.tsx";
