import {
  type BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  DeleteComputeEnvironmentCommand,
  DeleteJobQueueCommand,
  DeregisterJobDefinitionCommand,
  RegisterJobDefinitionCommand,
  UpdateComputeEnvironmentCommand,
} from "@aws-sdk/client-batch";
import type { BatchCall } from "@drift-guard/embedded/batch/call";

/** Makes a call to AWS Batch through the SDK. Throws the SDK's errors. */
export async function sendBatchCall(client: BatchClient, { call, ...input }: BatchCall): Promise<void> {
  // The SDK's parameters are the API's, and so the call's own.
  const json: string = JSON.stringify(input);
  switch (call) {
    case "CreateComputeEnvironment":
      await client.send(new CreateComputeEnvironmentCommand(JSON.parse(json)));
      return;
    case "UpdateComputeEnvironment":
      await client.send(new UpdateComputeEnvironmentCommand(JSON.parse(json)));
      return;
    case "DeleteComputeEnvironment":
      await client.send(new DeleteComputeEnvironmentCommand(JSON.parse(json)));
      return;
    case "CreateJobQueue":
      await client.send(new CreateJobQueueCommand({ state: "ENABLED", ...JSON.parse(json) }));
      return;
    case "DeleteJobQueue":
      await client.send(new DeleteJobQueueCommand(JSON.parse(json)));
      return;
    case "RegisterJobDefinition":
      await client.send(new RegisterJobDefinitionCommand(JSON.parse(json)));
      return;
    case "DeregisterJobDefinition":
      await client.send(new DeregisterJobDefinitionCommand(JSON.parse(json)));
      return;
  }
}
