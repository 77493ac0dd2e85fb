import type { Change, Recheck } from "@drift-guard/core/change";
import { RoleUnreadableError } from "@drift-guard/core/errors";
import { evaluate } from "@drift-guard/core/evaluate";
import type { Evidence } from "@drift-guard/core/evidence";
import type { Message } from "@drift-guard/core/message";
import { reconcile } from "@drift-guard/core/reconcile";
import { type RoleKey, type RoleReading, sameRoleName } from "@drift-guard/core/role";
import type { Cause, Transition } from "@drift-guard/core/transition";
import { attemptOf, judgeCaller } from "./caller.ts";
import { decideAndCommit } from "./commit.ts";
import { findWard, type Ward } from "./guarded-role.ts";
import type { GuardPorts, GuardSettings } from "./ports.ts";

/** What a look at one role came to. */
export interface Inspection {
  readonly role: RoleKey;
  readonly evidence: readonly Evidence[];
  readonly transitions: readonly Transition[];
  /** Whether another look was asked for. */
  readonly recheck: boolean;
}

/** Looks at every guarded role that a message concerns; none where it concerns none. */
export async function inspectMessage(
  message: Message,
  ports: GuardPorts,
  settings: GuardSettings,
): Promise<readonly Inspection[]> {
  switch (message.kind) {
    case "irrelevant":
      return [];
    case "change":
      return inspectChange(message.change, ports, settings);
    case "recheck": {
      const ward = findWard(settings, message.recheck.recheck);
      return ward ? [await inspectAgain(ward, message.recheck, ports, settings)] : [];
    }
  }
}

async function inspectChange(
  change: Change,
  ports: GuardPorts,
  settings: GuardSettings,
): Promise<readonly Inspection[]> {
  // The rules pin the account; a message that another account's event slipped into is not believed.
  if (change.account !== settings.account) return [];
  const wards = await wardsBehind(change, ports, settings);
  const cause: Cause = { kind: "change", changeId: change.id, call: change.call, at: change.at };
  return Promise.all(
    wards.map(async (ward) => {
      const evidence = change.outcome.status === "refused" ? [attemptOf(change, change.outcome)] : [];
      const inspection = await inspectRole(ward, { cause, after: change, evidence }, ports, settings);
      // IAM is eventually consistent: even a clean read is read again.
      await ports.rechecks.schedule({ recheck: ward.name, after: change }, settings.config.recheckSeconds);
      return { ...inspection, recheck: true };
    }),
  );
}

async function wardsBehind(
  change: Change,
  { roles }: GuardPorts,
  settings: GuardSettings,
): Promise<readonly Ward[]> {
  const names = await Promise.all(
    change.subjects.map((subject) => (subject.kind === "role" ? [subject.name] : roles.rolesBehind(subject))),
  );
  const wards = names.flat().flatMap((name) => findWard(settings, name) ?? []);
  return wards.filter(
    (ward, index) => wards.findIndex(({ name }) => sameRoleName(name, ward.name)) === index,
  );
}

async function inspectAgain(
  ward: Ward,
  { after }: Recheck,
  ports: GuardPorts,
  settings: GuardSettings,
): Promise<Inspection> {
  const inspection = await inspectRole(
    ward,
    { cause: { kind: "recheck" }, evidence: [], ...(after && { after }) },
    ports,
    settings,
  );
  if (inspection.recheck) {
    await ports.rechecks.schedule(
      { recheck: ward.name, ...(after && { after }) },
      settings.config.recheckSeconds,
    );
  }
  return inspection;
}

/** What led to a look at a role, and what is known before it is read. */
export interface Occasion {
  readonly cause: Cause;
  readonly after?: Change;
  readonly evidence: readonly Evidence[];
  /** The role as it was just read, where the caller has it. */
  readonly reading?: RoleReading;
}

/** Reads one role, evaluates it, and commits what that changes. */
export async function inspectRole(
  ward: Ward,
  occasion: Occasion,
  ports: GuardPorts,
  settings: GuardSettings,
): Promise<Inspection> {
  const key: RoleKey = { account: settings.account, name: ward.name };
  const { after, cause } = occasion;
  let given = occasion.reading;
  const { exceptions } = await ports.control.load(key);
  const decision = await decideAndCommit(ports.findings, key, async (ledger) => {
    // Only the first round may use what the caller read: after a conflict the role is read anew.
    const seen = await assess(ward, given, ports);
    given = undefined;
    const now = ports.now().toISOString();
    const foreign = cause.kind === "recheck" && after ? judgeCaller(after, ledger, settings, now) : "none";
    const evidence: readonly Evidence[] = [
      ...seen,
      ...occasion.evidence,
      ...(typeof foreign === "object" ? [foreign] : []),
    ];
    const reconciled = reconcile({
      ledger,
      evidence,
      exceptions,
      cause,
      ...(after && { actor: after.actor }),
      config: settings.config,
      now,
      settleSeconds: settings.config.recheckSeconds / 2,
    });
    const recheck = reconciled.recheck || foreign === "unknown";
    return {
      ledger: reconciled.ledger,
      transitions: reconciled.transitions,
      result: { evidence, recheck },
    };
  });
  return { role: key, transitions: decision.transitions, ...decision.result };
}

async function assess(
  ward: Ward,
  given: RoleReading | undefined,
  { roles }: GuardPorts,
): Promise<readonly Evidence[]> {
  try {
    return evaluate({ ...ward, reading: given ?? (await roles.read(ward.name)) });
  } catch (error) {
    // Unsure is never clean: what cannot be read is a finding, and the other findings stand as they were.
    if (error instanceof RoleUnreadableError) {
      return [{ kind: "undecided", part: "role", reasons: [error.message] }];
    }
    throw error;
  }
}
