import type { ErrorCode } from "../errors/index.ts";

export const exitCodes = { done: 0, error: 1, usage: 2, interrupted: 130 } as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Mistakes in the command line itself, told apart from all others as argparse does. */
export const usageErrors: readonly ErrorCode[] = ["USAGE", "SETTINGS_MISSING"];

/** Codes that no user's mistake leads to. */
export const internalErrors: readonly ErrorCode[] = ["FEED", "NOT_DIFFERENTIABLE", "SHAPE"];
