import {
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  type LambdaClient,
  paginateListEventSourceMappings,
} from "@aws-sdk/client-lambda";
import type { DeployedFunction, DeployedMapping, Read } from "@drift-guard/core/model/deployed";
import { lacks, readResult } from "./read.ts";

const absent = /^ResourceNotFound$/;

/**
 * Reads a function (`lambda:GetFunctionConfiguration`), its reserved concurrency (`lambda:GetFunctionConcurrency`) and what
 * feeds it (`lambda:ListEventSourceMappings`). Throws nothing.
 */
export async function readFunction(client: LambdaClient, name: string): Promise<Read<DeployedFunction>> {
  const found = await readResult(
    () => client.send(new GetFunctionConfigurationCommand({ FunctionName: name })),
    { permission: "lambda:GetFunctionConfiguration", absent },
  );
  if (found.status !== "read") return found;
  const { State, LastUpdateStatus, Description = "" } = found.value;
  if (State === undefined) return lacks("lambda:GetFunctionConfiguration", "state");
  const [reserved, mappings] = await Promise.all([
    readResult(
      async () => {
        const answer = await client.send(new GetFunctionConcurrencyCommand({ FunctionName: name }));
        return { concurrency: answer.ReservedConcurrentExecutions };
      },
      { permission: "lambda:GetFunctionConcurrency", absent },
    ),
    readResult(() => listMappings(client, name), { permission: "lambda:ListEventSourceMappings" }),
  ]);
  return {
    status: "read",
    value: {
      state: State,
      ...(LastUpdateStatus !== undefined && { lastUpdate: LastUpdateStatus }),
      description: Description,
      reserved,
      mappings,
    },
  };
}

async function listMappings(client: LambdaClient, name: string): Promise<readonly DeployedMapping[]> {
  const mappings: DeployedMapping[] = [];
  for await (const page of paginateListEventSourceMappings({ client }, { FunctionName: name }))
    for (const { EventSourceArn = "", State = "unknown", LastProcessingResult } of page.EventSourceMappings ??
      [])
      mappings.push({
        source: EventSourceArn,
        state: State,
        ...(LastProcessingResult !== undefined && { lastResult: LastProcessingResult }),
      });
  return mappings;
}
