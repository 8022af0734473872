import { type DrawAnswer, type DrawNews, type DrawRequest, draw, freeModel } from "./draw.ts";

/** Draws images for the studio in a process of its own, one after another, with the model of the last one kept loaded. Messages come and go over IPC; it ends with the
 *  studio, however that ends, and after a while without work. */

/** How long it waits for work with a loaded model, in milliseconds. */
const idleMs = 5 * 60_000;

let idle = setTimeout(leave, idleMs);
let last: Promise<unknown> = Promise.resolve();

process.on("message", ({ id, question }: { readonly id: number; readonly question: DrawRequest }) => {
  clearTimeout(idle);
  const tell = (news: DrawNews) => process.send?.({ id, news });
  last = last
    .then(() => draw(question, tell))
    .then((answer: DrawAnswer) => process.send?.({ id, answer }))
    .catch((error) =>
      process.send?.({ id, bug: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
    .finally(() => {
      clearTimeout(idle);
      idle = setTimeout(leave, idleMs);
    });
});
// the channel closes when the studio is gone, even if it was killed
process.on("disconnect", () => process.exit(0));
// it may have been killed while this program was loaded
if (!process.connected) process.exit(0);

async function leave(): Promise<void> {
  await freeModel();
  process.exit(0);
}
