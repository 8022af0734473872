const formats = {
  loss: new Intl.NumberFormat("en", { minimumFractionDigits: 4, maximumFractionDigits: 4 }),
  whole: new Intl.NumberFormat("en", { maximumFractionDigits: 0 }),
  short: new Intl.NumberFormat("en", { maximumSignificantDigits: 3 }),
};

export function lossText(loss: number): string {
  return formats.loss.format(loss);
}

/** "0.37", "12.4", "1,240" */
export function numberText(value: number): string {
  return Math.abs(value) >= 1000 ? formats.whole.format(value) : formats.short.format(value);
}

/** Tick labels of an axis with enough digits to differ: "0.1498", "0.1499", "0.15". */
export function axisTexts(marks: readonly number[]): string[] {
  const [first = 0, second = first] = marks;
  const gap = Math.abs(second - first);
  const digits = gap > 0 ? Math.min(10, Math.max(0, 1 + Math.ceil(-Math.log10(gap)))) : 3;
  const format = new Intl.NumberFormat("en", { maximumFractionDigits: digits });
  return marks.map((mark) => format.format(mark));
}

/** "2.1 GB" */
export function bytesText(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  return `${formats.short.format(bytes / 1000 ** power)} ${units[power]}`;
}

/** "40 s", "4 min", "1 h 20 min" */
export function durationText(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return hours >= 10 || rest === 0 ? `${Math.round(minutes / 60)} h` : `${hours} h ${rest} min`;
}

/** "14:02", with the day if it is not today: "22 Nov 14:02" */
export function timeText(ms: number, now = Date.now()): string {
  const [date, today] = [new Date(ms), new Date(now)];
  const isToday = date.toDateString() === today.toDateString();
  return date.toLocaleString("en-GB", {
    ...(!isToday && { day: "numeric", month: "short" }),
    ...(!isToday && date.getFullYear() !== today.getFullYear() && { year: "numeric" }),
    ...{ hour: "2-digit", minute: "2-digit" },
  });
}

/** "just now", "5 min ago", "2 h ago", then the day; the time if it is in the future, because the clock was set back */
export function agoText(ms: number, now: number): string {
  const seconds = (now - ms) / 1000;
  if (seconds < -60) return timeText(ms, now);
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 24 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
  return timeText(ms, now);
}
