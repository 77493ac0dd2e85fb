import { MessageUnreadableError } from "@drift-guard/core/errors";
import { formatIssues } from "@drift-guard/core/issues";
import { FirstReport } from "@drift-guard/core/model/first-report";
import { Transition } from "@drift-guard/core/model/transition";
import { findingKeys, ledgerSchema, oldLedgerSchema, schema } from "@drift-guard/core/store/keys";
import * as z from "zod";

// The types of DynamoDB values that the guard's items contain; each is parsed to the plain value.
const Value: z.ZodType<unknown> = z.lazy(() =>
  z.union([
    z.strictObject({ S: z.string() }).transform(({ S }) => S),
    z.strictObject({ N: z.string() }).transform(({ N }) => Number(N)),
    z.strictObject({ BOOL: z.boolean() }).transform(({ BOOL }) => BOOL),
    z.strictObject({ NULL: z.literal(true) }).transform(() => null),
    z.strictObject({ L: z.array(Value) }).transform(({ L }) => L),
    z.strictObject({ M: z.record(z.string(), Value) }).transform(({ M }) => M),
    z.strictObject({ SS: z.array(z.string()) }).transform(({ SS }) => SS),
  ]),
);

const StreamRecord = z.looseObject({
  eventID: z.string().optional(),
  eventName: z.string(),
  dynamodb: z.looseObject({
    Keys: z.looseObject({ sk: z.object({ S: z.string() }) }),
    NewImage: z.record(z.string(), Value).optional(),
  }),
});

const ReportImage = z.looseObject({ schema: z.literal(schema), report: FirstReport.exactOptional() });

const Image = z.looseObject({ schema: z.literal([oldLedgerSchema, ledgerSchema]), transition: Transition });

/** What an inserted item of the findings table tells. */
export type StreamNews =
  | { readonly kind: "transition"; readonly transition: Transition }
  | { readonly kind: "report"; readonly report: FirstReport };

/**
 * Parses one record of the findings table's DynamoDB stream. Returns the transition or the first report that the record
 * inserted, or undefined if it inserted another item, or changed or removed an item. Throws `MessageUnreadableError`.
 */
export function parseStreamRecord(value: unknown): StreamNews | undefined {
  const record = StreamRecord.safeParse(value);
  if (!record.success) throw unreadable("A record of the findings table's stream", record.error, value);
  const { eventName, dynamodb } = record.data;
  const key = dynamodb.Keys.sk.S;
  // A sink that marks a delivery changes the item, and DynamoDB removes it when it expires: neither is a new transition.
  if (eventName !== "INSERT") return undefined;
  const read = <T>(shape: z.ZodType<T>): T => {
    const image = shape.safeParse(dynamodb.NewImage);
    if (image.success) return image.data;
    throw unreadable(`The item ${key} in the findings table's stream`, image.error, dynamodb.NewImage);
  };
  if (key === findingKeys.firstReport) {
    const { report } = read(ReportImage);
    return report && { kind: "report", report };
  }
  if (!key.startsWith(findingKeys.anyTransition)) return undefined;
  return { kind: "transition", transition: read(Image).transition };
}

function unreadable(what: string, error: z.ZodError, value: unknown): MessageUnreadableError {
  return new MessageUnreadableError(`${what} cannot be read.\n${formatIssues(error, value)}`, {
    cause: error,
  });
}
