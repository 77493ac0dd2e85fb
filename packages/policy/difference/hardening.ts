import { makeCombinationKey, type Remainder } from "../compiled/combination.ts";
import type { CompiledCondition } from "../compiled/condition.ts";
import type { KeyProfile } from "../compiled/key-profile.ts";
import type { Question } from "../compiled/question.ts";
import type { CompiledStatement } from "../compiled/statement.ts";
import type { PolicyPrincipal } from "../model/grant.ts";
import { solveConditions } from "../search/solver.ts";
import { BudgetError } from "../support/step-budget.ts";
import type { Direction } from "./direction.ts";
import { findRemainders } from "./remainders.ts";

/** Account, organisation and partition that a hardening condition must name. */
type OwnAccount = NonNullable<Direction["hardening"]>;

/**
 * Splits remainders into those that are lost for good and those that only hardening conditions of the right side take
 * away: these are no remainders if the right side's allows are taken without their hardening conditions.
 */
export function splitHardening(
  remainders: readonly Remainder[],
  { left, right }: Question,
  { hardening: own, side, settings }: Direction,
): { readonly lost: readonly Remainder[]; readonly hardening: readonly Remainder[] } {
  const allows = own ? withoutHardening(right.allows, own, settings.profile) : right.allows;
  if (allows.every((statement, index) => statement === right.allows[index])) {
    return { lost: remainders, hardening: [] };
  }
  const relaxed = findRemainders({ left, right: { ...right, allows } }, side, settings);
  const keyOf = ({ from, combination }: Remainder) =>
    `${from.document} ${from.index} ${makeCombinationKey(combination)}`;
  const lostAnyway = new Set(relaxed.remainders.map(keyOf));
  const isLost = (remainder: Remainder) => relaxed.reasons.length > 0 || lostAnyway.has(keyOf(remainder));
  return {
    lost: remainders.filter(isLost),
    hardening: remainders.filter((remainder) => !isLost(remainder)),
  };
}

/**
 * EC2 sends neither aws:SourceAccount nor aws:SourceArn when it assumes the role of an instance: with such a condition
 * the role stops working (https://github.com/prowler-cloud/prowler/issues/2810).
 */
const servicesWithoutSource = /^ec2(?:\.[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?$/;
/** The service in the ARNs that a principal sends, by the principal's first label, where the two differ. */
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
 * Drops the confused-deputy conditions of statements, which AWS recommends (docs/aws-facts.md, "AWS Batch"). A
 * condition is dropped only if it names the own account or organisation, and if every principal of its statement is a
 * service that can meet it. Statements without such conditions are returned as they are.
 */
function withoutHardening(
  statements: readonly CompiledStatement[],
  own: OwnAccount,
  profile: KeyProfile,
): readonly CompiledStatement[] {
  return statements.map((statement) => {
    const conditions = statement.conditions.filter((condition) => !isHardening(condition, statement, own));
    if (conditions.length === statement.conditions.length || !canHold(statement, profile)) return statement;
    return { ...statement, conditions, line: `${statement.line} without hardening` };
  });
}

/** Steps. A trust statement needs a fraction of it. */
const conditionBudget = 10_000;

/** Whether some request meets all conditions of a statement; false also if that takes too many steps. */
function canHold(statement: CompiledStatement, profile: KeyProfile): boolean {
  try {
    const goal = { held: [statement], failed: [] };
    return solveConditions(goal, new Map(), profile, { left: conditionBudget }).kind === "solved";
  } catch (error) {
    if (error instanceof BudgetError) return false;
    throw error;
  }
}

function isHardening(
  { operator, canonical: { key, values } }: CompiledCondition,
  { principals }: CompiledStatement,
  { account, organization, partition = "aws" }: OwnAccount,
): boolean {
  if (values.length === 0 || principals?.negated !== false) return false;
  // ForAllValues holds for a request without the key, so it keeps nobody out.
  if (operator?.negated !== false || operator.qualifier === "ForAllValues") return false;
  // A condition without IfExists shuts out a service that does not send the key.
  const { ifExists } = operator;
  const canMeet = (entry: PolicyPrincipal) => isNamedService(entry) && (ifExists || sendsSource(entry));
  if (!principals.entries.every(canMeet)) return false;
  // StringEquals reads the wildcard in `${*}` as a plain character, which no ARN or path has.
  if (values.some((value) => value.includes("${"))) return false;
  switch (key) {
    case "aws:sourceaccount":
      return account !== undefined && values.every((value) => value === account);
    case "aws:sourcearn":
      return (
        account !== undefined &&
        values.every((value) => isOwnArn(value, account, partition)) &&
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
  return !servicesWithoutSource.test(id);
}

/** Whether an ARN pattern names the own account and some resource. */
function isOwnArn(arn: string, account: string, partition: string): boolean {
  const [prefix, part, , , owner, resource] = arn.split(":");
  return (
    prefix === "arn" && (part === partition || part === "*") && owner === account && (resource ?? "") !== ""
  );
}

/** Whether a service can send an ARN: `monitoring.rds.amazonaws.com` sends ARNs of RDS. */
function isSentBy(arn: string, { id }: PolicyPrincipal): boolean {
  const [, , service = ""] = arn.split(":");
  const labels = id.replace(/\.amazonaws\.com(?:\.cn)?$/, "").split(".");
  return service === "*" || labels.some((label) => service === (arnServices.get(label) ?? label));
}
