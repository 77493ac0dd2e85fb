import type { FunctionName } from "./environment.ts";

/** The metric of a function that has an alarm: the stack sets the alarm, and the function counts what people must look at. */
export const alarmedMetrics = {
  /** Messages that no rule of the guard delivers. */
  detect: "ForeignMessages",
  /** Answers that count, and of which people were not told, or on which the guard acts only at the next sweep. */
  respond: "AnswersNotAnnounced",
  /** Messages about transitions that the findings table does not hold. */
  notify: "TransitionsMissing",
  securityhub: "TransitionsMissing",
} as const satisfies Partial<Record<FunctionName, string>>;

/** The metric of forged items of the findings table, and the functions that count it and have an alarm on it. */
export const forgedItems = {
  metric: "ForgedItems",
  functions: ["detect", "sweep", "rollback", "notify", "securityhub"],
} as const satisfies { readonly metric: string; readonly functions: readonly FunctionName[] };
