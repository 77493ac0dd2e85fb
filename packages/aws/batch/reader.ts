import {
  type BatchClient,
  DescribeComputeEnvironmentsCommand,
  paginateDescribeComputeEnvironments,
  paginateDescribeJobDefinitions,
  paginateDescribeJobQueues,
} from "@aws-sdk/client-batch";
import type { BatchPlace } from "@drift-guard/core/batch/batch";
import { parseComputeEnvironment, parseJobQueue } from "@drift-guard/core/batch/compute-environment";
import { parseJobDefinition } from "@drift-guard/core/batch/job-definition";
import { BatchUnreadableError } from "@drift-guard/core/errors";
import { isPossibleSubject } from "@drift-guard/core/intake/subject-shape";
import type { BatchReader } from "@drift-guard/core/ports";
import type { AwsAccount } from "../account.ts";
import { errorCodeOf, formatFailure } from "../failure.ts";

/** Reads AWS Batch, each region through the client that `clientOf` gives for it, which is asked for once. */
export function createBatchReader(
  clientOf: (region: string) => BatchClient,
  { account, partition }: AwsAccount,
): BatchReader {
  const clients = new Map<string, BatchClient>();
  const reach = (region: string): { readonly client: BatchClient; readonly place: BatchPlace } => {
    const client = clients.get(region) ?? clientOf(region);
    clients.set(region, client);
    return { client, place: { account, partition, region } };
  };
  return {
    async environment(region, name) {
      if (!isPossibleSubject({ kind: "compute-environment", name })) return undefined;
      const { client, place } = reach(region);
      const call = "DescribeComputeEnvironments";
      return told(region, call, async () => {
        const answer = await orWithout(undefined, () =>
          client.send(new DescribeComputeEnvironmentsCommand({ computeEnvironments: [name] })),
        );
        const [found] = answer?.computeEnvironments ?? [];
        return found && expectRead(parseComputeEnvironment(found, place), region, call);
      });
    },
    async definition(region, name) {
      if (!isPossibleSubject({ kind: "job-definition", name })) return [];
      const { client, place } = reach(region);
      const call = "DescribeJobDefinitions";
      return told(region, call, async () => {
        const pages = paginateDescribeJobDefinitions(
          { client },
          { jobDefinitionName: name, status: "ACTIVE" },
        );
        const found = await orWithout([], async () => {
          const all = [];
          for await (const { jobDefinitions = [] } of pages) all.push(...jobDefinitions);
          return all;
        });
        return found.map((one) => expectRead(parseJobDefinition(one, place), region, call));
      });
    },
    environments(region) {
      const { client, place } = reach(region);
      return readPages(
        region,
        "DescribeComputeEnvironments",
        paginateDescribeComputeEnvironments({ client }, {}),
        (page) => page.computeEnvironments,
        (one) => parseComputeEnvironment(one, place),
      );
    },
    queues(region) {
      const { client, place } = reach(region);
      return readPages(
        region,
        "DescribeJobQueues",
        paginateDescribeJobQueues({ client }, {}),
        (page) => page.jobQueues,
        (one) => parseJobQueue(one, place),
      );
    },
    definitions(region) {
      const { client, place } = reach(region);
      return readPages(
        region,
        "DescribeJobDefinitions",
        paginateDescribeJobDefinitions({ client }, { status: "ACTIVE" }),
        (page) => page.jobDefinitions,
        (one) => parseJobDefinition(one, place),
      );
    },
  };
}

async function* readPages<Page, Found, Read>(
  region: string,
  call: string,
  pages: AsyncIterable<Page>,
  itemsOf: (page: Page) => readonly Found[] | undefined,
  parse: (found: Found) => Read | undefined,
): AsyncIterable<Read> {
  const iterator = pages[Symbol.asyncIterator]();
  for (;;) {
    const page = await told(region, call, () => iterator.next());
    if (page.done) return;
    for (const found of itemsOf(page.value) ?? []) yield expectRead(parse(found), region, call);
  }
}

// What is left out of a list would be taken for gone.
function expectRead<Read>(read: Read | undefined, region: string, call: string): Read {
  if (read !== undefined) return read;
  throw new BatchUnreadableError(
    `AWS Batch's answer to ${call} in ${region} names something without a name. Check the endpoint that answered.`,
  );
}

// Batch says ClientException of a name that it does not take, and in older words of a permission that is lacking.
async function orWithout<T, None>(none: None, ask: () => Promise<T>): Promise<T | None> {
  try {
    return await ask();
  } catch (error) {
    if (errorCodeOf(error) === "Client" && !/not authori[sz]ed|denied/i.test(String(error))) return none;
    throw error;
  }
}

async function told<T>(region: string, call: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof BatchUnreadableError) throw error;
    throw new BatchUnreadableError(
      `AWS Batch in ${region} could not be read: ${formatFailure(error, `batch:${call}`)}`,
      { cause: error },
    );
  }
}
