/**
 * Policies that need the most steps: the forms of the reference policies that AWS publishes for IAM Access Analyzer's
 * custom policy checks (https://github.com/aws-samples/iam-access-analyzer-custom-policy-check-samples, 2026-11-27), and a
 * document of the size and shape of ReadOnlyAccess. The names, ARNs and lists of actions are our own.
 */
import { listActions } from "@drift-guard/policy/catalogue";
import { catalogue } from "@drift-guard/policy/catalogue.generated";
import { allow, deny, policy, type StatementJson } from "./builders.ts";

/** A resource that no policy may open, as the checks of access to a sensitive resource name it. */
export interface SensitiveResource {
  readonly service: string;
  /** The ARN pattern of the resource. */
  readonly arn: string;
  /** An ARN pattern that matches the resource among others. */
  readonly wider: string;
}

/** Returns a sensitive resource. A `#` stands for its name. */
function sensitive(service: string, arn: string): SensitiveResource {
  return { service, arn: arn.replace("#", "payroll"), wider: arn.replace("#", "*roll*") };
}

/** One resource of each type that AWS's samples have a check for. */
export const sensitiveResources: readonly SensitiveResource[] = [
  sensitive("cloudformation", "arn:aws:cloudformation:*:*:stack/#/*"),
  sensitive("cloudtrail", "arn:aws:cloudtrail:*:*:trail/#"),
  sensitive("dynamodb", "arn:aws:dynamodb:*:*:table/#"),
  sensitive("ec2", "arn:aws:ec2:*:*:image/ami-#"),
  sensitive("ec2", "arn:aws:ec2:*:*:instance/i-#"),
  sensitive("ec2", "arn:aws:ec2:*:*:network-acl/acl-#"),
  sensitive("ec2", "arn:aws:ec2:*:*:security-group/sg-#"),
  sensitive("ec2", "arn:aws:ec2:*:*:subnet/subnet-#"),
  sensitive("ec2", "arn:aws:ec2:*:*:transit-gateway/tgw-#"),
  sensitive("ec2", "arn:aws:ec2:*:*:vpc-endpoint/vpce-#"),
  sensitive("ec2", "arn:aws:ec2:*:*:vpc/vpc-#"),
  sensitive("ecr", "arn:aws:ecr:*:*:repository/#"),
  sensitive("ecs", "arn:aws:ecs:*:*:cluster/#"),
  sensitive("ecs", "arn:aws:ecs:*:*:service/main/#"),
  sensitive("ecs", "arn:aws:ecs:*:*:task-definition/#:*"),
  sensitive("eks", "arn:aws:eks:*:*:cluster/#"),
  sensitive("elasticfilesystem", "arn:aws:elasticfilesystem:*:*:file-system/fs-#"),
  sensitive("iam", "arn:aws:iam::*:oidc-provider/#"),
  sensitive("iam", "arn:aws:iam::*:policy/#"),
  sensitive("iam", "arn:aws:iam::*:role/#"),
  sensitive("iam", "arn:aws:iam::*:saml-provider/#"),
  sensitive("iam", "arn:aws:iam::*:user/#"),
  sensitive("lambda", "arn:aws:lambda:*:*:function:#"),
  sensitive("rds", "arn:aws:rds:*:*:cluster:#"),
  sensitive("rds", "arn:aws:rds:*:*:db:#"),
  sensitive("redshift", "arn:aws:redshift:*:*:cluster:#"),
  sensitive("rolesanywhere", "arn:aws:rolesanywhere:*:*:profile/#"),
  sensitive("rolesanywhere", "arn:aws:rolesanywhere:*:*:trust-anchor/#"),
  sensitive("s3", "arn:aws:s3:::#"),
  sensitive("s3", "arn:aws:s3:::#/*"),
  sensitive("secretsmanager", "arn:aws:secretsmanager:*:*:secret:#"),
  sensitive("sns", "arn:aws:sns:*:*:#"),
  sensitive("sqs", "arn:aws:sqs:*:*:#"),
  sensitive("ssm", "arn:aws:ssm:*:*:document/#"),
];

/** Sixty actions of the service of a sensitive resource, or all if it has fewer. The longest list of AWS's has 53. */
export function listDeniedActions({ service }: SensitiveResource): readonly string[] {
  return (listActions(catalogue, service) ?? []).slice(0, 60);
}

/** A reference that allows everything except some actions on a sensitive resource. */
export function makeReference(resource: SensitiveResource): string {
  return policy(allow("*", "*"), deny(listDeniedActions(resource), resource.arn));
}

/**
 * Statements of the size and shape of AWS's ReadOnlyAccess: 2,900 actions on every resource, a third of them wildcards, in
 * two statements, and one action under a condition.
 */
export function listReadOnlyStatements(): readonly StatementJson[] {
  const actions = [...catalogue.services.keys()].flatMap((service) => {
    const reading = (listActions(catalogue, service) ?? []).filter((name) =>
      /:(?:Get|List|Describe)/.test(name),
    );
    const wildcards = ["Get*", "List*", "Describe*"].map((name) => `${service}:${name}`);
    return [...wildcards.slice(0, 1 + (reading.length % 3)), ...reading.slice(0, 6)];
  });
  const half = actions.length >> 1;
  return [
    allow(actions.slice(0, half), "*"),
    allow(actions.slice(half), "*"),
    allow("s3express:CreateSession", "*", {
      Condition: { StringEquals: { "s3express:SessionMode": "ReadOnly" } },
    }),
  ];
}

/** Returns the statements with one action each. */
export function splitByAction(statements: readonly StatementJson[]): readonly StatementJson[] {
  return statements.flatMap((statement) =>
    [statement.Action].flat().map((action) => ({ ...statement, Action: action })),
  );
}

/** Returns the statements with one resource each. */
export function splitByResource(statements: readonly StatementJson[]): readonly StatementJson[] {
  return statements.flatMap((statement) =>
    [statement.Resource].flat().map((resource) => ({ ...statement, Resource: resource })),
  );
}
