import type { Transition } from "@drift-guard/core/model/transition";
import { findingKeys } from "@drift-guard/core/store/keys";

/** The record of an insert, as DynamoDB's stream gives it to Lambda. */
export function streamRecord(transition: Transition) {
  const { finding, at } = transition;
  const Keys = {
    pk: { S: findingKeys.partition(finding.role) },
    sk: { S: findingKeys.transition(finding.id, finding.seq) },
  };
  return {
    eventID: "c81e728d9d4c2f636f067f89cc14862c",
    eventName: "INSERT",
    eventSource: "aws:dynamodb",
    dynamodb: {
      Keys,
      NewImage: {
        ...Keys,
        schema: { N: "1" },
        sinks: { SS: ["notify", "securityhub"] },
        due: { S: "1" },
        dueAt: { S: at },
        expires: { N: "1826800000" },
        transition: typed(transition),
      },
      SequenceNumber: "222",
    },
  };
}

/** A plain value as DynamoDB types it. */
function typed(value: unknown): unknown {
  if (typeof value === "string") return { S: value };
  if (typeof value === "number") return { N: String(value) };
  if (typeof value === "boolean") return { BOOL: value };
  if (value === null) return { NULL: true };
  if (Array.isArray(value)) return { L: value.map(typed) };
  return {
    M: Object.fromEntries(Object.entries(Object(value)).map(([key, inner]) => [key, typed(inner)])),
  };
}
