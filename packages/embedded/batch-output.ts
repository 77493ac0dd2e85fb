import type { BatchPlace, ComputeEnvironment, JobDefinition, JobQueue } from "@drift-guard/core/batch/batch";
import { parseComputeEnvironment, parseJobQueue } from "@drift-guard/core/batch/compute-environment";
import { parseJobDefinition } from "@drift-guard/core/batch/job-definition";
import { MessageUnreadableError } from "@drift-guard/core/errors";
import { formatIssues } from "@drift-guard/core/issues";
import { parseArn } from "@drift-guard/core/model/arn";
import type { BatchReader } from "@drift-guard/core/ports";
import * as z from "zod";
import { parseJsonValues } from "./json-values.ts";

/** The commands whose output describes AWS Batch, by the list that the output holds. */
export const batchCommands = {
  computeEnvironments: "aws batch describe-compute-environments",
  jobDefinitions: "aws batch describe-job-definitions",
  jobQueues: "aws batch describe-job-queues",
} as const;

type List = keyof typeof batchCommands;
const arnMembers = {
  computeEnvironments: "computeEnvironmentArn",
  jobDefinitions: "jobDefinitionArn",
  jobQueues: "jobQueueArn",
} as const satisfies Record<List, string>;
const lists = ["computeEnvironments", "jobDefinitions", "jobQueues"] as const satisfies readonly List[];
const anyCommand = "aws batch describe-compute-environments, describe-job-definitions or describe-job-queues";

/** A text with output of `batchCommands`, and what to call it in errors. */
export interface BatchText {
  readonly text: string;
  readonly source: string;
}

/** AWS Batch of some accounts, as output of the AWS CLI describes it. */
export interface BatchOutput {
  /** The accounts that the resources belong to. */
  readonly accounts: readonly string[];
  /** The commands whose output is absent. */
  readonly absent: readonly string[];
  /** The commands whose output does not end with the last page. */
  readonly cut: readonly string[];
  /** Returns the regions of an account's resources, sorted. */
  regionsOf(account: string): readonly string[];
  /** Reads an account's resources. Deregistered revisions of job definitions are left out. */
  readerOf(account: string): BatchReader;
}

const items = z
  .array(z.looseObject({}))
  .nullish()
  .transform((list) => list ?? undefined);
const Page = z.looseObject({
  computeEnvironments: items,
  jobDefinitions: items,
  jobQueues: items,
  // The AWS CLI writes NextToken into a list that --max-items cut, the API nextToken into each page but the last.
  NextToken: z.string().nullish(),
  nextToken: z.string().nullish(),
});
type Page = z.infer<typeof Page>;

/**
 * Parses output of the commands `batchCommands`, of any Regions and accounts: one page a text, or several, one after the other
 * or in a list. A resource that occurs twice counts once, as it was last described. Throws `MessageUnreadableError`, which
 * names the place and says what to do.
 */
export function readBatchOutput(texts: readonly BatchText[]): BatchOutput {
  const pages = texts.flatMap(parsePages);
  const environments = collect(pages, "computeEnvironments", parseComputeEnvironment);
  const definitions = collect(pages, "jobDefinitions", parseJobDefinition);
  const queues = collect(pages, "jobQueues", parseJobQueue);
  const all = [...environments, ...definitions, ...queues];
  const has = (list: List) => pages.filter(({ page }) => page[list] !== undefined);
  return {
    accounts: [...new Set(all.map(({ account }) => account))],
    absent: lists.filter((list) => has(list).length === 0).map((list) => batchCommands[list]),
    cut: lists.filter((list) => isCut(has(list), list)).map((list) => batchCommands[list]),
    regionsOf: (account) =>
      [...new Set(all.filter((one) => one.account === account).map(({ value }) => value.region))].toSorted(),
    readerOf: (account) =>
      createReader({
        environments: valuesOf(environments, account),
        definitions: valuesOf(definitions, account).filter(({ active }) => active),
        queues: valuesOf(queues, account),
      }),
  };
}

interface SourcedPage {
  readonly page: Page;
  readonly source: string;
}

function parsePages({ text, source }: BatchText): readonly SourcedPage[] {
  return parseJsonValues(text, source, anyCommand).map((value) => {
    const page = Page.safeParse(value);
    if (!page.success) {
      throw new MessageUnreadableError(
        `${source} is not the output of: ${anyCommand}\n${formatIssues(page.error, value)}\nCreate the file again.`,
        { cause: page.error },
      );
    }
    if (lists.every((list) => page.data[list] === undefined)) {
      throw new MessageUnreadableError(
        `${source} has none of ${lists.join(", ")}. Expected the output of: ${anyCommand}`,
      );
    }
    return { page: page.data, source };
  });
}

/** Whether the pages of a list lack the last page of an account's Region. They may come in any order. */
function isCut(pages: readonly SourcedPage[], list: List): boolean {
  const begun = new Set<string>();
  const ended = new Set<string>();
  // A page without items shows no Region: it goes on with the page before it.
  let place = "";
  for (const { page } of pages) {
    const [item] = page[list] ?? [];
    const arn = parseArn(String(item?.[arnMembers[list]] ?? ""));
    if (arn) place = `${arn.account} ${arn.region}`;
    (goesOn(page) ? begun : ended).add(place);
  }
  return [...begun].some((each) => !ended.has(each));
}

function goesOn({ NextToken, nextToken }: Page): boolean {
  return typeof NextToken === "string" || typeof nextToken === "string";
}

/** A resource, and the account that it belongs to. */
interface Owned<T> {
  readonly account: string;
  readonly value: T;
}

function collect<T>(
  pages: readonly SourcedPage[],
  list: List,
  parse: (item: unknown, place: BatchPlace) => T | undefined,
): readonly Owned<T>[] {
  const found = new Map<string, Owned<T>>();
  for (const { page, source } of pages) {
    for (const [index, item] of (page[list] ?? []).entries()) {
      const name = item[arnMembers[list]];
      const text = typeof name === "string" ? name : "";
      const arn = parseArn(text);
      const value = arn && parse(item, arn);
      if (!arn || value === undefined) {
        throw new MessageUnreadableError(
          `${source}: ${list}[${index}] has no name, or no ARN in ${arnMembers[list]}. Create the file again with: ${batchCommands[list]}`,
        );
      }
      found.set(text, { account: arn.account, value });
    }
  }
  return [...found.values()];
}

function valuesOf<T>(owned: readonly Owned<T>[], account: string): readonly T[] {
  return owned.filter((one) => one.account === account).map(({ value }) => value);
}

/** The resources of one account. */
interface Resources {
  readonly environments: readonly ComputeEnvironment[];
  readonly definitions: readonly JobDefinition[];
  readonly queues: readonly JobQueue[];
}

function createReader({ environments, definitions, queues }: Resources): BatchReader {
  const inRegion = <T extends { readonly region: string }>(all: readonly T[], region: string) =>
    all.filter((one) => one.region === region);
  return {
    environment: async (region, name) => inRegion(environments, region).find((one) => one.name === name),
    definition: async (region, name) => inRegion(definitions, region).filter((one) => one.name === name),
    async *environments(region) {
      yield* inRegion(environments, region);
    },
    async *queues(region) {
      yield* inRegion(queues, region);
    },
    async *definitions(region) {
      yield* inRegion(definitions, region);
    },
  };
}
