import type { CompiledSide } from "../compiled/side.ts";
import type { DanglingPrincipal, Side } from "../model/comparison.ts";
import { groupItems } from "../support/unique.ts";
import { isUniqueId } from "../syntax/principal.ts";
import { listRefs } from "./grouping.ts";

/** The principals of a side that are named by a unique id, each once, in the order of their statements. */
export function listDangling({ statements }: CompiledSide, side: Side): readonly DanglingPrincipal[] {
  const named = statements.flatMap((from) =>
    (from.principals?.entries ?? []).flatMap(({ type, id }) =>
      type === "AWS" && isUniqueId(id) ? [{ id, from }] : [],
    ),
  );
  return groupItems(named, ({ id }) => id).map((group) => ({
    side,
    id: group[0].id,
    statements: listRefs(group),
  }));
}
