import { writeSync } from "node:fs";
import { readTrainRequest } from "../src/options/index.ts";
import { train } from "../src/training/index.ts";

// A training run as a process that can be killed: takes the command line's flags, writes each event as a line of JSON.
const request = await readTrainRequest(process.argv.slice(2));
if (request.kind !== "train") throw new Error("these flags do not train");
for await (const event of train(request)) writeSync(1, `${JSON.stringify(event)}\n`);
