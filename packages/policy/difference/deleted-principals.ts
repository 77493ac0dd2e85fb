import type { CompiledSide } from "../compiled/side.ts";
import type { DeletedPrincipal, Side } from "../model/comparison.ts";
import { groupBy } from "../support/unique.ts";
import { isUniqueId } from "../syntax/principal.ts";
import { listRefs } from "./grouping.ts";

/** Returns the deleted principals that a side names by their unique ids, each once, in the order of the statements. */
export function listDeletedPrincipals({ statements }: CompiledSide, side: Side): readonly DeletedPrincipal[] {
  const named = statements.flatMap((from) =>
    (from.principals?.entries ?? []).flatMap(({ type, id }) =>
      type === "AWS" && isUniqueId(id) ? [{ id, from }] : [],
    ),
  );
  return groupBy(named, ({ id }) => id).map((group) => ({
    side,
    id: group[0].id,
    statements: listRefs(group),
  }));
}
