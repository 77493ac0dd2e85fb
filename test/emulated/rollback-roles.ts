import { defineConfig } from "@drift-guard/core/config/config";
import type { ReferenceInput } from "@drift-guard/core/reference/reference";
import { keyOf } from "./account.ts";

/** A managed policy of AWS, which `attached` needs. */
export const neededPolicy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
/** The customer-managed policy that `shared` needs, and its document. */
export const sharedPolicy = `arn:aws:iam::${keyOf("").account}:policy/team-queues`;
/** The permissions boundary that `bounded` must have. */
export const requiredBoundary = `arn:aws:iam::${keyOf("").account}:policy/team-boundary`;

/** A policy document with one statement. */
export const documentOf = (Effect: "Allow" | "Deny", Action: string, Resource = "*") => ({
  Version: "2012-10-17",
  Statement: [{ Effect, Action, Resource }],
});

const source = { title: "A reference of this test", date: "2026-11-28" };
/** The trust policy of every role. */
export const trust = {
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" },
  ],
};

/** That trust policy with another account let in. */
export const openedTrust = {
  ...trust,
  Statement: [
    ...trust.Statement,
    { Effect: "Allow", Principal: { AWS: "arn:aws:iam::999988887777:root" }, Action: "sts:AssumeRole" },
  ],
};

const attachmentOf = (arn: string, document: object): ReferenceInput["attachments"][number] => ({
  arn,
  version: "v1",
  document: { ...document },
  source,
});

const reference = (role: string, own: Partial<ReferenceInput> = {}): ReferenceInput => ({
  role,
  source,
  trust,
  attachments: [],
  boundary: "none",
  ...own,
});

const execution = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Action: [
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
      ],
      Resource: "*",
    },
  ],
};
const needs = (role: string) => reference(role, { attachments: [attachmentOf(neededPolicy, execution)] });

const references = [
  needs("observed"),
  needs("attached"),
  needs("approved"),
  needs("undone"),
  needs("paused"),
  needs("contested"),
  needs("interrupted"),
  needs("simulated"),
  needs("windowed"),
  needs("revoked"),
  needs("remade"),
  needs("accepted"),
  needs("stolen"),
  reference("inlined", { floor: { document: documentOf("Allow", "logs:PutLogEvents"), source } }),
  reference("trusting"),
  reference("bounded", { boundary: { arn: requiredBoundary, document: documentOf("Allow", "logs:*") } }),
  reference("unbounded"),
  reference("shared", { attachments: [attachmentOf(sharedPolicy, documentOf("Allow", "sqs:SendMessage"))] }),
  reference("described", {
    description: "Runs the nightly jobs",
    maxSession: 3600,
    tags: { team: "batch" },
    strictness: {
      trust: "exact",
      attachments: "required",
      floor: "required",
      ceiling: "closed",
      tags: "closed",
    },
  }),
];

const automatic = { excess: "automatic", missing: "automatic", altered: "automatic" } as const;

const weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
// Some days before the next one opens.
const closedWindow = {
  days: weekdays.filter((_, day) => day === (new Date().getUTCDay() + 3) % 7),
  from: "09:00",
  to: "17:00",
};

/** A role for each kind of rollback, with a reference of its own. */
export const rollbackConfig = defineConfig({
  roles: {
    ...Object.fromEntries(references.map(({ role }) => [role, { rollback: automatic }])),
    approved: { rollback: { missing: "approve" } },
    shared: { rollback: { ...automatic, sharedPolicies: true } },
    simulated: { rollback: { excess: "simulate", missing: "simulate" } },
    windowed: { rollback: { ...automatic, windows: [closedWindow] } },
    revoked: { rollback: { ...automatic, sessions: "revoke" } },
    accepted: { rollback: { excess: "approve" } },
  },
  references: references.map((each) => ({ ...each, retired: [] })),
  securityHub: true,
  recheckSeconds: 5,
});
