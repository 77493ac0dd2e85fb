import type { Change, Subject } from "@drift-guard/core/model/change";
import { sameRoleName } from "@drift-guard/core/model/role";
import type { Ward } from "@drift-guard/guard/guarded-role";

/** What a subject of a change means for the guarded roles, as far as that is known without a read. */
export interface Concern {
  readonly subject: Subject;
  /** The guarded roles that it concerns for certain. */
  readonly guarded: readonly string[];
  /** Whether only a read of the account can say which roles are behind it. */
  readonly open: boolean;
}

/** Which of the guarded roles a change concerns. */
export function findConcerns(change: Change, wards: readonly Ward[]): readonly Concern[] {
  return change.subjects.map((subject) => judge(subject, wards));
}

function judge(subject: Subject, wards: readonly Ward[]): Concern {
  switch (subject.kind) {
    case "role": {
      const guarded = wards.filter(({ name }) => sameRoleName(name, subject.name));
      return { subject, guarded: guarded.map(({ name }) => name), open: false };
    }
    case "policy": {
      // A guarded role without a policy that its reference attaches is drift already; with it, this is its policy.
      const guarded = wards.filter(({ reference }) =>
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
