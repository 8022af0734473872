import { writeSync } from "node:fs";
import { readTrainRequest } from "../src/options/index.ts";
import { train } from "../src/training/index.ts";

// A training run as a process of its own, to be killed: its flags are the command line's, each event is a line of JSON.
const request = await readTrainRequest(process.argv.slice(2));
if (request.kind !== "train") throw new Error("these flags do not train");
for await (const event of train(request)) writeSync(1, `${JSON.stringify(event)}\n`);
