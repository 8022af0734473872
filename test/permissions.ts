/** Runs a function as an ordinary user, whom file permissions bind: root becomes "nobody" meanwhile. */
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

/** Windows has no such permissions. */
export const hasPermissions = process.platform !== "win32";
