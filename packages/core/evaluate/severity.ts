import type { PolicyPrincipal } from "@drift-guard/policy/grant";
import { isInWork, type RoleUse } from "../batch/role-use.ts";
import type { Config, SeverityKey } from "../config/config.ts";
import { mayBegin } from "../config/name-pattern.ts";
import type { Drift, Evidence, Note } from "../model/evidence.ts";
import { Severity } from "../model/finding.ts";
import type { Grant } from "../model/grant.ts";
import type { RoleKey } from "../model/role.ts";

/**
 * How bad a piece of evidence about a role is: as its owner chose, else by what it lets somebody do, or keeps Batch
 * from doing.
 */
export function rateSeverity(evidence: Evidence, role: RoleKey, config?: SeverityChoice): Severity {
  return config?.severities[severityKeyOf(evidence)] ?? rate(evidence, role);
}

/** Whether the owner chose how bad such evidence is, so that nothing else weighs. */
export function isSeverityChosen(evidence: Evidence, config?: SeverityChoice): boolean {
  return config?.severities[severityKeyOf(evidence)] !== undefined;
}

/** The severity of a finding, with what depends on the role counted in: a loss is worse where work needs the role. */
export function weighSeverity(severity: Severity, evidence: Evidence, uses: readonly RoleUse[]): Severity {
  // Whoever may do too much by a role may do it whether or not Batch uses the role.
  if (evidence.kind !== "drift" || evidence.side === "excess") return severity;
  const step = uses.some(isInWork) ? -1 : uses.length === 0 ? 1 : 0;
  const order = Severity.options;
  return order[Math.max(order.indexOf(severity) + step, 0)] ?? severity;
}

type SeverityChoice = Pick<Config, "severities">;

function severityKeyOf(evidence: Evidence): SeverityKey {
  return evidence.kind === "drift" ? evidence.side : evidence.kind;
}

function rate(evidence: Evidence, role: RoleKey): Severity {
  switch (evidence.kind) {
    case "impersonation":
      return "CRITICAL";
    case "attempt":
    case "undecided":
      return "MEDIUM";
    case "vendor-change":
      return "INFORMATIONAL";
    case "note":
      return rateNote(evidence);
    case "drift":
      return rateDrift(evidence, role);
  }
}

function rateNote({ topic }: Note): Severity {
  switch (topic) {
    case "invalid-environment":
    case "other-path":
    case "profile-empty":
    case "linked-role-deletion":
      return "HIGH";
    case "agent-too-old":
    case "role-not-named":
    case "execution-role-as-job-role":
    case "unexplained-symptom":
    case "unconfirmed-call":
      return "MEDIUM";
    case "unused-grants":
    case "linked-role-edited":
      return "INFORMATIONAL";
  }
}

function rateDrift(drift: Drift, role: RoleKey): Severity {
  switch (drift.side) {
    case "missing":
      // Something that Batch needs is gone: the role absent, a policy detached, a trust cut, a Deny put on.
      return "HIGH";
    case "altered":
      return drift.part === "role" ? "HIGH" : "MEDIUM";
    case "excess":
      // A retired policy that gives nothing beyond the rest: nobody gains by it, and Batch may fail by it (2.2).
      if (drift.grants.length + drift.denies.length === 0) return "MEDIUM";
      return worst(
        drift.grants.map((grant) =>
          drift.part === "trust" ? rateTrust(grant, role) : ratePermission(grant),
        ),
      );
  }
}

function rateTrust(grant: Grant, role: RoleKey): Severity {
  return worst((grant.principals ?? []).map((principal) => rateTrusted(principal, role)));
}

function rateTrusted({ type, id }: PolicyPrincipal, role: RoleKey): Severity {
  switch (type) {
    case "AWS":
      return id === role.account || id.includes(`::${role.account}:`) ? "HIGH" : "CRITICAL";
    case "Federated":
    case "CanonicalUser":
      return "CRITICAL";
    case "Service":
      return "HIGH";
  }
}

// Whoever holds an action that begins so can give himself more: the known ways from one permission to all of them.
const escalatingVerbs = {
  iam: "add attach create delete detach passrole put remove set update",
  sts: "assume",
  organizations: "accept attach create delete detach disable enable leave move put register remove update",
  lambda: "add create update",
  ssm: "send start",
  cloudformation: "create execute update",
  codebuild: "create start update",
  glue: "create update",
};
const escalating = Object.entries(escalatingVerbs).flatMap(([service, verbs]) =>
  verbs.split(" ").map((verb) => `${service}:${verb}`),
);
const reading = /^[\w-]+:(?:get|list|describe|batchget|lookup|view)[\w*?]*$/i;

/** Whether whoever holds a grant can give himself more by it. */
export function isEscalating({ actions }: Grant): boolean {
  return actions.some((action) => escalating.some((start) => mayBegin(action, start)));
}

function ratePermission(grant: Grant): Severity {
  if (isEscalating(grant)) return "CRITICAL";
  return grant.actions.every((action) => reading.test(action)) ? "MEDIUM" : "HIGH";
}

const order: readonly Severity[] = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"];

/** The worst of some severities; `HIGH` where there are none, as for a Deny that was removed. */
function worst(severities: readonly Severity[]): Severity {
  return order.find((severity) => severities.includes(severity)) ?? "HIGH";
}
