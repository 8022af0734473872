import { homedir } from "node:os";

/** The user's home; undefined for a user without one, as in containers that run under a bare number. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}
