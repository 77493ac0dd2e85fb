import type { WatchedRole } from "@drift-guard/core/config/watched-role";
import type { Change, Subject } from "@drift-guard/core/model/change";
import { sameRoleName } from "@drift-guard/core/model/role";

/** What a subject of a change means for the guarded roles, as far as that is known without a read. */
export interface SubjectConcern {
  readonly subject: Subject;
  /** The guarded roles that it concerns for certain. */
  readonly guarded: readonly string[];
  /** Whether only a read of the account can say which roles are behind it. */
  readonly open: boolean;
}

/** Which of the guarded roles a change concerns. */
export function findConcerns(
  change: Change,
  watchedRoles: readonly WatchedRole[],
): readonly SubjectConcern[] {
  return change.subjects.map((subject) => judge(subject, watchedRoles));
}

function judge(subject: Subject, watchedRoles: readonly WatchedRole[]): SubjectConcern {
  switch (subject.kind) {
    case "role": {
      const guarded = watchedRoles.filter(({ name }) => sameRoleName(name, subject.name));
      return { subject, guarded: guarded.map(({ name }) => name), open: false };
    }
    case "policy": {
      // A guarded role without a policy that its reference attaches is drift already; with it, this is its policy.
      const guarded = watchedRoles.filter(({ reference }) =>
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
