import type { Condition, PolicyPrincipal } from "@drift-guard/policy/grant";
import { isInWork, type RoleUse } from "../batch/role-use.ts";
import type { Config, SeverityKey } from "../config/config.ts";
import { isDeletedPrincipal, parseArn } from "../model/arn.ts";
import type { Drift, Evidence } from "../model/evidence.ts";
import type { Grant } from "../model/grant.ts";
import { noteTopics } from "../model/note-topic.ts";
import { isSetting } from "../model/part.ts";
import type { RoleKey } from "../model/role.ts";
import { Severity } from "../model/severity.ts";
import { matchesAction } from "./action-pattern.ts";

/** What a severity depends on besides the evidence. */
export interface RatingContext {
  readonly role: RoleKey;
  /** The owner's severities; none if left out. */
  readonly config?: Pick<Config, "severities"> | undefined;
  /** The known uses of the role by AWS Batch; none if left out. */
  readonly uses?: readonly RoleUse[] | undefined;
}

/**
 * Returns the severity of a piece of evidence: the owner's choice, else by effect, which is what it lets an attacker do
 * or what it breaks in AWS Batch. A loss is one step worse if work depends on the role.
 */
export function rateSeverity(evidence: Evidence, { role, config, uses = [] }: RatingContext): Severity {
  const chosen = config?.severities[severityKeyOf(evidence)];
  if (chosen !== undefined) return chosen;
  const severity = rate(evidence, role);
  return isLoss(evidence) && uses.some(isInWork) ? worsen(severity) : severity;
}

function severityKeyOf(evidence: Evidence): SeverityKey {
  if (evidence.kind === "vendor-change") return evidence.lost ? "missing" : "vendor-change";
  return evidence.kind === "drift" ? evidence.side : evidence.kind;
}

// Excess can be exploited whether or not AWS Batch uses the role, and what is harmless breaks no work.
function isLoss(evidence: Evidence): boolean {
  if (evidence.kind === "vendor-change") return evidence.lost === true;
  if (evidence.kind !== "drift" || evidence.side === "excess" || evidence.harmless) return false;
  // AWS Batch and its jobs get their sessions from services, which the setting does not limit.
  return evidence.part.kind !== "session";
}

/** Refused calls of one caller that make an attempt more severe. */
const repeatedCalls = 3;

function rate(evidence: Evidence, role: RoleKey): Severity {
  switch (evidence.kind) {
    case "impersonation":
      return "CRITICAL";
    case "attempt":
      // Somebody who goes on after two refusals is looking for a way in.
      return evidence.callers?.some(({ calls }) => calls >= repeatedCalls) ? "HIGH" : "MEDIUM";
    case "undecided":
      return isSetting(evidence.part) ? "INFORMATIONAL" : "MEDIUM";
    case "vendor-change":
      return evidence.lost ? "HIGH" : "INFORMATIONAL";
    case "note":
      return noteTopics[evidence.topic].severity;
    case "drift":
      return rateDrift(evidence, role);
  }
}

function rateDrift(drift: Drift, role: RoleKey): Severity {
  const { side, part, grants, denies, harmless, escalates } = drift;
  switch (side) {
    case "missing":
      // AWS Batch lacks something that it needs: the role, a policy, a principal of the trust; or a Deny was added. A policy
      // whose grants the role has by another one is required all the same (R5, R40). A Deny that blocks nothing is information.
      if (harmless) return grants.length === 0 ? "INFORMATIONAL" : "MEDIUM";
      return "HIGH";
    case "altered":
      if (part.kind === "role") return "HIGH";
      // They may matter to others: policies of other principals and of resources, and a trust policy of tomorrow.
      if (part.kind === "session" || part.kind === "tag") return harmless ? "LOW" : "MEDIUM";
      if (escalates) return "CRITICAL";
      // Another boundary lets the role do what the required one blocks.
      if (grants.length > 0) return worst(grants.map(ratePermission));
      return harmless ? "INFORMATIONAL" : "MEDIUM";
    case "excess":
      if (harmless) return "LOW";
      if (escalates) return "CRITICAL";
      // A retired policy that allows nothing more: no attacker gains by it, and Batch may fail because of it (2.2).
      if (grants.length + denies.length === 0) return "MEDIUM";
      return worst(
        grants.map((grant) => (part.kind === "trust" ? rateTrust(grant, role) : ratePermission(grant))),
      );
  }
}

const assuming = ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"];

function rateTrust({ actions, principals = [], conditions }: Grant, role: RoleKey): Severity {
  // sts:TagSession and sts:SetSourceIdentity let nobody in by themselves.
  if (!actions.some((pattern) => assuming.some((action) => matchesAction(pattern, action)))) return "MEDIUM";
  const isOwn = conditions.some((condition) => admitsOwnAccount(condition, role));
  return worst(principals.map((principal) => rateTrusted(principal, role, isOwn)));
}

/** Whether a condition lets in principals of the role's account alone (docs/aws-facts.md, "Trust conditions"). */
function admitsOwnAccount({ operator, key, values }: Condition, { account }: RoleKey): boolean {
  if (values.length === 0) return false;
  if (key === "aws:principalaccount")
    return /^String(?:Equals|Like)/.test(operator) && values.every((value) => value === account);
  if (key !== "aws:principalarn" || !/^(?:Arn|String)(?:Equals|Like)/.test(operator)) return false;
  return values.every((value) => /^arn:[^:]+:(?:iam|sts)::(\d{12}):/.exec(value)?.[1] === account);
}

function rateTrusted({ type, id }: PolicyPrincipal, role: RoleKey, isOwn: boolean): Severity {
  switch (type) {
    case "AWS":
      // It lets nobody in, and re-creating that role or user does not change that.
      if (isDeletedPrincipal(id)) return "LOW";
      return isOwn || id === role.account || parseArn(id)?.account === role.account ? "HIGH" : "CRITICAL";
    case "Federated":
    case "CanonicalUser":
      return "CRITICAL";
    case "Service":
      return "HIGH";
  }
}

const reading = /^[\w-]+:(?:get|list|describe|batchget|lookup|view)[\w*?]*$/i;

// Reads that give away data or secrets. Source: cloudsplaining, READ_ONLY_DATA_EXFILTRATION_ACTIONS
// (https://github.com/salesforce/cloudsplaining/blob/master/cloudsplaining/shared/constants.py).
const exposing = [
  "s3:GetObject",
  "ssm:GetParameter",
  "ssm:GetParameters",
  "ssm:GetParametersByPath",
  "secretsmanager:GetSecretValue",
  "secretsmanager:BatchGetSecretValue",
];

function ratePermission({ actions, exceptActions = [], remains }: Grant): Severity {
  // The boundary holds it back, until the boundary goes.
  if (remains === "none" || actions.every((action) => reading.test(action))) {
    const exposes =
      remains !== "none" &&
      exposing.some(
        (action) =>
          actions.some((pattern) => matchesAction(pattern, action)) &&
          !exceptActions.some((pattern) => matchesAction(pattern, action)),
      );
    return exposes ? "HIGH" : "MEDIUM";
  }
  return "HIGH";
}

function worsen(severity: Severity): Severity {
  const order = Severity.options;
  return order[Math.max(order.indexOf(severity) - 1, 0)] ?? severity;
}

/** Returns the worst severity; `HIGH` if there are none, as for a removed Deny. */
function worst(severities: readonly Severity[]): Severity {
  return Severity.options.find((severity) => severities.includes(severity)) ?? "HIGH";
}
