export { createSchedule, scheduleNames, scheduleTypes } from "./create.ts";
export { rateTextSchedule } from "./rate-text.ts";
export type {
  LearningRateSchedule,
  ScheduleArgument,
  ScheduleArguments,
  ScheduleSettings,
  StepCount,
} from "./settings.ts";
