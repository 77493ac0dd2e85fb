import * as z from "zod";
import { optionalText } from "../batch/batch.ts";
import { isPermissionTrouble } from "../batch/failure-reason.ts";
import { parseJobTasks } from "../batch/job-definition.ts";
import { linkedRoles } from "../linked-role/linked-role.ts";
import { lastSegment } from "../model/arn.ts";
import type { Subject } from "../model/change.ts";
import type { Instant } from "../model/instant.ts";
import { RegionName } from "../model/region-name.ts";
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

const listOf = <T extends z.ZodType>(item: T) => z.array(item).optional().catch(undefined);

const Stopped = z.looseObject({ reason: optionalText }).catch({});
// A task of ECS, a pod of Kubernetes, or an attempt of one: its containers say why they stopped.
const Pod = z.looseObject({ containers: listOf(Stopped), initContainers: listOf(Stopped) }).catch({});
const Tasks = z.looseObject({ taskProperties: listOf(Pod) }).catch({});
const Attempt = z
  .looseObject({ statusReason: optionalText, container: Stopped.optional(), taskProperties: listOf(Pod) })
  .catch({});
const EksAttempt = z
  .looseObject({ statusReason: optionalText, containers: listOf(Stopped), initContainers: listOf(Stopped) })
  .catch({});

const Detail = z.looseObject({
  jobName: optionalText,
  jobId: optionalText,
  jobQueue: optionalText,
  jobDefinition: optionalText,
  status: optionalText,
  statusReason: optionalText,
  container: Stopped.optional(),
  attempts: listOf(Attempt),
  ecsProperties: Tasks.optional(),
  eksProperties: z.looseObject({ podProperties: Pod.optional() }).catch({}).optional(),
  eksAttempts: listOf(EksAttempt),
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
  const { status } = parsed.data;
  const blocked = event["detail-type"].endsWith("Queue Blocked");
  if (!blocked && status !== "FAILED") return { why: `the job's status is ${status ?? "missing"}` };
  const reason = listReasons(parsed.data).find(isPermissionTrouble);
  if (reason === undefined) return { why: "its reason concerns no role or permission" };
  const job = parsed.data.jobName ?? parsed.data.jobId ?? "a job";
  const queue = parsed.data.jobQueue ?? event.resources?.find((arn) => arn.includes(":job-queue/"));
  const queueName = nameOf(queue);
  return {
    id: event.id ?? "",
    at: event.time,
    account: event.account ?? "",
    region: RegionName.safeParse(event.region).data ?? "",
    what: blocked ? `job queue ${queueName ?? "of a job"} blocked by job ${job}` : `job ${job} FAILED`,
    reason: reason.slice(0, 500),
    subjects: [...subjectsOf(parsed.data, event), ...serviceRoles(event["detail-type"])],
    ...(queueName !== undefined && { queue: queueName }),
  };
}

/** Returns every reason of a failure that a job's description holds: of the job, its attempts, tasks, pods and containers. */
function listReasons({
  statusReason,
  container,
  attempts = [],
  ecsProperties,
  eksProperties,
  eksAttempts = [],
}: z.infer<typeof Detail>): readonly string[] {
  const podReasons = (pod: z.infer<typeof Pod> | undefined) =>
    [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])].map(({ reason }) => reason);
  return [
    statusReason,
    container?.reason,
    ...(ecsProperties?.taskProperties ?? []).flatMap(podReasons),
    ...podReasons(eksProperties?.podProperties),
    ...attempts.flatMap((attempt) => [
      attempt.statusReason,
      attempt.container?.reason,
      ...(attempt.taskProperties ?? []).flatMap(podReasons),
    ]),
    ...eksAttempts.flatMap((attempt) => [attempt.statusReason, ...podReasons(attempt)]),
  ].filter((reason) => reason !== undefined);
}

/** Returns the roles that a job's description names, and its definition, each once. */
function subjectsOf(
  { jobDefinition }: z.infer<typeof Detail>,
  { detail, account = "", region = "" }: NativeEvent,
): readonly Subject[] {
  const definition = jobDefinition?.replace(/^.*\//, "").replace(/:\d+$/, "");
  const roles = parseJobTasks(detail, { account, partition: "aws", region }).flatMap(({ execution, job }) =>
    [execution, job].flatMap((role) => (role === undefined || role.otherAccount ? [] : [role.name])),
  );
  const found: readonly Subject[] = [
    ...[...new Set(roles)].map((name): Subject => ({ kind: "role", name })),
    ...(definition === undefined ? [] : [{ kind: "job-definition", name: definition } as const]),
  ];
  // A job has far fewer; an event by somebody else may name any number.
  return found.filter((subject) => isPossibleSubject(subject)).slice(0, 128);
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
