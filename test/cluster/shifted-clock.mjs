// Loaded before the program of a worker: its clock is so many hours ahead of the machine's, or behind it.
const shiftMs = 3_600_000 * Number(process.env.COINAGE_TEST_CLOCK_HOURS);
const MachineDate = Date;

globalThis.Date = class extends MachineDate {
  constructor(...parts) {
    super(...(parts.length > 0 ? parts : [MachineDate.now() + shiftMs]));
  }

  static now() {
    return MachineDate.now() + shiftMs;
  }
};
