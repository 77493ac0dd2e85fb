import type { Config } from "@drift-guard/core/config/config";
import { findWatchedRole, listWatchedRoles } from "@drift-guard/core/config/watched-role";
import type { Change, Subject } from "@drift-guard/core/model/change";

/** The watched roles that a subject of a change concerns, as far as this is known without reading the account. */
export interface SubjectConcern {
  readonly subject: Subject;
  /** Names of the watched roles that it certainly concerns. */
  readonly guarded: readonly string[];
  /** Whether reading the account may find further roles behind it. */
  readonly open: boolean;
}

/** The watched roles that each subject of a change concerns. */
export function findConcerns(change: Change, config: Config): readonly SubjectConcern[] {
  return change.subjects.map((subject) => judgeSubject(subject, config));
}

function judgeSubject(subject: Subject, config: Config): SubjectConcern {
  switch (subject.kind) {
    case "role": {
      const watched = findWatchedRole({ config }, subject.name);
      return { subject, guarded: watched ? [watched.name] : [], open: false };
    }
    case "policy": {
      // A watched role that matches its reference has this policy attached; one that lacks it has drifted already.
      const guarded = listWatchedRoles({ config }).filter(({ reference }) =>
        reference.attachments.some(({ arn }) => arn === subject.arn),
      );
      return { subject, guarded: guarded.map(({ name }) => name), open: true };
    }
    case "profile":
    case "compute-environment":
    case "job-definition":
      return { subject, guarded: [], open: true };
  }
}
