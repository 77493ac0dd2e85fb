import type { Role } from "@drift-guard/core/model/role";
import { decide } from "@drift-guard/policy/decide";
import type { PolicyPrincipal, PolicyRequest } from "@drift-guard/policy/grant";
import { parsePolicy } from "@drift-guard/policy/parse";
import { account } from "../../../builders.ts";
import { type ReferenceName, references, strangerArn } from "./worker.ts";

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
  "dynamodb:GetItem",
  "dynamodb:PutItem",
] as const;

const resources: Readonly<Record<string, string>> = {
  ssm: `arn:aws:ssm:us-east-1:${account}:parameter/app`,
  dyn: `arn:aws:dynamodb:us-east-1:${account}:table/jobs`,
};

function resourceOf(action: string): string {
  return resources[action.slice(0, 3)] ?? "arn:aws:s3:::jobs/a";
}

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
    const request = { action, resource: resourceOf(action), context: { "aws:tokenissuetime": issuedAt } };
    return (
      decide(request, texts) === "allowed" && (bound === undefined || decide(request, [bound]) === "allowed")
    );
  });
}

/** Whether the reference of the role allows it, for each of the same requests. */
export function requiredPermissions(reference: ReferenceName): readonly boolean[] {
  const { attachments, floor } = references[reference];
  const documents = [...attachments.map(({ document }) => document), ...(floor ? [floor.document] : [])];
  const texts = documents.map(parse);
  return actions.map(
    (action) => decide({ action, resource: resourceOf(action), context: {} }, texts) === "allowed",
  );
}

/** Whether anything is allowed after a change that was not before. */
export function grows(before: readonly boolean[], after: readonly boolean[]): boolean {
  return after.some((allowed, index) => allowed && !before[index]);
}
