import { decide } from "@drift-guard/policy/decide";
import type { PolicyDocument, PolicyStatement } from "@drift-guard/policy/document";
import type { EnvironmentUse } from "../batch/role-use.ts";
import type { Role } from "../model/role.ts";
import { tryParsePolicy } from "../policy-json.ts";
import { compareTexts } from "./comparison.ts";
import { trustOptions } from "./trust.ts";

const batch = { type: "Service", id: "batch.amazonaws.com" } as const;
const assumeRole = "sts:AssumeRole";
const batchTrust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { [batch.type]: batch.id }, Action: assumeRole }],
});

/** A compute environment that the trust policy of its service role shuts out. */
export interface ShutOutEnvironment extends EnvironmentUse {
  /** The environment's own ARN. */
  readonly environmentArn: string;
}

/**
 * Returns the compute environments for which AWS Batch cannot assume their service role, although it can for others: the
 * trust policy requires an `aws:SourceArn` that is not theirs (2.10; docs/aws-facts.md, "AWS Batch"). Empty if AWS Batch
 * cannot assume the role for any, which is drift of the trust policy. Conditions on an organisation are taken as met.
 */
export function findShutOutEnvironments(
  role: Role,
  uses: readonly EnvironmentUse[],
): readonly ShutOutEnvironment[] {
  const trust = tryParsePolicy(role.trust);
  if (trust === undefined) return [];
  const known = withoutOrganization(trust);
  const shutOut = uses
    .filter(({ duty, otherAccount }) => duty === "service" && otherAccount === undefined)
    .map((use) => ({
      ...use,
      environmentArn: `arn:${role.partition}:batch:${use.region}:${role.account}:compute-environment/${use.name}`,
    }))
    .filter(({ environmentArn }) => {
      const context = { "aws:sourceaccount": role.account, "aws:sourcearn": environmentArn };
      const request = { principal: batch, action: assumeRole, context };
      return decide(request, [known], { partition: role.partition }) !== "allowed";
    });
  if (shutOut.length === 0) return [];
  const { missing } = compareTexts(role.trust, batchTrust, trustOptions(role, undefined));
  return missing.length > 0 ? [] : shutOut;
}

function withoutOrganization(document: PolicyDocument): PolicyDocument {
  const isOfOrganization = ({ key }: PolicyStatement["conditions"][number]) =>
    key.startsWith("aws:sourceorg");
  return {
    ...document,
    statements: document.statements
      .filter(({ effect, conditions }) => effect === "Allow" || !conditions.some(isOfOrganization))
      .map((statement) => ({
        ...statement,
        conditions: statement.conditions.filter((condition) => !isOfOrganization(condition)),
      })),
  };
}
