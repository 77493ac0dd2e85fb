import type { Role } from "@drift-guard/core/model/role";
import { defineReference, type Reference } from "@drift-guard/core/reference/reference";
import { decide } from "@drift-guard/policy/decide";
import type { PolicyPrincipal, PolicyRequest } from "@drift-guard/policy/grant";
import { parsePolicy } from "@drift-guard/policy/parse";
import { account } from "../../../builders.ts";

/** The role that the histories are about. */
export const roleName = "Worker";

/** Returns a policy document with these statements. */
function policy(...Statement: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

const source = { title: "a test", date: "2026-11-22" };
const service = "ecs-tasks.amazonaws.com";
const strangerArn = "arn:aws:iam::999988887777:role/x";

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

/** The reference of the role. */
export const reference: Reference = defineReference({
  role: roleName,
  source,
  trust: trusts.clean,
  attachments: [{ arn: jobsPolicy, version: "v1", document: jobsText, source }],
  floor: { document: floorText, source },
  boundary: "none",
});

const stranger: PolicyPrincipal = { type: "AWS", id: strangerArn };
const strangers: readonly PolicyPrincipal[] = [stranger, { type: "Service", id: "lambda.amazonaws.com" }];
const contexts: readonly PolicyRequest["context"][] = [
  { "aws:sourceaccount": account },
  { "aws:principalorgid": "o-a1b2c3d4e5" },
];

const parsed = new Map<string, ReturnType<typeof parsePolicy>>();

function parse(text: string): ReturnType<typeof parsePolicy> {
  const known = parsed.get(text) ?? parsePolicy(text);
  parsed.set(text, known);
  return known;
}

/** Whether each stranger can assume the role. */
export function admissions({ trust }: Role): readonly boolean[] {
  return strangers.flatMap((principal) =>
    contexts.map(
      (context) => decide({ principal, action: "sts:AssumeRole", context }, [parse(trust)]) === "allowed",
    ),
  );
}

const actions = [
  "s3:GetObject",
  "s3:PutObject",
  "iam:PassRole",
  "logs:PutLogEvents",
  "ssm:GetParameters",
] as const;

/** Whether a session of the role that was issued at `issuedAt` may do something, for each of some requests. */
export function permissions(
  { attached, inline, boundary }: Role,
  issuedAt = "2026-11-22T11:00:00Z",
): readonly boolean[] {
  const texts = [
    ...attached.flatMap(({ version }) => (version.observed ? [version.value.text] : [])),
    ...inline.map(({ text }) => text),
  ].map(parse);
  const bound =
    boundary.observed && boundary.value?.version.observed
      ? parse(boundary.value.version.value.text)
      : undefined;
  return actions.map((action) => {
    const resource = action.startsWith("ssm:")
      ? `arn:aws:ssm:us-east-1:${account}:parameter/app`
      : "arn:aws:s3:::jobs/a";
    const request = { action, resource, context: { "aws:tokenissuetime": issuedAt } };
    return (
      decide(request, texts) === "allowed" && (bound === undefined || decide(request, [bound]) === "allowed")
    );
  });
}

/** Whether anything is allowed after a change that was not before. */
export function grows(before: readonly boolean[], after: readonly boolean[]): boolean {
  return after.some((allowed, index) => allowed && !before[index]);
}
