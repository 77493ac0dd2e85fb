import type { Finding } from "@drift-guard/core/model/finding";
import { sameRoleName } from "@drift-guard/core/model/role";
import { sanitise } from "@drift-guard/formats/printable";
import { findWatchedRolesWithUses, type WatchedRoleWithUses } from "@drift-guard/guard/inspect/discovery";
import { parseAskedRole } from "../account-check.ts";
import { UsageError } from "../command.ts";
import { chooseFinding } from "../finding-choice.ts";
import { noStores, type RollbackSession } from "./session.ts";

/** What a person asked about: a watched role, or one finding of it. */
export interface RollbackSubject {
  readonly watched: WatchedRoleWithUses;
  /** Left out for the whole role. */
  readonly finding?: Finding;
}

// A finding's id has 32 hex digits, and its first ones may suffice. A role may have such a name: it is looked for first.
const idText = /^[0-9a-f]{1,32}$/;

/**
 * Finds the watched role of a name or ARN, or the finding whose id begins with a text. Throws `UsageError` if there is none,
 * or several findings; `StoreUnavailableError`.
 */
export async function findSubject(text: string, session: RollbackSession): Promise<RollbackSubject> {
  const { name, account } = parseAskedRole(text);
  if (account !== undefined && account !== session.account) {
    throw new UsageError(
      `${sanitise(text, 200)} is of another account than ${session.account}, which was read (${sanitise(session.from, 200)}).`,
    );
  }
  const watched = await findWatched(name, session);
  if (watched) return { watched };
  if (!idText.test(text)) throw notWatched(name);
  const { stores } = session;
  if (!stores) {
    throw new UsageError(
      `${sanitise(text, 40)} is not a watched role. If it is a finding's id, name the guard that stores the finding: --stage NAME, or --findings FILE.`,
    );
  }
  const finding = chooseFinding(text, await listFindings(session));
  const role = await findWatched(finding.role.name, session);
  if (!role) throw notWatched(finding.role.name);
  return { watched: role, finding };
}

async function findWatched(
  name: string,
  { stores, usage = noStores.usage, settings }: RollbackSession,
): Promise<WatchedRoleWithUses | undefined> {
  const { findings } = stores ?? noStores;
  const found = await findWatchedRolesWithUses([name], { findings, usage }, settings);
  return found.find((role) => sameRoleName(role.name, name));
}

async function listFindings({ stores, account }: RollbackSession): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of stores?.findings.listFindings() ?? []) {
    if (finding.role.account === account) findings.push(finding);
  }
  return findings;
}

function notWatched(name: string): UsageError {
  return new UsageError(
    `${sanitise(name, 80)} is not a watched role. Add it to the configuration, or check its name.`,
  );
}
