import { setTimeout as pause } from "node:timers/promises";
import {
  type CloudFormationClient,
  CreateStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  paginateListStackResources,
} from "@aws-sdk/client-cloudformation";

/** The template could not be deployed; the text names the resource or file. */
export class DeploymentError extends Error {
  override readonly name = "DeploymentError";
}

/** A stack in the state CREATE_COMPLETE. */
export interface Stack {
  /** The values of the template's outputs, by output name. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Physical ids of the resources, by logical id. */
  readonly physicalIds: ReadonlyMap<string, string>;
}

const createTimeoutMs = 60_000;

/**
 * Creates a CloudFormation stack from a template in S3, and waits until it is complete. Throws `DeploymentError` with the
 * first failure.
 */
export async function createStack(
  cloudformation: CloudFormationClient,
  name: string,
  templateUrl: string,
): Promise<Stack> {
  await cloudformation.send(
    new CreateStackCommand({
      StackName: name,
      TemplateURL: templateUrl,
      Capabilities: ["CAPABILITY_NAMED_IAM"],
    }),
  );
  const deadline = Date.now() + createTimeoutMs;
  for (;;) {
    const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName: name }));
    const stack = Stacks?.[0];
    if (stack?.StackStatus === "CREATE_COMPLETE") {
      const outputs = (stack.Outputs ?? []).map((output) => [output.OutputKey, output.OutputValue]);
      return {
        outputs: Object.fromEntries(outputs),
        physicalIds: await listPhysicalIds(cloudformation, name),
      };
    }
    if (!stack?.StackStatus?.endsWith("_IN_PROGRESS") || /ROLLBACK/.test(stack.StackStatus)) {
      throw new DeploymentError(
        `The stack ${name} is in state ${stack?.StackStatus}: ${await findFailure(cloudformation, name)}`,
      );
    }
    if (Date.now() > deadline) {
      throw new DeploymentError(`The stack ${name} is not complete after ${createTimeoutMs / 1000} s.`);
    }
    await pause(30);
  }
}

async function listPhysicalIds(
  client: CloudFormationClient,
  name: string,
): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  for await (const page of paginateListStackResources({ client }, { StackName: name })) {
    for (const { LogicalResourceId, PhysicalResourceId } of page.StackResourceSummaries ?? []) {
      if (LogicalResourceId && PhysicalResourceId) ids.set(LogicalResourceId, PhysicalResourceId);
    }
  }
  return ids;
}

async function findFailure(cloudformation: CloudFormationClient, name: string): Promise<string> {
  const { StackEvents = [] } = await cloudformation.send(new DescribeStackEventsCommand({ StackName: name }));
  // Events are listed newest first; the oldest failure caused the others.
  const failed = StackEvents.findLast((event) => event.ResourceStatus?.endsWith("_FAILED"));
  if (!failed) return "its events name no failed resource.";
  return `${failed.LogicalResourceId} (${failed.ResourceType}): ${failed.ResourceStatusReason}`;
}
