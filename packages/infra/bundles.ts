/** The function that each Lambda of the stack runs: its logical name, and the file in `functions/`. */
export const lambdas = {
  Detect: "detect",
  Sweep: "sweep",
  Publish: "publish",
  Notifier: "notify",
  HubImporter: "securityhub",
  Rollbacker: "rollback",
} as const;

/** Logical name of a Lambda of the stack. */
export type LambdaName = keyof typeof lambdas;
