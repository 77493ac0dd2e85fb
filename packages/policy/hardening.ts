import type { Atom } from "./atom.ts";
import type { PlacedStatement } from "./cell.ts";
import type { ComparisonOptions } from "./comparison.ts";
import type { PolicyPrincipal } from "./grant.ts";
import type { CompiledStatement } from "./statement.ts";

const positive = /^(?:StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike)(?:IfExists)?$/;
// prowler #2810: roles for instances stop working, for EC2 sends neither key when it assumes them.
const neverSend = new Set(["ec2.amazonaws.com", "ec2.amazonaws.com.cn"]);
// The service that an ARN names, where it is not the principal's own first label.
const arnServices = new Map([
  ["ecs-tasks", "ecs"],
  ["ecs-compute", "ecs"],
  ["spotfleet", "ec2"],
  ["spot", "ec2"],
  ["edgelambda", "lambda"],
  ["sagemaker-queuing", "batch"],
]);

/**
 * The statements without the conditions that only keep other accounts from borrowing the service's trust: AWS
 * recommends them (Batch user guide, cross-service confused deputy). A condition counts only where it names the own
 * account or organisation and every principal of its statement is a service that can meet it.
 */
export function withoutHardening(
  statements: readonly PlacedStatement[],
  options: ComparisonOptions,
): readonly PlacedStatement[] {
  return statements.map((placed) => {
    const { statement } = placed;
    const conditions = statement.conditions.filter((atom) => !hardens(atom, statement, options));
    if (conditions.length === statement.conditions.length) return placed;
    return {
      ...placed,
      statement: { ...statement, conditions, line: `${statement.line} without hardening` },
    };
  });
}

function hardens(
  { condition: { operator, key, values } }: Atom,
  { principals }: CompiledStatement,
  { account, organization }: ComparisonOptions,
): boolean {
  if (!positive.test(operator) || values.length === 0 || principals === undefined || principals.negated)
    return false;
  if (!principals.entries.every(sendsSource)) return false;
  switch (key) {
    case "aws:sourceaccount":
      return account !== undefined && values.every((value) => value === account);
    case "aws:sourcearn":
      return (
        account !== undefined &&
        values.every((value) => principals.entries.every((service) => namesOwn(value, account, service)))
      );
    case "aws:sourceorgid":
      return organization !== undefined && values.every((value) => value === organization);
    case "aws:sourceorgpaths":
      return organization !== undefined && values.every((value) => value.startsWith(`${organization}/`));
    default:
      return false;
  }
}

function sendsSource({ type, id }: PolicyPrincipal): boolean {
  return type === "Service" && id !== "*" && !neverSend.has(id);
}

/** Whether an ARN is one that the service can send, in the own account. */
function namesOwn(arn: string, account: string, { id }: PolicyPrincipal): boolean {
  const [prefix, , service, , owner, resource] = arn.split(":");
  const [label = ""] = id.split(".");
  return (
    prefix === "arn" &&
    owner === account &&
    (resource ?? "") !== "" &&
    (service === "*" || service === (arnServices.get(label) ?? label))
  );
}
