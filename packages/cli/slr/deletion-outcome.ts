import { environmentsOf, type RegionScan } from "@drift-guard/core/linked-role/status";
import type { RoleReading } from "@drift-guard/core/model/role";
import { sanitise } from "@drift-guard/formats/printable";
import type { DeletionPoll } from "@drift-guard/guard/linked-role/deletion";
import type * as z from "zod";
import type { SlrDeleteOutput } from "../output/slr.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { formatRegionUsage } from "./progress.ts";
import type { LinkedRoleSession } from "./session.ts";

/** The result of `slr delete`. */
export type DeletionOutcome = Omit<z.infer<typeof SlrDeleteOutput>, "schema">;

/** Judges a deletion by its last poll, the role itself, and a scan of the regions (`scans`) after a failure. */
export function judgeOutcome(
  poll: DeletionPoll,
  reading: RoleReading,
  scans: readonly RegionScan[],
  { role, account }: Pick<LinkedRoleSession, "role" | "account">,
): DeletionOutcome {
  const { deletion } = poll;
  const base = { account, role: role.name, deletion };
  const next = `npx drift-guard slr delete --yes --role ${role.name}`;
  if (poll.kind === "unknown") {
    return reading.status === "absent"
      ? {
          ...base,
          outcome: "deleted",
          exitCode: 0,
          why: `IAM no longer knows the deletion task, and ${role.name} does not exist.`,
        }
      : {
          ...base,
          outcome: "unknown",
          exitCode: 2,
          why: `IAM no longer knows the deletion task, and ${role.name} still exists. Request the deletion again:`,
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
        why: "The deletion has not ended and continues in AWS. To follow it:",
        next,
      };
    case "SUCCEEDED":
      return {
        ...base,
        outcome: "deleted",
        exitCode: 0,
        why:
          reading.status === "absent"
            ? `${role.name} is deleted. AWS Batch creates it again when ${role.usedBy} need it.`
            : `IAM reports that ${role.name} is deleted but still shows it. Either IAM is a moment behind, or the role was created again.`,
      };
    case "FAILED": {
      const named = deletion.last.usage.length > 0;
      return {
        ...base,
        outcome: "failed",
        exitCode: 1,
        left: environmentsOf(scans),
        why: named
          ? `${role.name} still exists because the resources above use it. IAM may not name all of them. Delete them as drift-guard slr delete-plan shows, and repeat until the role is deleted:`
          : `${role.name} still exists, and IAM does not name what uses it. Scan every region: drift-guard slr delete-plan. Active sessions end by themselves. Then repeat the deletion:`,
        next,
      };
    }
  }
}

/** The result of a deletion as lines: what uses the role, what happened, and the command to run next. */
export function formatOutcome(ending: DeletionOutcome, { columns, paint }: Terminal): readonly string[] {
  const { deletion, left = [], outcome, why, next } = ending;
  const failure = deletion?.last.status === "FAILED" ? deletion.last : undefined;
  return [
    ...(failure && failure.usage.length > 0 ? ["", "Still uses it, according to IAM:"] : []),
    ...(failure ? formatRegionUsage(failure.usage).map((line) => `  ${line}`) : []),
    ...(left.length > 0 ? ["", "Still uses it, according to the scan:"] : []),
    ...left.map(
      ({ region, name, state, status }) =>
        `  ${sanitise(name, 140)} in ${sanitise(region, 40)} (${sanitise(state, 20)}, ${sanitise(status, 20)})`,
    ),
    ...(failure ? [""] : []),
    ...wrap(why, columns).map((line) => paint(styles[outcome], line)),
    // Not wrapped, so that the command can be pasted.
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
