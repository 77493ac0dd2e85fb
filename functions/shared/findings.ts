import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createFindingStore } from "@drift-guard/aws/dynamodb/findings";
import type { FindingStore, Sink } from "@drift-guard/core/ports";
import config from "../../drift-guard.config.ts";
import { Environment, readEnvironment } from "./environment.ts";

/** Who hears of transitions, as the owner chose. */
const sinks: readonly Sink[] = config.securityHub ? ["notify", "securityhub"] : ["notify"];

/** Opens the findings, each transition to be told to whom the owner chose, or, to one of these, to itself alone. */
export function openFindings(dynamodb: DynamoDBClient, self?: Sink): FindingStore {
  const { FINDINGS_TABLE } = readEnvironment(Environment.pick({ FINDINGS_TABLE: true }));
  return createFindingStore(dynamodb, { table: FINDINGS_TABLE, sinks: self ? [self] : sinks });
}
