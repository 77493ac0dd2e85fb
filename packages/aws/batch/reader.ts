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
import { isPossibleSubject } from "@drift-guard/core/intake/subject-validation";
import type { BatchReader } from "@drift-guard/core/ports";
import type { AwsAccount } from "../account.ts";
import { errorCodeOf, formatFailure } from "../failure.ts";

/**
 * Creates a reader of AWS Batch. It needs `batch:DescribeComputeEnvironments`, `batch:DescribeJobQueues` and
 * `batch:DescribeJobDefinitions`, reads all pages, and calls `clientOf` once per region.
 *
 * For an unknown or invalid name, `environment` returns undefined and `definition` returns an empty list; a name that AWS
 * Batch never allows is answered without a call. Every other failure, and an item without a name, throws
 * `BatchUnreadableError`.
 */
export function createBatchReader(
  clientOf: (region: string) => BatchClient,
  { account, partition }: AwsAccount,
): BatchReader {
  const clients = new Map<string, BatchClient>();
  const open = (region: string): { readonly client: BatchClient; readonly place: BatchPlace } => {
    const client = clients.get(region) ?? clientOf(region);
    clients.set(region, client);
    return { client, place: { account, partition, region } };
  };
  return {
    async environment(region, name) {
      if (!isPossibleSubject({ kind: "compute-environment", name })) return undefined;
      const { client, place } = open(region);
      const call = "DescribeComputeEnvironments";
      return read(region, call, async () => {
        const answer = await orMissing(undefined, () =>
          client.send(new DescribeComputeEnvironmentsCommand({ computeEnvironments: [name] })),
        );
        const [found] = answer?.computeEnvironments ?? [];
        return found && expectParsed(parseComputeEnvironment(found, place), region, call);
      });
    },
    async definition(region, name) {
      if (!isPossibleSubject({ kind: "job-definition", name })) return [];
      const { client, place } = open(region);
      const call = "DescribeJobDefinitions";
      return read(region, call, async () => {
        const pages = paginateDescribeJobDefinitions(
          { client },
          { jobDefinitionName: name, status: "ACTIVE" },
        );
        const found = await orMissing([], async () => {
          const all = [];
          for await (const { jobDefinitions = [] } of pages) all.push(...jobDefinitions);
          return all;
        });
        return found.map((one) => expectParsed(parseJobDefinition(one, place), region, call));
      });
    },
    environments(region) {
      const { client, place } = open(region);
      return readPages(
        region,
        "DescribeComputeEnvironments",
        paginateDescribeComputeEnvironments({ client }, {}),
        (page) => page.computeEnvironments,
        (one) => parseComputeEnvironment(one, place),
      );
    },
    queues(region) {
      const { client, place } = open(region);
      return readPages(
        region,
        "DescribeJobQueues",
        paginateDescribeJobQueues({ client }, {}),
        (page) => page.jobQueues,
        (one) => parseJobQueue(one, place),
      );
    },
    definitions(region) {
      const { client, place } = open(region);
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

async function* readPages<Page, Found, Parsed>(
  region: string,
  call: string,
  pages: AsyncIterable<Page>,
  itemsOf: (page: Page) => readonly Found[] | undefined,
  parse: (found: Found) => Parsed | undefined,
): AsyncIterable<Parsed> {
  const iterator = pages[Symbol.asyncIterator]();
  for (;;) {
    const page = await read(region, call, () => iterator.next());
    if (page.done) return;
    for (const found of itemsOf(page.value) ?? []) yield expectParsed(parse(found), region, call);
  }
}

// Skipping an unreadable item would make it look deleted.
function expectParsed<Parsed>(parsed: Parsed | undefined, region: string, call: string): Parsed {
  if (parsed !== undefined) return parsed;
  throw new BatchUnreadableError(
    `AWS Batch returned an item without a name to ${call} in ${region}. Check AWS_ENDPOINT_URL.`,
  );
}

/**
 * Returns `missing` if AWS Batch rejects the name as invalid. AWS Batch reports that as ClientException, whose ending
 * `errorCodeOf` removes, and uses the same code for some denied calls, so that the message is checked too.
 */
async function orMissing<T, Missing>(missing: Missing, ask: () => Promise<T>): Promise<T | Missing> {
  try {
    return await ask();
  } catch (error) {
    if (errorCodeOf(error) === "Client" && !/not authori[sz]ed|denied/i.test(String(error))) return missing;
    throw error;
  }
}

/** Runs a call. Throws `BatchUnreadableError` if it fails. */
async function read<T>(region: string, call: string, ask: () => Promise<T>): Promise<T> {
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
