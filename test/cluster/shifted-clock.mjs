// Loaded before a worker's program: shifts its clock by some hours against the machine's.
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
