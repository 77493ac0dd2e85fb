import * as z from "zod";
import { MessageUnreadableError } from "../errors.ts";
import { formatIssues } from "../issues.ts";
import {
  type HubPlace,
  HubWorkflow,
  hubGenerator,
  hubIdOf,
  hubProductOf,
  hubTransitionField,
} from "../model/hub.ts";

/** The detail types of Security Hub's events that the guard takes (docs/aws-facts.md, "Security Hub"). */
export const hubEventTypes = {
  imported: "Security Hub Findings - Imported",
  action: "Security Hub Findings - Custom Action",
} as const;

// The newer Security Hub sends its own event about each finding, in OCSF. It says nothing that the other one does not.
const newerType = "Findings Imported V2";

/** `source` of Security Hub's events. */
export const hubEventSource = "aws.securityhub";

/** One of the guard's findings, as an event of Security Hub shows it. */
export interface HubReport {
  readonly findingId: string;
  /** Name of the finding's role. */
  readonly role: string;
  /** The number of the transition by which the finding was last imported. */
  readonly seq: number;
  readonly workflow: HubWorkflow;
}

/** What an event of Security Hub says about the guard's findings; none if it concerns others only. */
export type HubEvent = {
  /** EventBridge's id. */
  readonly id: string;
  readonly findings: readonly HubReport[];
} & (
  | { readonly kind: "imported" }
  /** A user chose a custom action. `action`: its name, as they wrote it. */
  | { readonly kind: "action"; readonly action: string }
);

const Envelope = z.looseObject({
  id: z.string().min(1).max(128),
  source: z.literal(hubEventSource),
  "detail-type": z.enum([...Object.values(hubEventTypes), newerType]),
  detail: z.looseObject({
    actionName: z.string().max(1024).optional(),
    findings: z.array(z.unknown()).max(100),
  }),
});

const ReportedFinding = z.looseObject({
  Id: z.string(),
  ProductArn: z.string(),
  GeneratorId: z.string().startsWith(hubGenerator),
  AwsAccountId: z.string(),
  Workflow: z.looseObject({ Status: HubWorkflow }).optional(),
  ProductFields: z.looseObject({ [hubTransitionField]: z.string() }),
  Resources: z.array(z.unknown()).max(32),
});

const RoleResource = z.looseObject({
  Type: z.literal("AwsIamRole"),
  Details: z.looseObject({
    AwsIamRole: z.looseObject({ RoleName: z.string().regex(/^[\w+=,.@-]{1,64}$/) }),
  }),
});

/** Whether the body of a queue message claims to be an event of Security Hub. */
export function isHubEvent(body: string): boolean {
  return z.looseObject({ source: z.literal(hubEventSource) }).safeParse(parseJson(body)).success;
}

/**
 * Parses an event of Security Hub that a rule sent to a queue. Findings that the guard of this place did not import are left
 * out. Throws `MessageUnreadableError` if it is no such event.
 */
export function parseHubEvent(body: string, place: HubPlace): HubEvent {
  const value = parseJson(body);
  const envelope = Envelope.safeParse(value);
  if (!envelope.success) {
    throw new MessageUnreadableError(
      `The message is not an event about findings of Security Hub.\n${formatIssues(envelope.error, value)}`,
      { cause: envelope.error },
    );
  }
  const { id, detail, "detail-type": type } = envelope.data;
  const findings = detail.findings.flatMap((finding) => readReport(finding, place));
  switch (type) {
    case newerType:
      return { kind: "imported", id, findings: [] };
    case hubEventTypes.imported:
      return { kind: "imported", id, findings };
    case hubEventTypes.action:
      return { kind: "action", id, findings, action: detail.actionName ?? "" };
  }
}

function readReport(finding: unknown, place: HubPlace): readonly HubReport[] {
  const parsed = ReportedFinding.safeParse(finding);
  if (!parsed.success) return [];
  const { Id, ProductArn, AwsAccountId, Workflow, ProductFields, Resources } = parsed.data;
  if (ProductArn !== hubProductOf(place) || AwsAccountId !== place.account) return [];
  const [, findingId, seq] = /^([0-9a-z-]{1,64})#(\d{1,6})$/i.exec(ProductFields[hubTransitionField]) ?? [];
  if (findingId === undefined || Id !== hubIdOf(place.account, findingId)) return [];
  const role = Resources.map((resource) => RoleResource.safeParse(resource)).find(({ success }) => success)
    ?.data?.Details.AwsIamRole.RoleName;
  if (role === undefined) return [];
  return [{ findingId, role, seq: Number(seq), workflow: Workflow?.Status ?? "NEW" }];
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
