import { refer } from "./cell.ts";
import type { DanglingPrincipal, Side } from "./comparison.ts";
import type { StatementRef } from "./grant.ts";
import { isUniqueId } from "./principal.ts";
import type { CompiledSide } from "./side.ts";

/** The principals of a side that are named by a unique id, each once, in the order of their statements. */
export function listDangling({ allows, denies }: CompiledSide, side: Side): readonly DanglingPrincipal[] {
  const places = new Map<string, StatementRef[]>();
  for (const placed of [...allows, ...denies]) {
    for (const { type, id } of placed.statement.principals?.entries ?? []) {
      if (type !== "AWS" || !isUniqueId(id)) continue;
      const statements = places.get(id);
      if (statements === undefined) places.set(id, [refer(placed)]);
      else statements.push(refer(placed));
    }
  }
  return [...places].map(([id, statements]) => ({ side, id, statements }));
}
