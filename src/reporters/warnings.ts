interface Warning {
  readonly code: string;
  readonly message: string;
}

export interface CountedWarning extends Warning {
  readonly count: number;
}

export function warningLine({ code, message }: Warning): string {
  return `warning ${code}: ${message}`;
}

/** All warnings of a run once more at its end, those that came several times with their count. */
export function summaryOfWarnings(warnings: readonly CountedWarning[]): string[] {
  if (warnings.length === 0) return [];
  const title = warnings.length === 1 ? "1 warning:" : `${warnings.length} warnings:`;
  return [
    "",
    title,
    ...warnings.map(({ code, message, count }) => `  ${code}${count > 1 ? ` (${count} times)` : ""}: ${message}`),
  ];
}
