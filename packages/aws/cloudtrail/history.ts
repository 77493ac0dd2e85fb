import { setTimeout as wait } from "node:timers/promises";
import { type CloudTrailClient, LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { TrailUnreadableError } from "@drift-guard/core/errors";
import type { TrailReader } from "@drift-guard/core/ports";
import { formatFailure } from "../failure.ts";

// Two calls a second are allowed in an account and Region, and two functions may call at once (docs/aws-facts.md, "Event
// history").
const pauseMs = 1000;

/**
 * Creates the reader of CloudTrail's event history (`cloudtrail:LookupEvents`), 50 records a page, with one call a second.
 * `clientOf` returns the client of a region. Throws `TrailUnreadableError`.
 */
export function createTrailReader(
  clientOf: (region: string) => CloudTrailClient,
  options: { readonly pauseMs?: number } = {},
): TrailReader {
  let free = Promise.resolve();
  const takeTurn = () => {
    const turn = free;
    free = turn.then(() => wait(options.pauseMs ?? pauseMs));
    return turn;
  };
  return {
    async *pages(region, resourceName, { since, until }) {
      const client = clientOf(region);
      let token: string | undefined;
      do {
        await takeTurn();
        const command = new LookupEventsCommand({
          LookupAttributes: [{ AttributeKey: "ResourceName", AttributeValue: resourceName }],
          StartTime: new Date(since),
          EndTime: new Date(until),
          MaxResults: 50,
          ...(token !== undefined && { NextToken: token }),
        });
        const answer = await client.send(command).catch((cause: unknown) => {
          throw new TrailUnreadableError(
            `CloudTrail's event history in ${region} cannot be read. ${formatFailure(cause, "cloudtrail:LookupEvents")}`,
            { cause },
          );
        });
        token = answer.NextToken;
        yield (answer.Events ?? []).map(({ CloudTrailEvent: text }) => parseJson(text));
      } while (token !== undefined);
    },
  };
}

// What cannot be parsed is no record, and the parser of records says so.
function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
