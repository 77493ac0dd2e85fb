import { ReportState } from "@drift-guard/core/model/first-report";
import { Transition } from "@drift-guard/core/model/transition";
import { findingKeys } from "@drift-guard/core/store/keys";
import * as z from "zod";
import { account } from "../../builders.ts";

/** Returns the record of an insert, as Lambda receives it from DynamoDB's stream. */
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
        transition: typed(z.encode(Transition, transition)),
      },
      SequenceNumber: "222",
    },
  };
}

/** Returns the record of an insert of the first report's item, with this content. */
export function reportRecord(state: ReportState) {
  const Keys = { pk: { S: findingKeys.account(account) }, sk: { S: findingKeys.firstReport } };
  const content = Object.entries({ ...z.encode(ReportState, state), schema: 1 });
  const NewImage = { ...Keys, ...Object.fromEntries(content.map(([key, value]) => [key, typed(value)])) };
  return { eventID: "1", eventName: "INSERT", eventSource: "aws:dynamodb", dynamodb: { Keys, NewImage } };
}

/** Returns a plain value in DynamoDB's typed form. */
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
