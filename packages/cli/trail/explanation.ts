import type { WatchedRole } from "@drift-guard/core/config/watched-role";
import type { Symptom } from "@drift-guard/core/intake/symptom";
import type { Change, Subject } from "@drift-guard/core/model/change";
import { findConcerns } from "./concern.ts";
import type { TrailRecord } from "./records.ts";
import type { RecordPosition } from "./splitter.ts";

/** What the guard makes of one record; the line of JSON that `explain --json` prints. */
export type Explanation = { readonly file: string } & Partial<RecordPosition> &
  (
    | {
        readonly kind: "change";
        readonly change: Change;
        /** The guarded roles that it concerns for certain. */
        readonly guarded: readonly string[];
        /** Subjects that only a read of the account can lead to roles. */
        readonly toRead: readonly Subject[];
      }
    /** AWS Batch tells of a job or a queue; the roles behind it take a read of the account. */
    | { readonly kind: "symptom"; readonly symptom: Symptom }
    | { readonly kind: "irrelevant"; readonly why: string }
    | { readonly kind: "unreadable"; readonly problem: string }
  );

/** What the guard makes of a record, where these roles are guarded. */
export function explainRecord(record: TrailRecord, watchedRoles: readonly WatchedRole[]): Explanation {
  const at = { file: record.file, ...record.place };
  if (record.problem !== undefined) return { ...at, kind: "unreadable", problem: record.problem };
  const { message } = record;
  switch (message.kind) {
    case "irrelevant":
      return { ...at, kind: "irrelevant", why: message.why };
    case "symptom":
      return { ...at, kind: "symptom", symptom: message.symptom };
    case "recheck":
      return { ...at, kind: "irrelevant", why: "it is the guard's own wish to look again" };
    case "change": {
      const concerns = findConcerns(message.change, watchedRoles);
      return {
        ...at,
        kind: "change",
        change: message.change,
        guarded: [...new Set(concerns.flatMap(({ guarded }) => guarded))],
        toRead: concerns.filter(({ open }) => open).map(({ subject }) => subject),
      };
    }
  }
}
