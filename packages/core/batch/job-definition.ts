import * as z from "zod";
import {
  type BatchPlace,
  type JobDefinition,
  type JobTask,
  optionalText,
  readDefinitionName,
  readRole,
} from "./batch.ts";
import { needLogGroup, type ReadNeeds, readCredentialsParameter, readValueFrom } from "./definition-needs.ts";
import type { Need } from "./role-use.ts";

// The guide prints some single objects as lists, and recorded requests hold null for an absent list.
const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess((value) => (Array.isArray(value) ? value : value == null ? [] : [value]), z.array(item));

const NamedValue = z.looseObject({ valueFrom: z.unknown() }).catch({ valueFrom: undefined });

// One option of another type must not hide the others.
const LogOptions = z
  .record(
    z.string(),
    z.preprocess(
      (value) => (typeof value === "boolean" || typeof value === "number" ? String(value) : value),
      z.string().optional().catch(undefined),
    ),
  )
  .optional()
  .catch(undefined);

const Container = z.looseObject({
  executionRoleArn: optionalText,
  jobRoleArn: optionalText,
  secrets: listOf(NamedValue),
  logConfiguration: listOf(
    z
      .looseObject({
        logDriver: optionalText,
        secretOptions: listOf(NamedValue),
        options: LogOptions,
      })
      .catch({ secretOptions: [{ valueFrom: undefined }], options: undefined }),
  ),
  repositoryCredentials: listOf(
    z.looseObject({ credentialsParameter: z.unknown() }).catch({ credentialsParameter: undefined }),
  ),
});

const Task = z.looseObject({
  executionRoleArn: optionalText,
  taskRoleArn: optionalText,
  containers: listOf(z.unknown()),
});

const Tasks = z.looseObject({ taskProperties: listOf(z.unknown()) });
const Range = z.looseObject({ container: listOf(z.unknown()), ecsProperties: listOf(z.unknown()) });

const Shape = z.looseObject({
  containerProperties: listOf(z.unknown()),
  nodeProperties: listOf(
    z.looseObject({ nodeRangeProperties: listOf(z.unknown()) }).catch({ nodeRangeProperties: [] }),
  ),
  ecsProperties: listOf(z.unknown()),
});

const Definition = Shape.extend({
  jobDefinitionName: z.string().min(1),
  revision: z.number().int().optional().catch(undefined),
  status: optionalText,
  platformCapabilities: z.array(z.string()).optional().catch(undefined),
});

/**
 * Reads a job definition from the parameters of RegisterJobDefinition, or from an item of DescribeJobDefinitions.
 * It can name roles and secrets in five places; `eksProperties` holds Kubernetes pods, which name no role or secret of
 * AWS. Undefined if the value has no name.
 */
export function parseJobDefinition(value: unknown, place: BatchPlace): JobDefinition | undefined {
  const parsed = Definition.safeParse(value);
  if (!parsed.success) return undefined;
  const { jobDefinitionName, revision, status, platformCapabilities } = parsed.data;
  const named = readDefinitionName(jobDefinitionName);
  return {
    region: place.region,
    name: named.name,
    revision: revision ?? named.revision ?? 0,
    active: status !== "INACTIVE",
    fargate: platformCapabilities?.includes("FARGATE") ?? false,
    tasks: tasksOf(parsed.data, place),
  };
}

/**
 * Reads the tasks of a job as AWS Batch describes it, in its events and in DescribeJobs: as in a job definition, with
 * `container` in place of `containerProperties`. Empty if the value is no object.
 */
export function parseJobTasks(job: unknown, place: BatchPlace): readonly JobTask[] {
  const parsed = z.looseObject({ container: z.unknown().optional() }).safeParse(job);
  if (!parsed.success) return [];
  const shape = Shape.safeParse({ ...parsed.data, containerProperties: parsed.data.container });
  return shape.success ? tasksOf(shape.data, place) : [];
}

function tasksOf(shape: z.infer<typeof Shape>, place: BatchPlace): readonly JobTask[] {
  return [
    ...shape.containerProperties.flatMap((one) => readContainer(one, "containerProperties", place)),
    ...shape.nodeProperties.flatMap(({ nodeRangeProperties }) =>
      nodeRangeProperties.flatMap((range, index) =>
        readRange(range, `nodeProperties.nodeRangeProperties[${index}]`, place),
      ),
    ),
    ...shape.ecsProperties.flatMap((one) => readTasks(one, "ecsProperties", place)),
  ];
}

function readRange(value: unknown, at: string, place: BatchPlace): readonly JobTask[] {
  const parsed = Range.safeParse(value);
  if (!parsed.success) return [unreadable(at)];
  return [
    ...parsed.data.container.flatMap((one) => readContainer(one, `${at}.container`, place)),
    ...parsed.data.ecsProperties.flatMap((one) => readTasks(one, `${at}.ecsProperties`, place)),
  ];
}

function readTasks(value: unknown, at: string, place: BatchPlace): readonly JobTask[] {
  const parsed = Tasks.safeParse(value);
  if (!parsed.success) return [unreadable(at)];
  return parsed.data.taskProperties.map((given, index) => {
    const where = `${at}.taskProperties[${index}]`;
    const task = Task.safeParse(given);
    if (!task.success) return unreadable(where);
    const { executionRoleArn, taskRoleArn, containers } = task.data;
    const inner = containers.flatMap((one, number) =>
      readContainer(one, `${where}.containers[${number}]`, place),
    );
    const roles = readRoles(executionRoleArn, taskRoleArn, where, place);
    return {
      ...roles,
      at: where,
      needs: inner.flatMap(({ needs }) => needs),
      unread: [...roles.unread, ...inner.flatMap(({ unread }) => unread)],
      refused: inner.flatMap(({ refused }) => refused),
      features: inner.flatMap(({ features }) => features),
    };
  });
}

function readContainer(value: unknown, at: string, place: BatchPlace): readonly JobTask[] {
  const parsed = Container.safeParse(value);
  if (!parsed.success) return [unreadable(at)];
  const { secrets, logConfiguration, repositoryCredentials } = parsed.data;
  const roles = readRoles(parsed.data.executionRoleArn, parsed.data.jobRoleArn, at, place);
  const reads: ReadNeeds[] = [
    ...secrets.map(({ valueFrom }, index) =>
      readSecret(valueFrom, `${at}.secrets[${index}].valueFrom`, place),
    ),
    ...logConfiguration.flatMap(({ secretOptions }) =>
      secretOptions.map(({ valueFrom }, index) =>
        readSecret(valueFrom, `${at}.logConfiguration.secretOptions[${index}].valueFrom`, place),
      ),
    ),
    ...repositoryCredentials.map(({ credentialsParameter }) => {
      const where = `${at}.repositoryCredentials.credentialsParameter`;
      return typeof credentialsParameter === "string"
        ? readCredentialsParameter(credentialsParameter, where, place)
        : notText(where);
    }),
  ];
  // AWS Batch uses the driver awslogs where the definition names none.
  const logs = logConfiguration
    .filter(({ logDriver = "awslogs" }) => logDriver === "awslogs")
    .map(({ options }) => needLogGroup(options ?? {}, `${at}.logConfiguration.options`, place));
  const all = [...reads, ...logs];
  const needs: readonly Need[] = all.flatMap((one) => (one.read ? one.needs : []));
  const unread = [...roles.unread, ...all.flatMap((one) => (one.read ? [] : [one.why]))];
  const refused = all.flatMap((one) => (one.read && one.refused !== undefined ? [one.refused] : []));
  const inLogs = logConfiguration.some(({ secretOptions }) => secretOptions.length > 0);
  const features = new Set(all.flatMap((one) => (one.read ? one.features : [])));
  if (inLogs) features.add("log-secret");
  return [{ ...roles, at, needs, unread, refused, features: [...features] }];
}

function readRoles(
  execution: string | undefined,
  job: string | undefined,
  at: string,
  place: BatchPlace,
): Pick<JobTask, "execution" | "job" | "unread"> {
  const executionRole = execution === undefined ? undefined : readRole(execution, place);
  const jobRole = job === undefined ? undefined : readRole(job, place);
  const malformed = [
    ...(execution !== undefined && !executionRole ? [execution] : []),
    ...(job !== undefined && !jobRole ? [job] : []),
  ];
  return {
    ...(executionRole && { execution: executionRole }),
    ...(jobRole && { job: jobRole }),
    unread: malformed.map((text) => `${at} names ${text.slice(0, 200)}, which cannot be a role.`),
  };
}

function readSecret(valueFrom: unknown, at: string, place: BatchPlace): ReadNeeds {
  return typeof valueFrom === "string" ? readValueFrom(valueFrom, at, place) : notText(at);
}

function notText(at: string): ReadNeeds {
  return { read: false, why: `${at} is no text.` };
}

function unreadable(at: string): JobTask {
  return { at, needs: [], unread: [`${at} is not what it should be.`], refused: [], features: [] };
}
