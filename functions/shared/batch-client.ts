import { BatchClient } from "@aws-sdk/client-batch";
import { createBatchReader } from "@drift-guard/aws/batch/reader";
import type { BatchReader } from "@drift-guard/core/ports";
import { sdkClientSettings } from "./client-settings.ts";
import type { FunctionLocation } from "./function.ts";

/** Creates the reader of AWS Batch with its clients, one for each region. The module is loaded with the first read. */
export function createReader({ account, partition }: FunctionLocation): BatchReader {
  return createBatchReader((region) => new BatchClient({ ...sdkClientSettings, region }), {
    account,
    partition,
  });
}
