import { readArguments } from "./arguments.ts";
import { zeros } from "./d-adaptation.ts";
import type { UpdateRule } from "./optimizer.ts";
import type { PythonArguments } from "./python-literal.ts";
