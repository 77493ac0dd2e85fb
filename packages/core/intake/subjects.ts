import { type NamedRole, readDefinitionName } from "../batch/batch.ts";
import { parseComputeEnvironment } from "../batch/compute-environment.ts";
import { parseJobDefinition } from "../batch/job-definition.ts";
import { MessageUnreadableError } from "../errors.ts";
import type { Subject } from "../model/change.ts";
import { roleOfTask } from "../model/deletion.ts";
import type { CloudTrailRecord } from "./cloudtrail.ts";
import { isPossibleSubject } from "./subject-validation.ts";

// AccessDenied records have no parameters: only the message names the target (docs/aws-facts.md, "CloudTrail records").
const deniedRole =
  /on resource: (?:role |arn:[\w-]+:iam::\d{12}:role\/(?:[\x21-\x7e]+\/)?)([\w+=,.@-]{1,64})(?:\s|$)/;
const deniedPolicy = /on resource: (?:policy )?(arn:[\w-]+:iam::(?:\d{12}|aws):policy\/[\x21-\x7e]+)/;
const deniedProfile =
  /on resource: (?:instance profile |arn:[\w-]+:iam::\d{12}:instance-profile\/(?:[\x21-\x7e]+\/)?)([\w+=,.@-]{1,128})(?:\s|$)/;

// A job definition has at most five groups of nodes with ten containers each (API model of AWS Batch), with two roles.
const maxSubjects = 128;

/**
 * Returns the subjects of a record, each once: from its parameters, its response, or the message of a refusal. Names that
 * cannot exist in the account are left out: anyone can make a refused call with such a name. Throws
 * `MessageUnreadableError` where they are more than a call to AWS can name.
 */
export function subjectsOf(record: CloudTrailRecord): readonly Subject[] {
  const service = record.eventSource.replace(/\.amazonaws\.com(?:\.cn)?$/, "");
  const found = service === "iam" ? iamSubjects(record) : service === "batch" ? batchSubjects(record) : [];
  const owner = record.recipientAccountId === undefined ? {} : { account: record.recipientAccountId };
  const known = new Set<string>();
  const subjects = found.filter((subject) => {
    if (!isPossibleSubject(subject, owner)) return false;
    const key = JSON.stringify(subject);
    return known.has(key) ? false : known.add(key);
  });
  if (subjects.length <= maxSubjects) return subjects;
  throw new MessageUnreadableError(
    `The record of ${record.eventName.slice(0, 64)} names ${subjects.length} roles and other resources. A call to AWS names at most ${maxSubjects}, so AWS did not write this record.`,
  );
}

function iamSubjects(record: CloudTrailRecord): readonly Subject[] {
  const given = record.requestParameters ?? {};
  const answered = record.responseElements ?? {};
  const subjects: Subject[] = [];
  for (const name of [textAt(given, "roleName"), textAt(answered, "role", "roleName")]) {
    if (name) subjects.push({ kind: "role", name });
  }
  // The deletion of a service-linked role may name it only in its task, and the creation only in its response.
  const task = textAt(answered, "deletionTaskId");
  const ofTask = task && roleOfTask(task);
  if (ofTask) subjects.push({ kind: "role", name: ofTask });
  const profile =
    textAt(given, "instanceProfileName") ?? textAt(answered, "instanceProfile", "instanceProfileName");
  if (profile) subjects.push({ kind: "profile", name: profile });
  // Calls that attach or detach a policy name it as well, but change the role.
  const policy = textAt(given, "policyArn") ?? textAt(answered, "policy", "arn");
  if (policy && subjects.length === 0) subjects.push({ kind: "policy", arn: policy });
  if (subjects.length === 0 && record.errorMessage) subjects.push(...refusedSubjects(record.errorMessage));
  return subjects;
}

function refusedSubjects(message: string): readonly Subject[] {
  const role = deniedRole.exec(message)?.[1];
  if (role) return [{ kind: "role", name: role }];
  const policy = deniedPolicy.exec(message)?.[1];
  if (policy) return [{ kind: "policy", arn: policy }];
  const profile = deniedProfile.exec(message)?.[1];
  return profile ? [{ kind: "profile", name: profile }] : [];
}

function batchSubjects(record: CloudTrailRecord): readonly Subject[] {
  const given = record.requestParameters ?? {};
  const answered = record.responseElements ?? {};
  const account = record.recipientAccountId ?? record.userIdentity?.accountId ?? "";
  const place = { account, partition: "aws", region: record.awsRegion ?? "" };
  const environment = parseComputeEnvironment(given, place);
  // DeregisterJobDefinition names a revision, by name or ARN.
  const deregistered = textAt(given, "jobDefinition");
  const definition = parseJobDefinition(given, place);
  const definitionName =
    definition?.name ??
    (deregistered && readDefinitionName(deregistered).name) ??
    textAt(answered, "jobDefinitionName");
  // CloudTrail omits the parameters of a large request, and keeps the short response.
  const environmentName = environment?.name ?? textAt(answered, "computeEnvironmentName");
  return [
    ...(environmentName ? [{ kind: "compute-environment", name: environmentName } as const] : []),
    ...(environment?.roles ?? []).flatMap((role): readonly Subject[] =>
      "profile" in role ? [{ kind: "profile", name: role.profile }] : roleSubject(role),
    ),
    ...(definitionName ? [{ kind: "job-definition", name: definitionName } as const] : []),
    ...(definition?.tasks ?? []).flatMap(({ execution, job }) => [execution, job]).flatMap(roleSubject),
  ];
}

// A role of another account is no subject: this account's role of the same name is not it.
function roleSubject(role: NamedRole | undefined): readonly Subject[] {
  return role === undefined || role.otherAccount ? [] : [{ kind: "role", name: role.name }];
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = Reflect.get(at, key);
  }
  return typeof at === "string" && at !== "" ? at : undefined;
}
