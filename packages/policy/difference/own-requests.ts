import { type CompiledCondition, compileCondition } from "../compiled/condition.ts";
import type { ComparisonOptions } from "../model/comparison.ts";
import type { PolicyPrincipal } from "../model/grant.ts";

/** The account that a trust policy stands in, as far as it is known. */
export type OwnAccount = Pick<
  ComparisonOptions,
  "account" | "organization" | "organizationPaths" | "partition"
>;

/** Conditions on an organisation of the source. */
const organizationKeys = ["aws:sourceorgid", "aws:sourceorgpaths"];
/** What every request of a service has (docs/aws-facts.md, "Trust conditions"). */
const serviceKeys = ["aws:principalisawsservice", "aws:principalservicename"] as const;
/** A service is in no organisation, so a request by a service has neither key (docs/aws-facts.md, "Trust conditions"). */
const principalKeys = ["aws:principalorgid", "aws:principalorgpaths"];

/** Returns the condition keys whose values are known, or half known, when a service acts for an account. */
export function listKnownKeys({ account, organization }: OwnAccount): ReadonlySet<string> {
  if (account === undefined && organization === undefined) return new Set();
  return new Set([
    ...(account === undefined ? [] : ["aws:sourceaccount", "aws:sourcearn"]),
    ...organizationKeys,
    ...principalKeys,
    ...serviceKeys,
  ]);
}

/** What is known about the requests of a service that acts for the own account. */
export interface OwnRequests {
  /** Conditions that hold for the request. */
  readonly conditions: readonly CompiledCondition[];
  /** Values of policy variables, by key. */
  readonly variables: ReadonlyMap<string, string>;
}

/**
 * Returns the possible kinds of requests by which a service assumes a role for the own account. If there are several, the
 * options do not say which of them the service makes: they name no organisation, or not exactly one path in it.
 */
export function listOwnRequests(service: PolicyPrincipal, own: OwnAccount): readonly OwnRequests[] {
  const { account, organization, organizationPaths, partition = "aws" } = own;
  const base = [
    ...(account === undefined ? [] : describeSource(service, account, partition)),
    ...principalKeys.map(isAbsent),
    make("Bool", serviceKeys[0], ["true"]),
    ...hasOnly(serviceKeys[1], "StringEquals", [service.id]),
  ];
  const variables = new Map(account === undefined ? [] : [["aws:resourceaccount", account] as const]);
  const inside = (id: string, paths: readonly CompiledCondition[]): OwnRequests => ({
    conditions: [...base, ...hasOnly("aws:sourceorgid", "StringEquals", [id]), ...paths],
    variables: new Map([...variables, ["aws:resourceorgid", id]]),
  });
  const atPaths = (operator: "StringEquals" | "StringLike", paths: readonly string[]) =>
    hasOnly("aws:sourceorgpaths", operator, paths);
  if (!sendsSource(service)) {
    return [{ conditions: [...base, ...organizationKeys.map(isAbsent)], variables }];
  }
  if (organization !== undefined && organizationPaths !== undefined) {
    return organizationPaths.map((path) => inside(organization, atPaths("StringEquals", [path])));
  }
  if (organization !== undefined) {
    return [
      inside(organization, atPaths("StringEquals", [`${organization}/${unnamed}/${unnamed}/`])),
      inside(organization, atPaths("StringLike", [`${organization}/*`])),
    ];
  }
  return [
    { conditions: [...base, ...organizationKeys.map(isAbsent)], variables },
    inside(unnamed, atPaths("StringEquals", [`${unnamed}/${unnamed}/${unnamed}/`])),
    { conditions: base, variables },
  ];
}

/** Stands for a name that no policy names. */
const unnamed = "unnamed-0123456789abcdef";

/** Returns the conditions on the source that hold when a service acts for an account. */
function describeSource(
  service: PolicyPrincipal,
  account: string,
  partition: string,
): readonly CompiledCondition[] {
  const keys = ["aws:sourceaccount", "aws:sourcearn"] as const;
  if (!sendsSource(service)) return keys.map(isAbsent);
  const arns = listArns(service).map((arn) => `arn:${partition}:${arn.replace("ACCOUNT", account)}`);
  return [
    ...hasOnly("aws:sourceaccount", "StringEquals", [account]),
    ...hasOnly("aws:sourcearn", "ArnLike", arns),
  ];
}

/**
 * EC2 sends neither aws:SourceAccount nor aws:SourceArn when it assumes the role of an instance: with such a condition
 * the role stops working (https://github.com/prowler-cloud/prowler/issues/2810).
 */
const servicesWithoutSource = /^ec2(?:\.[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?$/;

function sendsSource({ id }: PolicyPrincipal): boolean {
  return !servicesWithoutSource.test(id);
}

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
 * Returns patterns of the ARNs that a service can send, without partition: `monitoring.rds.amazonaws.com` sends ARNs of
 * RDS. A condition on the ARN of one ECS cluster is not supported for tasks, so their ARN names a cluster that no policy
 * names (docs/aws-facts.md, "Trust conditions").
 */
function listArns({ id }: PolicyPrincipal): readonly string[] {
  const labels = id.replace(/\.amazonaws\.com(?:\.cn)?$/, "").split(".");
  if (labels[0] === "ecs-tasks") {
    return [`task/${unnamed}/${unnamed}`, `cluster/${unnamed}`].map(
      (resource) => `ecs:*:ACCOUNT:${resource}`,
    );
  }
  const services = new Set(labels.map((label) => arnServices.get(label) ?? label));
  return [...services].map((service) => `${service}:*:ACCOUNT:?*`);
}

/** Wildcards as plain characters, and account ids within the resource of an ARN: nothing has such a name. */
const unlikely = ["*${*}*", "*${?}*", "*:*:*:*:*:????????????:*", "*:*:*:*:*:????????????"];

function isAbsent(key: string): CompiledCondition {
  return make("Null", key, ["true"]);
}

/** Returns the conditions that a request has a key, and only values of it that match and are not unlikely. */
function hasOnly(
  key: string,
  operator: "StringEquals" | "StringLike" | "ArnLike",
  values: readonly string[],
): readonly CompiledCondition[] {
  return [
    make("Null", key, ["false"]),
    make(`ForAllValues:${operator}`, key, values),
    ...(operator === "StringEquals" ? [] : [make("ForAllValues:StringNotLike", key, unlikely)]),
  ];
}

function make(operator: string, key: string, values: readonly string[]): CompiledCondition {
  const condition = { operator, key, values };
  return compileCondition(condition, condition);
}
