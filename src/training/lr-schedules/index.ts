export { createSchedule, scheduleNames, scheduleTypes } from "./create.ts";
export type {
  LearningRateSchedule,
  ScheduleArgument,
  ScheduleArguments,
  ScheduleSettings,
} from "./settings.ts";
