import type { RoleUse } from "../batch/role-use.ts";
import { formatUses } from "../batch/role-use-text.ts";
import type { Change } from "../model/change.ts";
import type { Note } from "../model/evidence.ts";
import { type Part, partOf } from "../model/part.ts";
import type { Role } from "../model/role.ts";

/** Returns a note for each part of a service-linked role that a change edited, with its value now (R20, R21). */
export function noteEdits(change: Change, role: Role): readonly Note[] {
  return (change.edits ?? []).map((part) => ({
    kind: "note",
    part,
    topic: "linked-role-edited",
    // The time distinguishes two edits with the same result.
    details: [`${change.call} at ${change.at}: ${formatPartNow(part, role)}`, ...adviceOn(part)],
    grants: [],
    at: change.at,
  }));
}

function formatPartNow(part: Part, { description, tags }: Role): string {
  if (part.kind === "description") {
    if (!description.observed) return `what the description reads now could not be read: ${description.why}`;
    return description.value === ""
      ? "it has no description now."
      : `its description reads now "${description.value}".`;
  }
  const key = part.name ?? "";
  if (!tags.observed) return `what the tag ${key} is now could not be read: ${tags.why}`;
  const found = Object.entries(tags.value).find(([name]) => name.toLowerCase() === key.toLowerCase());
  return found ? `its tag ${found[0]} is now "${found[1]}".` : `it has no tag ${key} now.`;
}

function adviceOn(part: Part): readonly string[] {
  return part.kind === "description"
    ? [
        "To write the description again: npx drift-guard slr describe TEXT. Nothing else of the role can be edited.",
      ]
    : ["A tag gives and takes nothing by itself, but policies may ask for it."];
}

/** Returns the note that a service-linked role is being deleted while AWS Batch uses it; `uses` are those uses. */
export function noteDeletion(
  { at, deletionTask }: Pick<Change, "at" | "deletionTask">,
  uses: readonly RoleUse[],
): Note {
  return {
    kind: "note",
    part: partOf("role"),
    topic: "linked-role-deletion",
    details: [
      `Its deletion was asked for at ${at}${deletionTask === undefined ? "" : ` (${deletionTask})`}, and has not ended.`,
      ...formatUses(uses).map((use) => `Uses it: ${use}.`),
      "IAM ought to refuse while these are there. Should the role go, they turn INVALID, and cannot be deleted: make it again with npx drift-guard slr create.",
    ],
    grants: [],
  };
}

// Longer than any deletion takes.
const longestDeletionHours = 24;

/** Whether a deletion that a change started may still be in progress at `now`: its first 24 hours. */
export function mayBeUnderWay({ at }: Pick<Change, "at">, now: Date): boolean {
  return now.getTime() - Date.parse(at) < longestDeletionHours * 3_600_000;
}
