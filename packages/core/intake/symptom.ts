import * as z from "zod";
import { optionalText } from "../batch/batch.ts";
import { isPermissionTrouble } from "../batch/permission-trouble.ts";
import { linkedRoles } from "../linked-role/linked-role.ts";
import { lastSegment } from "../model/arn.ts";
import type { Subject } from "../model/change.ts";
import type { Instant } from "../model/instant.ts";
import { isPossibleSubject } from "./subject-validation.ts";

/** A failed job or blocked queue that AWS Batch reports, which may be caused by one of its roles. */
export interface Symptom {
  /** EventBridge's id of the event, the same for every copy. */
  readonly id: string;
  readonly at: Instant;
  readonly account: string;
  readonly region: string;
  /** Such as `job nightly FAILED`. */
  readonly what: string;
  /** The reason that AWS Batch gives, up to 500 characters. */
  readonly reason: string;
  readonly subjects: readonly Subject[];
  /** Name of the job queue, if the event names it. */
  readonly queue?: string;
}

/** Detail-types of AWS Batch's own events about failed jobs and blocked queues (docs/aws-facts.md, "EventBridge delivery"). */
export const symptomTypes = [
  "Batch Job State Change",
  "Batch Job Queue Blocked",
  "Batch Service Job State Change",
  "Batch Service Job Queue Blocked",
] as const;

/** Whether a detail-type is one of `symptomTypes`. */
export function isSymptomType(type: string): boolean {
  return symptomTypes.some((known) => known === type);
}

const Detail = z.looseObject({
  jobName: optionalText,
  jobId: optionalText,
  jobQueue: optionalText,
  jobDefinition: optionalText,
  status: optionalText,
  statusReason: optionalText,
  container: z
    .looseObject({ reason: optionalText, executionRoleArn: optionalText, jobRoleArn: optionalText })
    .optional()
    .catch(undefined),
  attempts: z
    .array(
      z.looseObject({
        statusReason: optionalText,
        container: z.looseObject({ reason: optionalText }).optional().catch(undefined),
      }),
    )
    .optional()
    .catch(undefined),
});

/** An EventBridge envelope with one of `symptomTypes`. */
export interface NativeEvent {
  readonly id?: string | undefined;
  readonly time: Instant;
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly detail?: unknown;
  readonly "detail-type": string;
}

/** Parses an event of AWS Batch. Returns its symptom, or why it has none that concerns a role. */
export function readSymptom(event: NativeEvent): Symptom | { readonly why: string } {
  const parsed = Detail.safeParse(event.detail);
  if (!parsed.success) return { why: "the event describes no job" };
  const { status, container, attempts = [] } = parsed.data;
  const blocked = event["detail-type"].endsWith("Queue Blocked");
  if (!blocked && status !== "FAILED") return { why: `the job's status is ${status ?? "missing"}` };
  const reasons = [
    parsed.data.statusReason,
    container?.reason,
    ...attempts.flatMap((attempt) => [attempt.statusReason, attempt.container?.reason]),
  ].filter((reason) => reason !== undefined);
  const reason = reasons.find(isPermissionTrouble);
  if (reason === undefined) return { why: "its reason concerns no role or permission" };
  const job = parsed.data.jobName ?? parsed.data.jobId ?? "a job";
  const queue = parsed.data.jobQueue ?? event.resources?.find((arn) => arn.includes(":job-queue/"));
  const queueName = nameOf(queue);
  return {
    id: event.id ?? "",
    at: event.time,
    account: event.account ?? "",
    region: event.region ?? "",
    what: blocked ? `job queue ${queueName ?? "of a job"} blocked by job ${job}` : `job ${job} FAILED`,
    reason: reason.slice(0, 500),
    subjects: [...subjectsOf(parsed.data), ...serviceRoles(event["detail-type"])],
    ...(queueName !== undefined && { queue: queueName }),
  };
}

function subjectsOf({ jobDefinition, container }: z.infer<typeof Detail>): readonly Subject[] {
  const roles = [container?.executionRoleArn, container?.jobRoleArn];
  const definition = jobDefinition?.replace(/^.*\//, "").replace(/:\d+$/, "");
  const found: readonly Subject[] = [
    ...roles.flatMap((arn): readonly Subject[] => {
      const name = nameOf(arn);
      return name === undefined ? [] : [{ kind: "role", name }];
    }),
    ...(definition === undefined ? [] : [{ kind: "job-definition", name: definition } as const]),
  ];
  return found.filter((subject) => isPossibleSubject(subject));
}

// Service jobs use a service-linked role of AWS Batch that no event names (2.5).
function serviceRoles(type: string): readonly Subject[] {
  if (!type.startsWith("Batch Service ")) return [];
  return linkedRoles
    .filter(({ usedBy }) => usedBy === "service environments")
    .map(({ name }) => ({ kind: "role", name }));
}

function nameOf(arn: string | undefined): string | undefined {
  return arn === undefined ? undefined : lastSegment(arn);
}
