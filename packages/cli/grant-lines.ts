import { explainPart, formatGrant, formatGrants } from "@drift-guard/formats/grants";
import type { Grant } from "@drift-guard/policy/grant";

/** As `formatGrants` of packages/formats, with a grant that is only partly a difference marked in full. */
export function formatGrantLines(grants: readonly Grant[], maxLines?: number): readonly string[] {
  return formatGrants(grants, maxLines);
}

/** A grant with all its items. */
export function formatWholeGrant(grant: Grant): string {
  return explainPart(formatGrant(grant));
}
