import type { RoleUse } from "../batch/role-use.ts";
import type { Note } from "../model/evidence.ts";
import type { NoteTopic } from "../model/note-topic.ts";
import { partOf } from "../model/part.ts";

const maxDetails = 10;

/**
 * Returns a note at the part `role` with one sentence for each use, sorted and without duplicates; at most 10, and how
 * many more there are. No note if there are no uses.
 */
export function noteUses<Use extends RoleUse>(
  topic: NoteTopic,
  uses: readonly Use[],
  format: (use: Use) => string,
): readonly Note[] {
  return noteDetails(topic, uses.map(format));
}

/** Returns a note at the part `role` with some sentences, as `noteUses` does; no note if there are none. */
export function noteDetails(topic: NoteTopic, sentences: readonly string[]): readonly Note[] {
  if (sentences.length === 0) return [];
  const details = [...new Set(sentences)].sort();
  const more = details.length - maxDetails;
  return [
    {
      kind: "note",
      part: partOf("role"),
      topic,
      details: more > 0 ? [...details.slice(0, maxDetails), `And ${more} more.`] : details,
      grants: [],
    },
  ];
}
