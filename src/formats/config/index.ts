export { parseConfigJson } from "./json.ts";
export { parseConfigToml } from "./toml.ts";
export {
  type ConfigDocument,
  type ConfigPath,
  ConfigSyntaxError,
  type ConfigTable,
  type ConfigValue,
  isTable,
  plainValue,
} from "./value.ts";
