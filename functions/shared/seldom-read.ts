import type { BatchReader, ResourceReader } from "@drift-guard/core/ports";
import type { FunctionLocation } from "./function.ts";

// Most events need neither reader: their clients are a fifth of the code of detect, and would be compiled in each cold start.

/** Opens the reader of AWS Batch. Its clients are loaded with the first read. */
export function openBatch(location: FunctionLocation): BatchReader {
  const load = once(async () => (await import("./batch-client.ts")).createReader(location));
  return {
    environment: async (region, name) => (await load()).environment(region, name),
    definition: async (region, name) => (await load()).definition(region, name),
    environments: (region) => yieldFrom(async () => (await load()).environments(region)),
    queues: (region) => yieldFrom(async () => (await load()).queues(region)),
    definitions: (region) => yieldFrom(async () => (await load()).definitions(region)),
  };
}

/** Opens the reader of secrets, parameters and keys. Its clients are loaded with the first read. */
export function openResources(location: FunctionLocation): ResourceReader {
  const load = once(async () => (await import("./resource-clients.ts")).createReader(location));
  return { facts: async (arn) => (await load()).facts(arn) };
}

async function* yieldFrom<Item>(open: () => Promise<AsyncIterable<Item>>): AsyncIterable<Item> {
  yield* await open();
}

function once<Value>(create: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: create() };
    return made.value;
  };
}
