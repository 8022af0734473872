import { CoinageError } from "./error.ts";

const otherPlace = "Choose another place, or change the permissions of this one.";

/** What the system's words mean, and what to do. */
const refusals: Readonly<Record<string, readonly [meaning: string, hint: string]>> = {
  EACCES: ["it may not be used by this user", otherPlace],
  EPERM: ["it may not be used by this user", otherPlace],
  EROFS: ["the disk may only be read", "Choose a place on another disk, or make this one writable."],
  ENOSPC: ["there is no room on the disk", "Make room, or choose a place on another disk."],
  EDQUOT: ["this user's share of the disk is used up", "Make room, or choose a place on another disk."],
  EFBIG: ["the file is longer than the disk or a limit allows", "Choose a place on another disk; see also ulimit -f."],
  EMFILE: ["too many files are open", "Allow more of them: ulimit -n 4096"],
  ENFILE: ["too many files are open on this machine", "Close other programs."],
  ENAMETOOLONG: ["the name is longer than the disk allows", "Choose a shorter name."],
  ENOENT: ["it is not there", "It may have been moved or deleted meanwhile: bring it back and run it again."],
  ENOTDIR: ["a part of the path is a file and not a folder", "Choose another place, or move that file away."],
  EEXIST: ["something else has that name", "Choose another place, or move it away."],
  EISDIR: ["it is a folder", "Choose another name, or move the folder away."],
  ELOOP: ["links in the path lead in a circle", "Mend the links."],
  ENXIO: ["it is a pipe or a device with nobody behind it", "Start what reads from it first, or choose another place."],
  EBUSY: ["another program uses it", "Close that program, or choose another place."],
  EIO: ["the disk cannot be read or written", "Look at the disk's health, and choose a place on another one."],
  ESTALE: ["the network folder was changed or taken away", "Mount it again, or choose another place."],
  EAGAIN: ["there are too many threads or processes", "Allow more of them (ulimit -u), or close other programs."],
};

/** The same for calls that are about no path. */
const refusedCalls: Readonly<Record<string, readonly [meaning: string, hint: string]>> = {
  uv_os_homedir: ["this user has no home folder", "Set HOME to a folder that this user may write to."],
  uv_cwd: ["the folder you stand in is gone", "Change to another folder: cd"],
};

const memoryHint = [
  "Close other programs, or take less: --gradient_checkpointing, a smaller --train_batch_size or --resolution; of generate a smaller --batch_size, --W and --H.",
  "coinage plan says what a training run needs. Limits of the shell (ulimit -v) and of Node (--max-old-space-size) count, too.",
].join("\n");

/** What the machine refused, as a mistake with a remedy: the last net for what nobody nearer to the place has named. Undefined for anything else. */
export function machineProblem(error: unknown): CoinageError | undefined {
  if (!(error instanceof Error)) return undefined;
  const text = `${error.name} ${error.message}`;
  if (isThreadMessage(text)) return tooManyThreads(error);
  if (isMemoryMessage(text)) return outOfMemory(error.message, error);
  const facts = systemFactsOf(error);
  const { code, syscall, path } = facts;
  if (code === undefined || syscall === undefined) return undefined;
  const [meaning, hint = otherPlace] = refusalOf(facts);
  const subject = path === undefined ? "The system refused what the program needs" : `${path} cannot be used`;
  const reason = meaning === undefined ? `${code}, ${syscall}` : `${meaning} (${code}, ${syscall})`;
  return new CoinageError("SYSTEM_REFUSED", `${subject}: ${reason}.`, { hint, cause: error });
}

/** Why the system refused something, for a sentence about a place: "there is no room on the disk (ENOSPC)". Errors of ours are asked for their cause. */
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

/** what: how the machine put it. */
export function outOfMemory(what: string, cause?: unknown): CoinageError {
  const line = what.split("\n", 1)[0]!.trim();
  const shown = line.length <= 160 ? line : `${line.slice(0, 157)}...`;
  return new CoinageError("OUT_OF_MEMORY", `The memory does not suffice (${shown}).`, { hint: memoryHint, cause });
}

/** Whether an error's text, of V8, Node, ONNX Runtime or a driver, tells of too little memory. */
export function isMemoryMessage(text: string): boolean {
  return /bad[_ ]alloc|alloc\w* (memory|failed)|allocation fail|(fail\w*|unable|cannot) (to )?(re)?allocate|out[ _]?of[ _]?memory|memory limit|not enough memory|failed to map segment|ENOMEM|BFCArena/i.test(
    text,
  );
}

/** Whether an error's text tells that the system gave no further thread. */
export function isThreadMessage(text: string): boolean {
  return /pthread_create failed|ERR_WORKER_INIT_FAILED|worker initialization failure/i.test(text);
}

export function tooManyThreads(cause: unknown): CoinageError {
  return new CoinageError("SYSTEM_REFUSED", "The system gives the program no more threads.", {
    hint: "Take fewer of them (--threads 1), allow more (ulimit -u; in a container the limit on processes), or close other programs.",
    cause,
  });
}

interface SystemFacts {
  readonly code?: string;
  readonly syscall?: string;
  readonly path?: string;
}

/** Node keeps what libuv's own functions refuse (`os.homedir()`) one level deeper. */
function systemFactsOf(error: Error): SystemFacts {
  const { info } = error as { info?: unknown };
  const facts = (typeof info === "object" && info !== null && "syscall" in info ? info : error) as SystemFacts;
  return typeof facts.code === "string" && /^E[A-Z\d]+$/.test(facts.code) ? facts : {};
}
