import { answerQuestions } from "../../answering.ts";
import { type DrawNews, type DrawRequest, draw, freeModel } from "./draw.ts";

/** Draws images for the studio in a process of its own, one after another, keeping the last model loaded. */

let last: Promise<unknown> = Promise.resolve();

answerQuestions<DrawRequest, DrawNews>((wanted, tell) => {
  const drawing = last.then(() => draw(wanted, tell));
  last = drawing.catch(() => {});
  return drawing;
}, freeModel);
