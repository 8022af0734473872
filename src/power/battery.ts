import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** Whether this machine runs on battery; false where that is unknown (outside Linux). folder: the kernel's list of power supplies.
 *  Source: Linux, Documentation/ABI/testing/sysfs-class-power. */
export async function isOnBattery(folder = "/sys/class/power_supply"): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  const supplies = await Promise.all(names.map((name) => readSupply(path.join(folder, name))));
  // batteries of mice and keyboards have the scope "Device"
  const isDischarging = supplies.some(
    ({ type, status, scope }) => type === "Battery" && status === "Discharging" && scope !== "Device",
  );
  return isDischarging && !supplies.some(({ type, online }) => type !== "Battery" && online === "1");
}

async function readSupply(folder: string) {
  const read = (name: string) =>
    readFile(path.join(folder, name), "utf8").then(
      (text) => text.trim(),
      () => undefined,
    );
  const [type, status, scope, online] = await Promise.all(["type", "status", "scope", "online"].map(read));
  return { type, status, scope, online };
}
