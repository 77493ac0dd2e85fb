import type { Read } from "../model/deployed.ts";

/** The verdict of one check. `unknown`: it could not be read, which is never `ok`. */
export type CheckStatus = "ok" | "warning" | "failed" | "unknown";

/** What `doctor` checks, in the order in which it prints. */
export type CheckArea =
  | "account"
  | "trail"
  | "rule"
  | "queue"
  | "function"
  | "table"
  | "schedule"
  | "hub"
  | "topic"
  | "configuration";

/** One check of a deployment: a line of `doctor`. */
export interface Check {
  readonly area: CheckArea;
  /** The resource's name, or what else was looked at, such as `clock`. */
  readonly subject: string;
  readonly region: string;
  readonly status: CheckStatus;
  /** What was found and what it means, in sentences. */
  readonly text: string;
  /** What to do next, in a sentence; left out if the check is `ok`. */
  readonly next?: string;
  /** A command that does it, or shows more. */
  readonly command?: string;
}

/** What a check found. */
export type Verdict = Pick<Check, "status" | "text" | "next" | "command">;

/** Returns the verdict of a check in which nothing is wrong. */
export function pass(text: string): Verdict {
  return { status: "ok", text };
}

/** Returns the verdict of a check that failed. */
export function fail(text: string, next: string, command?: string): Verdict {
  return { status: "failed", text, next, ...(command !== undefined && { command }) };
}

/** Returns the verdict of a check that found something to look at, which does not stop the guard. */
export function warn(text: string, next: string, command?: string): Verdict {
  return { ...fail(text, next, command), status: "warning" };
}

/** Returns the verdict of a check whose value could not be read. */
export function cannotTell(why: string): Verdict {
  return {
    status: "unknown",
    text: `It could not be read. ${why}`,
    next: "Run doctor with the policy viewer of this stage, or look at it in the console.",
  };
}

/** How to bring back a resource that does not exist. */
export const deployAgain = "Deploy the guard again: the deployment creates it.";

/** Judges the value of a read: one that failed is unknown, and `absent` judges a resource that does not exist. */
export function judgeRead<Value>(
  read: Read<Value>,
  judge: (value: Value) => Verdict,
  absent: () => Verdict = () => fail("It does not exist.", deployAgain),
): Verdict {
  switch (read.status) {
    case "read":
      return judge(read.value);
    case "absent":
      return absent();
    case "unknown":
      return cannotTell(read.why);
  }
}

const weights: Readonly<Record<CheckStatus, number>> = { failed: 3, unknown: 2, warning: 1, ok: 0 };

/** Joins verdicts about one subject: the worst comes first, and decides; the texts of others that are not `ok` follow. */
export function joinVerdicts(verdicts: readonly [Verdict, ...Verdict[]]): Verdict {
  const sorted = verdicts.toSorted((a, b) => weights[b.status] - weights[a.status]);
  const [worst = verdicts[0]] = sorted;
  if (worst.status === "ok") return pass(verdicts.map(({ text }) => text).join(" "));
  const told = sorted.filter(({ status }) => status !== "ok");
  return { ...worst, text: told.map(({ text }) => text).join(" ") };
}

/** Counts the checks of each status. */
export function countChecks(checks: readonly Check[]): Readonly<Record<CheckStatus, number>> {
  const counts = { ok: 0, warning: 0, failed: 0, unknown: 0 };
  for (const { status } of checks) counts[status] += 1;
  return counts;
}
