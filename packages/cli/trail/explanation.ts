import type { Config } from "@drift-guard/core/config/config";
import { listWatchedRoles } from "@drift-guard/core/config/watched-role";
import { mayConcernEveryRole } from "@drift-guard/core/model/change";
import type { Explanation } from "../output/explain.ts";
import { findConcerns } from "./concern.ts";
import type { TrailRecord } from "./records.ts";

/** How the guard interprets a record, given the roles that it watches. */
export function explainRecord(record: TrailRecord, config: Config): Explanation {
  const at = { file: record.file, ...record.place };
  if (record.problem !== undefined) return { ...at, kind: "unreadable", problem: record.problem };
  const { message } = record;
  switch (message.kind) {
    case "irrelevant":
      return { ...at, kind: "irrelevant", why: message.why };
    case "symptom":
      return { ...at, kind: "symptom", symptom: message.symptom };
    case "recheck":
      return { ...at, kind: "irrelevant", why: "this is the guard's own request for a recheck" };
    case "change": {
      if (mayConcernEveryRole(message.change)) {
        return {
          ...at,
          kind: "change",
          change: message.change,
          guarded: listWatchedRoles({ config }).map(({ name }) => name),
          toRead: [],
        };
      }
      const concerns = findConcerns(message.change, config);
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
