import { bodyOf } from "@drift-guard/core/model/finding";
import { account } from "../../../builders.ts";
import { pipelineRole } from "./actors.ts";
import type { History } from "./history.ts";
import { roleName } from "./worker.ts";

/** What somebody may write into the findings table. */
export const planteds = [
  "suppressed",
  "undone in 2099",
  "contested in 2099",
  "resolved",
  "by the pipeline",
] as const;
export type Planted = (typeof planteds)[number];

/** Writes into the findings table, as somebody who can. */
export async function plant(what: Planted, pick: number, { findings: store }: History): Promise<void> {
  const before = await store.load({ account, name: roleName });
  const target = before.findings[pick % Math.max(before.findings.length, 1)];
  if (target?.state !== "open" || target.evidence.kind !== "drift") return;
  const later = "2099-01-01T00:00:00Z";
  const body = bodyOf(target);
  const planted = (() => {
    switch (what) {
      case "suppressed":
        return { ...body, state: "suppressed" as const };
      case "resolved":
        return { ...body, state: "resolved" as const };
      case "undone in 2099":
        return { ...target, rollback: { id: "planted", endedAt: later, undone: true } } as const;
      case "contested in 2099":
        return { ...target, contestedAt: later } as const;
      case "by the pipeline":
        return { ...target, causedBy: { type: "AssumedRole", issuer: pipelineRole } };
    }
  })();
  const findings = before.findings.map((finding) => (finding === target ? planted : finding));
  await store.commit({ before, after: { ...before, findings }, transitions: [] });
}

/** The messages that somebody may put into the rollback queue. */
export const forgeds = [
  "hint",
  "hint of another role",
  "continue",
  "retry",
  "retry in 2099",
  "enrol",
  "noise",
] as const;
export type Forged = (typeof forgeds)[number];

/** Returns a message for the rollback queue that the guard did not send. */
export function forge(what: Forged): string {
  const hint = (name: string, accountId = account) =>
    JSON.stringify({
      source: "drift-guard",
      "detail-type": "Transition",
      detail: { kind: "approved", finding: { role: { account: accountId, name } } },
    });
  switch (what) {
    case "hint":
      return hint(roleName);
    case "hint of another role":
      return hint("Bystander");
    case "continue":
      return JSON.stringify({ continue: { role: roleName, rollbackId: "forged" } });
    case "retry":
      return JSON.stringify({ retry: { role: roleName, due: "2026-01-01T00:00:00Z", findings: [] } });
    case "retry in 2099":
      return JSON.stringify({ retry: { role: "Bystander", due: "2099-01-01T00:00:00Z", findings: [] } });
    case "enrol":
      return JSON.stringify({ enrol: { role: roleName, at: "2020-01-01T00:00:00Z" } });
    case "noise":
      return hint(roleName, "999988887777");
  }
}
