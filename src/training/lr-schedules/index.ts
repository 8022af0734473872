export { createSchedule } from "./create.ts";
