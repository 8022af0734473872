/** Runs as an ordinary user does, whom permissions of files bind: root for its time becomes "nobody". */
export async function withoutPrivileges<Result>(run: () => Promise<Result>): Promise<Result> {
  const nobody = 65534;
  if (process.geteuid?.() !== 0) return run();
  process.setegid?.(nobody);
  process.seteuid?.(nobody);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

/** Windows has no permissions of this kind. */
export const hasPermissions = process.platform !== "win32";
