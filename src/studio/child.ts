import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CoinageError } from "../errors/index.ts";

interface ChildOptions {
  /** URL of a module beside the script, and the script's name without extension. */
  readonly beside: string;
  readonly script: string;
  /** How long the process may be silent while it has a question, in milliseconds. */
  readonly patienceMs: number;
  /** Makes the error for a question if the process ends before answering it. errors: the end of its stderr. */
  readonly failed: (reason: string, errors: string) => CoinageError;
}

/** A message of the process: news of its work, then an answer or a bug. */
interface Said {
  readonly id?: number;
  readonly news?: unknown;
  readonly answer?: unknown;
  readonly bug?: string;
}

interface Waiting<Question> {
  readonly question: Question;
  readonly resolve: (answer: never) => void;
  readonly reject: (error: unknown) => void;
  readonly onNews: (news: never) => void;
  timer: NodeJS.Timeout;
}

interface Living<Question> {
  readonly process: ChildProcess;
  readonly waiting: Map<number, Waiting<Question>>;
  errors: string;
}

/** A child process that answers questions. It starts with the first one, starts again if it has ended, and ends with this process. */
export class Child<Question> {
  readonly #options: ChildOptions;
  #living: Living<Question> | undefined;
  #next = 1;

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  get isAlive(): boolean {
    return this.#living !== undefined;
  }

  /** Asks a question and returns the answer. onNews: called with what the process reports before. @throws what `failed` makes */
  ask<Answer, News = never>(question: Question, onNews: (news: News) => void = () => {}): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => this.#send({ question, resolve, reject, onNews }));
  }

  /** Kills the process; open questions fail. The next question starts a new one. */
  kill(): void {
    this.#living?.process.kill("SIGKILL");
    this.#living = undefined;
  }

  #send(asked: Omit<Waiting<Question>, "timer">): void {
    const id = this.#next++;
    this.#living ??= this.#start();
    const living = this.#living;
    living.waiting.set(id, { ...asked, timer: this.#impatience(living) });
    living.process.send({ id, question: asked.question }, (error) => {
      if (error) take(living, id)?.reject(this.#options.failed(error.message, living.errors));
    });
  }

  /** Kills a process that hangs. */
  #impatience({ process: child }: Living<Question>): NodeJS.Timeout {
    return setTimeout(() => child.kill("SIGKILL"), this.#options.patienceMs).unref();
  }

  #start(): Living<Question> {
    const { beside, script } = this.#options;
    const isSource = beside.endsWith(".ts");
    const child = fork(fileURLToPath(new URL(`./${script}.${isSource ? "ts" : "js"}`, beside)), {
      execArgv: isSource ? ["--import", import.meta.resolve("tsx")] : [],
      // only a run downloads models, and the page says so before it starts
      env: { ...process.env, HF_HUB_OFFLINE: "1" },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const living: Living<Question> = { process: child, waiting: new Map(), errors: "" };
    child.stderr?.on("data", (text: Buffer) => {
      living.errors = `${living.errors}${text}`.slice(-2000);
    });
    child.on("message", (said: Said) => this.#hear(living, said));
    child.on("error", () => {});
    child.on("exit", (code, signal) => this.#end(living, code, signal));
    child.unref();
    child.channel?.unref();
    return living;
  }

  #hear(living: Living<Question>, { id, news, answer, bug }: Said): void {
    if (id === undefined) return;
    const waiting = news === undefined ? take(living, id) : living.waiting.get(id);
    if (!waiting) return;
    if (news !== undefined) {
      clearTimeout(waiting.timer);
      waiting.timer = this.#impatience(living);
      waiting.onNews(news as never);
    } else if (bug === undefined) waiting.resolve(answer as never);
    else waiting.reject(new Error(bug));
  }

  #end(living: Living<Question>, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#living === living) this.#living = undefined;
    for (const id of [...living.waiting.keys()]) {
      const waiting = take(living, id)!;
      // it had just ended for lack of work
      if (code === 0) this.#send(waiting);
      else waiting.reject(this.#options.failed(`it ended with ${signal ?? code}`, living.errors));
    }
  }
}

function take<Question>({ waiting }: Living<Question>, id: number): Waiting<Question> | undefined {
  const found = waiting.get(id);
  waiting.delete(id);
  clearTimeout(found?.timer);
  return found;
}
