import type { CompiledCondition } from "../compiled/condition.ts";
import type { KeyProfile } from "../compiled/key-profile.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import type { ComparisonOptions } from "../model/comparison.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import { solveConditions } from "../search/solver.ts";
import { BudgetError } from "../support/budget.ts";

// prowler #2810: roles for instances stop working, for EC2 sends neither key when it assumes them.
const neverSend = /^ec2(?:\.[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?$/;
// The service that an ARN names, where it is not the principal's own first label.
const arnServices = new Map([
  ["ecs-tasks", "ecs"],
  ["ecs-compute", "ecs"],
  ["spotfleet", "ec2"],
  ["spot", "ec2"],
  ["vpc-flow-logs", "ec2"],
  ["eks-fargate-pods", "eks"],
  ["edgelambda", "lambda"],
  ["sagemaker-queuing", "batch"],
]);

/**
 * The statements without the conditions that only keep other accounts from borrowing the service's trust: AWS
 * recommends them (Batch user guide, cross-service confused deputy). A condition counts only where it names the own
 * account or organisation and every principal of its statement is a service that can meet it.
 */
export function withoutHardening(
  statements: readonly CompiledStatement[],
  options: ComparisonOptions,
  profile: KeyProfile,
): readonly CompiledStatement[] {
  return statements.map((statement) => {
    const conditions = statement.conditions.filter((atom) => !hardens(atom, statement, options));
    if (conditions.length === statement.conditions.length || !canHold(statement, profile)) return statement;
    return { ...statement, conditions, line: `${statement.line} without hardening` };
  });
}

/** Whether some request meets all conditions: of two that exclude each other nobody meets both. */
function canHold(statement: CompiledStatement, profile: KeyProfile): boolean {
  try {
    return (
      solveConditions({ held: [statement], failed: [] }, new Map(), profile, { left: 10_000 }).kind ===
      "reached"
    );
  } catch (error) {
    if (error instanceof BudgetError) return false;
    throw error;
  }
}

function hardens(
  { operator, canonical: { key, values } }: CompiledCondition,
  { principals }: CompiledStatement,
  { account, organization, partition = "aws" }: ComparisonOptions,
): boolean {
  if (values.length === 0 || principals === undefined || principals.negated) return false;
  // ForAllValues lets in whoever sends no key.
  if (operator === undefined || operator.negated || operator.qualifier === "ForAllValues") return false;
  // Without the key, a condition with IfExists holds: a service that never sends it is not kept out.
  const { ifExists } = operator;
  if (!principals.entries.every((entry) => isNamedService(entry) && (ifExists || sendsSource(entry))))
    return false;
  // `${*}`: StringEquals takes a wildcard for a plain character, which no ARN or path has.
  if (values.some((value) => value.includes("${"))) return false;
  switch (key) {
    case "aws:sourceaccount":
      return account !== undefined && values.every((value) => value === account);
    case "aws:sourcearn":
      return (
        account !== undefined &&
        values.every((value) => isOwned(value, account, partition)) &&
        principals.entries.every((service) => values.some((value) => isSentBy(value, service)))
      );
    case "aws:sourceorgid":
      return organization !== undefined && values.every((value) => value === organization);
    case "aws:sourceorgpaths":
      return organization !== undefined && values.every((value) => value.startsWith(`${organization}/`));
    default:
      return false;
  }
}

function isNamedService({ type, id }: PolicyPrincipal): boolean {
  return type === "Service" && id !== "*";
}

function sendsSource({ id }: PolicyPrincipal): boolean {
  return !neverSend.test(id);
}

/** Whether an ARN is one of the own account. */
function isOwned(arn: string, account: string, partition: string): boolean {
  const [prefix, part, , , owner, resource] = arn.split(":");
  return (
    prefix === "arn" && (part === partition || part === "*") && owner === account && (resource ?? "") !== ""
  );
}

/** Whether an ARN is one that the service can send: `monitoring.rds.amazonaws.com` sends ARNs of RDS. */
function isSentBy(arn: string, { id }: PolicyPrincipal): boolean {
  const [, , service = ""] = arn.split(":");
  const labels = id.replace(/\.amazonaws\.com(?:\.cn)?$/, "").split(".");
  return service === "*" || labels.some((label) => service === (arnServices.get(label) ?? label));
}
