import { defineReference, type Reference } from "@drift-guard/core/reference/reference";
import { account } from "../../../builders.ts";

/** The role that the histories are about. */
export const roleName = "Worker";
/** Another role of the account, which the guard does not know. It may have the same customer-managed policies. */
export const neighbourName = "Neighbour";

/** Returns a policy document with these statements. */
function policy(...Statement: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

const source = { title: "a test", date: "2026-11-22" };
const service = "ecs-tasks.amazonaws.com";
/** A role of another account that nothing has to do with. */
export const strangerArn = "arn:aws:iam::999988887777:role/x";

/** The policy of AWS that the reference attaches. */
export const jobsPolicy = "arn:aws:iam::aws:policy/service-role/WorkerJobs";
export const jobsText = policy({
  Effect: "Allow",
  Action: ["s3:GetObject", "logs:PutLogEvents"],
  Resource: "*",
});

/** The inline policy that holds the reference's own grants. */
export const floorName = "RequiredPermissions";
export const floorText = policy({
  Effect: "Allow",
  Action: "ssm:GetParameters",
  Resource: "arn:aws:ssm:*:*:parameter/app",
});

const letIn = (Principal: unknown, over: object = {}) => ({
  Effect: "Allow",
  Principal,
  Action: "sts:AssumeRole",
  ...over,
});
const own = letIn({ Service: service });

/** Trust policies that somebody may write, by what they do. */
export const trusts = {
  clean: policy(own),
  hardened: policy({ ...own, Condition: { StringEquals: { "aws:SourceAccount": account } } }),
  "stranger added": policy(own, letIn({ AWS: strangerArn })),
  "stranger in the list": policy(letIn({ Service: service, AWS: [strangerArn] })),
  "stranger alone": policy(letIn({ AWS: "999988887777" })),
  "stranger with a condition": policy(
    own,
    letIn("*", { Condition: { StringEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } } }),
  ),
  "another service": policy(letIn({ Service: [service, "lambda.amazonaws.com"] })),
  "another service alone": policy(letIn({ Service: "lambda.amazonaws.com" })),
  "denied to all": policy(own, { ...letIn("*"), Effect: "Deny" }),
} as const;
export type TrustName = keyof typeof trusts;

/** Policies of permissions that somebody may write, by what they do. */
export const documents = {
  floor: floorText,
  "iam:*": policy({ Effect: "Allow", Action: "iam:*", Resource: "*" }),
  "floor and more": policy(
    { Effect: "Allow", Action: "ssm:GetParameters", Resource: "arn:aws:ssm:*:*:parameter/app" },
    { Effect: "Allow", Action: "s3:PutObject", Resource: "*" },
  ),
  "all but what nobody does": policy(
    { Effect: "Allow", Action: "*", Resource: "*" },
    { Effect: "Deny", Action: "s3:NoSuchAction", Resource: "*" },
  ),
  "all but writing": policy(
    { Effect: "Allow", Action: "*", Resource: "*" },
    { Effect: "Deny", Action: "s3:PutObject", Resource: "*" },
  ),
  "deny reading": policy({ Effect: "Deny", Action: "s3:GetObject", Resource: "*" }),
  "deny all": policy({ Effect: "Deny", Action: "*", Resource: "*" }),
  "deny older sessions": policy({
    Effect: "Deny",
    Action: "*",
    Resource: "*",
    Condition: { DateLessThan: { "aws:TokenIssueTime": "2026-11-22T12:00:00Z" } },
  }),
  "part of the jobs": policy({ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }),
} as const;
export type DocumentName = keyof typeof documents;

/** ARN of a customer-managed policy of the account. */
export const ownPolicy = (name: string) => `arn:aws:iam::${account}:policy/${name}`;

/** The customer-managed policies that the reference `shared` names: one that it attaches, and its boundary. */
export const sharedPolicies = { data: ownPolicy("data"), edge: ownPolicy("edge") } as const;
export type SharedPolicyName = keyof typeof sharedPolicies;

/** Documents that somebody may write into a customer-managed policy, by what they do. */
export const sharedDocuments = {
  data: policy({ Effect: "Allow", Action: "dynamodb:GetItem", Resource: "*" }),
  edge: policy({ Effect: "Allow", Action: ["s3:*", "logs:*", "ssm:*", "dynamodb:*"], Resource: "*" }),
  "data in other words": policy({
    Sid: "Read",
    Effect: "Allow",
    Action: ["dynamodb:GetItem"],
    Resource: ["*"],
  }),
  everything: policy({ Effect: "Allow", Action: "*", Resource: "*" }),
  "data and more": policy({
    Effect: "Allow",
    Action: ["dynamodb:GetItem", "dynamodb:PutItem"],
    Resource: "*",
  }),
  "data and a Deny": policy(
    { Effect: "Allow", Action: "dynamodb:GetItem", Resource: "*" },
    { Effect: "Deny", Action: "s3:PutObject", Resource: "*" },
  ),
  "deny all": documents["deny all"],
} as const;
export type SharedDocumentName = keyof typeof sharedDocuments;

/** The settings of the role in the reference `shared`. */
export const settings = { description: "Runs jobs", maxSession: 7200, tags: { team: "batch" } } as const;

const plain = {
  role: roleName,
  source,
  trust: trusts.clean,
  attachments: [{ arn: jobsPolicy, version: "v1", document: jobsText, source }],
  floor: { document: floorText, source },
  boundary: "none",
} as const;

/** References of the role: one without, and one with customer-managed policies, a boundary, settings and tags. */
export const references = {
  plain: defineReference(plain),
  shared: defineReference({
    ...plain,
    attachments: [
      ...plain.attachments,
      { arn: sharedPolicies.data, version: "v1", document: sharedDocuments.data, source },
    ],
    boundary: { arn: sharedPolicies.edge, document: sharedDocuments.edge },
    ...settings,
    strictness: {
      trust: "exact",
      attachments: "required",
      floor: "required",
      ceiling: "closed",
      tags: "closed",
    },
  }),
} as const satisfies Readonly<Record<string, Reference>>;
export type ReferenceName = keyof typeof references;
