import { CoinageError } from "./error.ts";

const otherPlace = "Choose another path, or change its permissions.";

/** Meaning and remedy of the system's error codes. */
const refusals: Readonly<Record<string, readonly [meaning: string, hint: string]>> = {
  EACCES: ["permission denied", otherPlace],
  EPERM: ["permission denied", otherPlace],
  EROFS: ["the disk is read-only", "Choose a path on another disk, or make this one writable."],
  ENOSPC: ["the disk is full", "Free some space, or choose a path on another disk."],
  EDQUOT: ["the disk quota is exceeded", "Free some space, or choose a path on another disk."],
  EFBIG: ["the file is larger than the disk or a limit allows", "Choose a path on another disk; see also ulimit -f."],
  EMFILE: ["too many files are open", "Raise the limit: ulimit -n 4096"],
  ENFILE: ["too many files are open on this machine", "Close other programs."],
  ENAMETOOLONG: ["the name is longer than the disk allows", "Choose a shorter name."],
  ENOENT: [
    "it does not exist",
    "It may have been moved or deleted in the meantime: restore it and run the command again.",
  ],
  ENOTDIR: ["a part of the path is a file, not a folder", "Choose another path, or move that file away."],
  EEXIST: ["something else has that name", "Choose another path, or move it away."],
  EISDIR: ["it is a folder", "Choose another name, or move the folder away."],
  ELOOP: ["the path has a circle of links", "Fix the links."],
  ENXIO: ["it is a pipe or device without a reader", "Start the reader first, or choose another path."],
  EBUSY: ["another program is using it", "Close that program, or choose another path."],
  EIO: ["the disk cannot be read or written", "Check the disk, and choose a path on another one."],
  ESTALE: ["the network folder was changed or removed", "Mount it again, or choose another path."],
  EAGAIN: ["there are too many threads or processes", "Raise the limit (ulimit -u), or close other programs."],
};

/** The same for system calls without a path. */
const refusedCalls: Readonly<Record<string, readonly [meaning: string, hint: string]>> = {
  uv_os_homedir: ["this user has no home folder", "Set HOME to a folder that this user can write to."],
  uv_cwd: ["the current folder no longer exists", "Change to another folder: cd"],
};

const memoryHint = [
  "Close other programs, or use less memory: --gradient_checkpointing, a smaller --train_batch_size or --resolution; for generate a smaller --batch_size, --W and --H.",
  "coinage plan estimates what a training run needs. Limits of the shell (ulimit -v) and of Node (--max-old-space-size) count too.",
].join("\n");

/** An error of the system as a CoinageError with a remedy: the last resort for errors not handled closer to their source. Undefined for any other error. */
export function machineProblem(error: unknown): CoinageError | undefined {
  if (!(error instanceof Error)) return undefined;
  const text = `${error.name} ${error.message}`;
  if (isThreadMessage(text)) return tooManyThreads(error);
  if (isMemoryMessage(text)) return outOfMemory(error.message, error);
  const facts = systemFactsOf(error);
  const { code, syscall, path } = facts;
  if (code === undefined || syscall === undefined) return undefined;
  const [meaning, hint = otherPlace] = refusalOf(facts);
  const subject = path === undefined ? "The system refused a request" : `${path} cannot be used`;
  const reason = meaning === undefined ? `${code}, ${syscall}` : `${meaning} (${code}, ${syscall})`;
  return new CoinageError("SYSTEM_REFUSED", `${subject}: ${reason}.`, { hint, cause: error });
}

/** Why the system refused something, for a sentence about a path: "the disk is full (ENOSPC)". For a CoinageError: why its cause did. */
export function refusalText(error: unknown): string {
  if (error instanceof CoinageError && error.cause !== undefined) return refusalText(error.cause);
  if (!(error instanceof Error)) return String(error);
  const facts = systemFactsOf(error);
  const [meaning] = refusalOf(facts);
  if (facts.code === undefined) return error.message;
  return meaning === undefined ? facts.code : `${meaning} (${facts.code})`;
}

function refusalOf({ code = "", syscall = "" }: SystemFacts): readonly [] | readonly [meaning: string, hint: string] {
  return refusedCalls[syscall] ?? refusals[code] ?? [];
}

/** An OUT_OF_MEMORY error. what: the original message. */
export function outOfMemory(what: string, cause?: unknown): CoinageError {
  const line = what.split("\n", 1)[0]!.trim();
  const shown = line.length <= 160 ? line : `${line.slice(0, 157)}...`;
  return new CoinageError("OUT_OF_MEMORY", `Out of memory (${shown}).`, { hint: memoryHint, cause });
}

/** Whether an error message of V8, Node, ONNX Runtime or a driver means that memory ran out. */
export function isMemoryMessage(text: string): boolean {
  return /bad[_ ]alloc|alloc\w* (memory|failed)|allocation fail|(fail\w*|unable|cannot) (to )?(re)?allocate|out[ _]?of[ _]?memory|memory limit|not enough memory|failed to map segment|ENOMEM|BFCArena/i.test(
    text,
  );
}

/** Whether an error message means that no more threads could be started. */
export function isThreadMessage(text: string): boolean {
  return /pthread_create failed|ERR_WORKER_INIT_FAILED|worker initialization failure/i.test(text);
}

export function tooManyThreads(cause: unknown): CoinageError {
  return new CoinageError("SYSTEM_REFUSED", "The system refused to start another thread.", {
    hint: "Use fewer threads (--threads 1), raise the limit (ulimit -u; in a container the limit on processes), or close other programs.",
    cause,
  });
}

interface SystemFacts {
  readonly code?: string;
  readonly syscall?: string;
  readonly path?: string;
}

/** Errors of libuv's own functions (`os.homedir()`) have these facts one level deeper. */
function systemFactsOf(error: Error): SystemFacts {
  const { info } = error as { info?: unknown };
  const facts = (typeof info === "object" && info !== null && "syscall" in info ? info : error) as SystemFacts;
  return typeof facts.code === "string" && /^E[A-Z\d]+$/.test(facts.code) ? facts : {};
}
