/** How long a process waits for work before it ends, in milliseconds; until then, what it has loaded stays loaded. */
const idleMs = 5 * 60_000;

/** Makes this process answer the questions of a `Child` over IPC. It ends with its parent, even if that is killed, and after a while without work.
 *  answerTo: may report news before its answer; whatever it throws is a bug. free: called before the process ends for lack of work. */
export function answerQuestions<Question, News = never>(
  answerTo: (question: Question, tell: (news: News) => void) => Promise<unknown>,
  free: () => Promise<void> = async () => {},
): void {
  const leave = () => free().finally(() => process.exit(0));
  let working = 0;
  let idle = setTimeout(leave, idleMs);
  process.on("message", async ({ id, question }: { readonly id: number; readonly question: Question }) => {
    clearTimeout(idle);
    working++;
    try {
      process.send?.({ id, answer: await answerTo(question, (news) => process.send?.({ id, news })) });
    } catch (error) {
      process.send?.({ id, bug: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
    if (--working === 0) idle = setTimeout(leave, idleMs);
  });
  // the channel closes when the studio is gone, even if it was killed
  process.on("disconnect", () => process.exit(0));
  // the studio may have been killed while this program was loading
  if (!process.connected) process.exit(0);
}
