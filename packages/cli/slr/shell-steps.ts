import type { DeletionStep } from "@drift-guard/core/linked-role/deletion-plan";
import type { LinkedRole } from "@drift-guard/core/linked-role/linked-role";
import { sanitise } from "@drift-guard/formats/printable";

/** A step of a deletion for a person: what it does, the AWS CLI command, and how to wait for its end. */
export interface ShellStep {
  readonly title: string;
  /** The arguments, not quoted. */
  readonly command: readonly string[];
  /** How to wait before the next step. */
  readonly until: {
    readonly words: string;
    /** A command that prints one word. */
    readonly command: readonly string[];
    /** The words that end the wait. */
    readonly wanted: readonly string[];
  };
}

/** The account and role that the commands are for. */
export interface ShellContext {
  readonly account: string;
  readonly partition: string;
  /** A region of the partition, for calls to global services. */
  readonly region: string;
  readonly role: LinkedRole;
}

// The calls for compute and for service environments differ only in these names.
const kinds = {
  "compute environments": {
    noun: "compute environment",
    environment: "compute-environment",
    order: "compute-environment-order",
    member: "computeEnvironment",
    list: "computeEnvironments",
  },
  "service environments": {
    noun: "service environment",
    environment: "service-environment",
    order: "service-environment-order",
    member: "serviceEnvironment",
    list: "serviceEnvironments",
  },
} as const;

/** A step in AWS Batch as commands of the AWS CLI. Deleting the role itself is a call to IAM and not covered. */
export function shellStepOf(
  step: Exclude<DeletionStep, { step: "delete-role" }>,
  place: ShellContext,
): ShellStep {
  const { region } = step;
  const kind = kinds[place.role.usedBy];
  const batch = (call: string, ...rest: readonly string[]) => [
    "aws",
    "batch",
    call,
    "--region",
    region,
    ...rest,
  ];
  if ("queue" in step) {
    const queue = sanitise(step.queue, 140);
    const named = ["--job-queue", step.queue];
    const describe = (query: string) =>
      batch("describe-job-queues", "--job-queues", step.queue, "--query", query, "--output", "text");
    switch (step.step) {
      case "detach-queue": {
        const keeps = step.keeps.map((name) => sanitise(name, 140)).join(", ");
        const order = step.keeps.map((name, index) => ({
          order: index + 1,
          [kind.member]: `arn:${place.partition}:batch:${region}:${place.account}:${kind.environment}/${name}`,
        }));
        return {
          title: `Restrict the job queue ${queue} to ${keeps}.`,
          command: batch("update-job-queue", ...named, `--${kind.order}`, JSON.stringify(order)),
          until: {
            words: "wait until its status is VALID",
            command: describe("jobQueues[0].status"),
            wanted: ["VALID"],
          },
        };
      }
      case "disable-queue":
        return {
          title: `Disable the job queue ${queue}; no other environment is left for it.`,
          command: batch("update-job-queue", ...named, "--state", "DISABLED"),
          until: {
            words: "wait until its state is DISABLED",
            command: describe(stateOf("jobQueues")),
            wanted: ["DISABLED/VALID", "DISABLED/INVALID"],
          },
        };
      case "delete-queue":
        return {
          title: `Delete the job queue ${queue}; its remaining jobs end.`,
          command: batch("delete-job-queue", ...named),
          until: {
            words: "wait until it is deleted",
            command: describe(countOf("jobQueues")),
            wanted: ["0"],
          },
        };
    }
  }
  const name = sanitise(step.environment, 140);
  const named = [`--${kind.environment}`, step.environment];
  const describe = (query: string) =>
    batch(
      `describe-${kind.environment}s`,
      `--${kind.environment}s`,
      step.environment,
      "--query",
      query,
      "--output",
      "text",
    );
  const gone = { words: "wait until it is deleted", command: describe(countOf(kind.list)), wanted: ["0"] };
  switch (step.step) {
    case "disable-environment":
      return {
        title: `Disable the ${kind.noun} ${name}.`,
        command: batch(`update-${kind.environment}`, ...named, "--state", "DISABLED"),
        until: {
          words: "wait until its state is DISABLED",
          command: describe(stateOf(kind.list)),
          wanted: ["DISABLED/VALID", "DISABLED/INVALID"],
        },
      };
    case "delete-environment":
      return {
        title: `Delete the ${kind.noun} ${name}.`,
        command: batch(`delete-${kind.environment}`, ...named),
        until: gone,
      };
    case "await-environment":
      return {
        title: `Wait for the ${kind.noun} ${name}, which is being deleted.`,
        command: describe(`${kind.list}[0].status`),
        until: gone,
      };
  }
}

// JMESPath. The state changes at once; the status shows whether the update has ended.
function stateOf(list: string): string {
  return `${list}[0].[state,status]|join(\`"/"\`,@)`;
}

// AWS Batch may show a deleted resource as DELETED for some time.
function countOf(list: string): string {
  return `length(${list}[?status!=\`"DELETED"\`])`;
}
