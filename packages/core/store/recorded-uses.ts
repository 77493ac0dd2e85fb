import type { RoleUse } from "../batch/role-use.ts";
import { jsonBytes } from "../model/json-size.ts";

// The uses of a role are in memory while it is inspected, and each MB is one more call to the table.
const maxBytes = 12_000_000;

/**
 * Joins the recorded uses of a role, which `items` yields for one environment or job definition after the other. It stops
 * after 12 MB of JSON; the last job definition then says so in `omitted`.
 */
export async function joinRecordedUses(
  items: AsyncIterable<readonly RoleUse[]>,
): Promise<readonly RoleUse[]> {
  const uses: RoleUse[] = [];
  let bytes = 0;
  for await (const item of items) {
    bytes += jsonBytes(item);
    if (bytes > maxBytes) {
      const at = uses.findLastIndex(({ kind }) => kind === "job-definition");
      const why = "AWS Batch uses the role so much that the uses after this one were not read";
      return uses.map((use, index) =>
        index === at && use.kind === "job-definition"
          ? { ...use, omitted: [...(use.omitted ?? []), why] }
          : use,
      );
    }
    uses.push(...item);
  }
  return uses;
}
