import {
  environmentsOf,
  type LinkedEnvironment,
  type RegionLook,
} from "@drift-guard/core/linked-role/standing";
import type { Deletion } from "@drift-guard/core/model/deletion";
import type { RoleReading } from "@drift-guard/core/model/role";
import { sanitise } from "@drift-guard/formats/printable";
import type { DeletionPoll } from "@drift-guard/guard/linked-role/deletion";
import type { ExitCode } from "../command.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { formatRegionUsage } from "./progress.ts";
import type { LinkedRoleSession } from "./session.ts";

/** What `slr delete` came to; the document that `--json` prints. */
export interface DeletionOutcome {
  readonly account: string;
  readonly role: string;
  readonly exitCode: ExitCode;
  readonly outcome: "not submitted" | "deleted" | "failed" | "under way" | "unknown";
  /** In words, and what to do next. */
  readonly why: string;
  /** The command that goes on. */
  readonly next?: string;
  readonly deletion?: Deletion;
  /** What still uses the role by the guard's own look, beside what IAM told of it. */
  readonly left?: readonly LinkedEnvironment[];
}

/** Judges a deletion by the last look at it, and by the role itself. */
export function judgeOutcome(
  look: DeletionPoll,
  reading: RoleReading,
  looks: readonly RegionLook[],
  { role, account }: Pick<LinkedRoleSession, "role" | "account">,
): DeletionOutcome {
  const { deletion } = look;
  const base = { account, role: role.name, deletion };
  const next = `npx drift-guard slr delete --yes --role ${role.name}`;
  if (look.kind === "unknown") {
    return reading.status === "absent"
      ? {
          ...base,
          outcome: "deleted",
          exitCode: 0,
          why: `IAM does not know the task any more, and ${role.name} is gone.`,
        }
      : {
          ...base,
          outcome: "unknown",
          exitCode: 2,
          why: `IAM does not know the task any more, and ${role.name} is still there. Ask again:`,
          next,
        };
  }
  switch (deletion.last.status) {
    case "NOT_STARTED":
    case "IN_PROGRESS":
      return {
        ...base,
        outcome: "under way",
        exitCode: 2,
        why: "The deletion has not ended, and goes on without us. To follow it further:",
        next,
      };
    case "SUCCEEDED":
      return {
        ...base,
        outcome: "deleted",
        exitCode: 0,
        why:
          reading.status === "absent"
            ? `${role.name} is deleted. Batch makes it again when ${role.usedBy} need it.`
            : `IAM says that ${role.name} is deleted, and shows it still: that takes a moment to be seen, or somebody made it again.`,
      };
    case "FAILED": {
      const told = deletion.last.usage.length > 0;
      return {
        ...base,
        outcome: "failed",
        exitCode: 1,
        left: environmentsOf(looks),
        why: told
          ? `${role.name} is kept: what IAM names above uses it. That may be a part of it only. Clean it up as drift-guard slr delete-plan --regions all tells, and ask again, as often as it takes:`
          : `${role.name} is kept, and IAM does not name what uses it. Look in every region: drift-guard slr delete-plan --regions all. A session that is at work ends by itself. Then ask again:`,
        next,
      };
    }
  }
}

/** The end of a deletion for a person. */
export function formatOutcome(ending: DeletionOutcome, { columns, paint }: Terminal): readonly string[] {
  const { deletion, left = [], outcome, why, next } = ending;
  const failure = deletion?.last.status === "FAILED" ? deletion.last : undefined;
  return [
    ...(failure && failure.usage.length > 0 ? ["", "What IAM says still uses it:"] : []),
    ...(failure ? formatRegionUsage(failure.usage).map((line) => `  ${line}`) : []),
    ...(left.length > 0 ? ["", "What was found to use it:"] : []),
    ...left.map(
      ({ region, name, state, status }) =>
        `  ${sanitise(name, 140)} in ${sanitise(region, 40)} (${sanitise(state, 20)}, ${sanitise(status, 20)})`,
    ),
    ...(failure ? [""] : []),
    ...wrap(why, columns).map((line) => paint(styles[outcome], line)),
    // Not wrapped: a command that is broken in two cannot be pasted.
    ...(next === undefined ? [] : [`  ${paint("cyan", next)}`]),
  ];
}

const styles = {
  "not submitted": "yellow",
  deleted: "green",
  failed: "red",
  "under way": "yellow",
  unknown: "yellow",
} as const satisfies Record<DeletionOutcome["outcome"], Parameters<Terminal["paint"]>[0]>;
