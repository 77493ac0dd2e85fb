import type { DeletionStep } from "@drift-guard/core/linked-role/deletion-plan";
import type { LinkedRole } from "@drift-guard/core/linked-role/linked-role";
import { sanitise } from "@drift-guard/formats/printable";

/** A step of a deletion as a person does it: what it does, the command, and what to wait for. */
export interface ShellStep {
  readonly title: string;
  /** Arguments, not yet quoted. */
  readonly command: readonly string[];
  /** What must be so before the next step. */
  readonly until: {
    readonly words: string;
    /** Prints one word. */
    readonly command: readonly string[];
    /** The words that end the waiting. */
    readonly wanted: readonly string[];
  };
}

/** Where the steps are done. */
export interface ShellContext {
  readonly account: string;
  readonly partition: string;
  /** A region of the partition, for the services that have none of their own. */
  readonly region: string;
  readonly role: LinkedRole;
}

// Compute and service environments have calls of their own, which differ in nothing but their names.
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

/** A step on Batch as commands of AWS's own CLI; the role's own deletion is IAM's, and not among them. */
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
    const look = (query: string) =>
      batch("describe-job-queues", "--job-queues", step.queue, "--query", query, "--output", "text");
    switch (step.step) {
      case "detach-queue": {
        const keeps = step.keeps.map((name) => sanitise(name, 140)).join(", ");
        const order = step.keeps.map((name, index) => ({
          order: index + 1,
          [kind.member]: `arn:${place.partition}:batch:${region}:${place.account}:${kind.environment}/${name}`,
        }));
        return {
          title: `Let the job queue ${queue} run on ${keeps} alone.`,
          command: batch("update-job-queue", ...named, `--${kind.order}`, JSON.stringify(order)),
          until: {
            words: "wait until its status is VALID",
            command: look("jobQueues[0].status"),
            wanted: ["VALID"],
          },
        };
      }
      case "disable-queue":
        return {
          title: `Disable the job queue ${queue}, which would have nothing left to run on.`,
          command: batch("update-job-queue", ...named, "--state", "DISABLED"),
          until: {
            words: "wait until its state is DISABLED",
            command: look(stateOf("jobQueues")),
            wanted: ["DISABLED/VALID", "DISABLED/INVALID"],
          },
        };
      case "delete-queue":
        return {
          title: `Delete the job queue ${queue}; the jobs that are left in it end.`,
          command: batch("delete-job-queue", ...named),
          until: { words: "wait until it is gone", command: look(countOf("jobQueues")), wanted: ["0"] },
        };
    }
  }
  const name = sanitise(step.environment, 140);
  const named = [`--${kind.environment}`, step.environment];
  const look = (query: string) =>
    batch(
      `describe-${kind.environment}s`,
      `--${kind.environment}s`,
      step.environment,
      "--query",
      query,
      "--output",
      "text",
    );
  const gone = { words: "wait until it is gone", command: look(countOf(kind.list)), wanted: ["0"] };
  switch (step.step) {
    case "disable-environment":
      return {
        title: `Disable the ${kind.noun} ${name}.`,
        command: batch(`update-${kind.environment}`, ...named, "--state", "DISABLED"),
        until: {
          words: "wait until its state is DISABLED",
          command: look(stateOf(kind.list)),
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
        command: look(`${kind.list}[0].status`),
        until: gone,
      };
  }
}

// JMESPath: the state changes at once, and the status ends what is under way.
function stateOf(list: string): string {
  return `${list}[0].[state,status]|join(\`"/"\`,@)`;
}

// What is deleted may be shown as DELETED for some time.
function countOf(list: string): string {
  return `length(${list}[?status!=\`"DELETED"\`])`;
}
