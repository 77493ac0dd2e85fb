import type { PolicyPrincipal } from "@drift-guard/policy/grant";
import { isInWork, type RoleUse } from "../batch/role-use.ts";
import type { Config, SeverityKey } from "../config/config.ts";
import { mayBegin } from "../config/name-pattern.ts";
import type { Drift, Evidence } from "../model/evidence.ts";
import type { Grant } from "../model/grant.ts";
import { noteTopics } from "../model/note-topic.ts";
import type { RoleKey } from "../model/role.ts";
import { Severity } from "../model/severity.ts";

/**
 * Returns the severity of a piece of evidence: the owner's choice, else by effect, which is what it lets an attacker do
 * or what it breaks in AWS Batch.
 */
export function rateSeverity(evidence: Evidence, role: RoleKey, config?: SeverityChoice): Severity {
  return config?.severities[severityKeyOf(evidence)] ?? rate(evidence, role);
}

/** Whether the owner chose the severity of such evidence, so that the role's uses do not change it. */
export function isSeverityChosen(evidence: Evidence, config?: SeverityChoice): boolean {
  return config?.severities[severityKeyOf(evidence)] !== undefined;
}

/**
 * Returns a severity adjusted to the role's uses: one step worse if work depends on the role, one step milder if nothing
 * uses it. Only missing and altered parts are adjusted.
 */
export function weighSeverity(severity: Severity, evidence: Evidence, uses: readonly RoleUse[]): Severity {
  // Excess can be exploited whether or not AWS Batch uses the role.
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
      return noteTopics[evidence.topic].severity;
    case "drift":
      return rateDrift(evidence, role);
  }
}

function rateDrift(drift: Drift, role: RoleKey): Severity {
  switch (drift.side) {
    case "missing":
      // AWS Batch lacks something that it needs: the role, a policy, a principal of the trust; or a Deny was added.
      return "HIGH";
    case "altered":
      return drift.part.kind === "role" ? "HIGH" : "MEDIUM";
    case "excess":
      // A retired policy that allows nothing more: no attacker gains by it, and Batch may fail because of it (2.2).
      if (drift.grants.length + drift.denies.length === 0) return "MEDIUM";
      return worst(
        drift.grants.map((grant) =>
          drift.part.kind === "trust" ? rateTrust(grant, role) : ratePermission(grant),
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

// An action that begins with one of these lets its holder gain further permissions: known ways of privilege escalation.
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

/** Whether the holder of a grant can use it to gain further permissions. */
export function isEscalating({ actions }: Grant): boolean {
  return actions.some((action) => escalating.some((start) => mayBegin(action, start)));
}

function ratePermission(grant: Grant): Severity {
  if (isEscalating(grant)) return "CRITICAL";
  return grant.actions.every((action) => reading.test(action)) ? "MEDIUM" : "HIGH";
}

const order: readonly Severity[] = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL"];

/** Returns the worst severity; `HIGH` if there are none, as for a removed Deny. */
function worst(severities: readonly Severity[]): Severity {
  return order.find((severity) => severities.includes(severity)) ?? "HIGH";
}
