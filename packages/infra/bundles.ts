import type { FunctionName } from "@drift-guard/core/config/environment";

/** The function that each Lambda of the stack runs: the Lambda's logical name, and the file in `functions/`. */
export const lambdas = {
  Detect: "detect",
  Sweep: "sweep",
  Looker: "lookup",
  Publish: "publish",
  Notifier: "notify",
  HubImporter: "securityhub",
  Responder: "respond",
  Rollbacker: "rollback",
} as const satisfies Record<string, FunctionName>;

/** Logical name of a Lambda of the stack. */
export type LambdaName = keyof typeof lambdas;
