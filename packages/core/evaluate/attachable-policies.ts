import type { Condition } from "@drift-guard/policy/grant";

// Policies by AWS that allow no action of any path in escalation-paths.ts, as their pages in the AWS Managed Policy Reference
// (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/NAME.html) show them, read 2026-11.
const withoutPaths: readonly string[] = [
  "AmazonEC2ContainerRegistryPullOnly",
  "AmazonEC2ContainerRegistryReadOnly",
  "AmazonElasticContainerRegistryPublicReadOnly",
  "AmazonSSMManagedInstanceCore",
  "CloudWatchAgentServerPolicy",
  "service-role/AmazonEC2ContainerServiceforEC2Role",
  "service-role/AmazonEC2SpotFleetAutoscaleRole",
  "service-role/AmazonECSInfrastructureRolePolicyForVolumes",
  "service-role/AmazonECSTaskExecutionRolePolicy",
];

const attaching = /^iam:attach(?:role|user|group)policy$/i;
const limiting = /^(?:For(?:Any|All)Values:)?(?:Arn|String)(?:Equals|Like)/;

/**
 * Whether conditions limit a call that attaches a policy to policies by AWS which complete no path of privilege escalation
 * ("IAM: Limits managed policies that can be applied to an IAM user, group, or role", IAM User Guide). False for other
 * actions, for patterns, and for policies that are not known, such as those of customers.
 */
export function attachesOnlyHarmless(action: string, conditions: readonly Condition[]): boolean {
  return attaching.test(action) && conditions.some(isHarmlessLimit);
}

function isHarmlessLimit({ operator, key, values }: Condition): boolean {
  return (
    key === "iam:policyarn" &&
    limiting.test(operator) &&
    values.every((value) => {
      const [, name = ""] = /^arn:[\w-]+:iam::aws:policy\/(.+)$/.exec(value) ?? [];
      return withoutPaths.includes(name);
    })
  );
}
