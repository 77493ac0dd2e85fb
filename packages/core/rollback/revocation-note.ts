import type { Assessment, Note } from "../model/evidence.ts";
import { type Instant, millisecondsBetween } from "../model/instant.ts";
import { inlinePart, isSamePart } from "../model/part.ts";
import type { Role } from "../model/role.ts";
import { listStanding, type Revocation, type RevocationRecord } from "./revocation.ts";

// A later try starts within 15 minutes of its time (`guard/rollback/later-try.ts`), and IAM shows a removal after a while.
const removalSeconds = 1200;

/**
 * Returns the assessments of a role with a note for each of the guard's own revocations, in place of the drift that its
 * policy is. Once the policy should be gone and still stands, the drift stays.
 */
export function noteRevocations(
  role: Pick<Role, "name" | "inline">,
  assessments: readonly Assessment[],
  record: RevocationRecord,
  now: Instant,
): readonly Assessment[] {
  const inForce = listStanding(role, record).filter(
    ({ until }) => millisecondsBetween(until, now) < removalSeconds * 1000,
  );
  const notes = inForce.map((revocation) => describeRevocation(role, revocation));
  const isOwn = ({ kind, part }: Assessment) =>
    kind === "drift" && notes.some((note) => isSamePart(note.part, part));
  return notes.length === 0 ? assessments : [...assessments.filter((each) => !isOwn(each)), ...notes];
}

function describeRevocation({ name }: Pick<Role, "name">, { policyName, until }: Revocation): Note {
  return {
    kind: "note",
    part: inlinePart(policyName),
    topic: "sessions-revoked",
    details: [
      `Before a rollback restored permissions, the guard ended every session of ${name}, so that nobody who could assume the role before has them.`,
      `The inline policy ${policyName} denies everything to those sessions until ${until}. The guard removes it then. Jobs with such a session fail; a retry gets a new one.`,
    ],
    grants: [],
  };
}
