import type { Approval } from "@drift-guard/core/model/approval";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import { planForApproval } from "@drift-guard/core/rollback/plan-for-approval";
import { findWatchedRolesWithUses } from "@drift-guard/guard/inspect/discovery";
import { observeRole } from "@drift-guard/guard/rollback/observation";
import { createPlanning } from "@drift-guard/guard/rollback/planning";
import { readDriftedPolicies } from "@drift-guard/guard/rollback/policies";
import fc from "fast-check";
import { account } from "../../../builders.ts";
import { type PersonName, people } from "./actors.ts";
import type { History } from "./history.ts";
import { roleName } from "./worker.ts";

/** A person's answer. */
export type Answer =
  | {
      readonly does: "approve";
      readonly pick: number;
      readonly by: PersonName;
      /** Whether they approve exactly the steps that are planned now. */
      readonly isBound: boolean;
      /** Whether STS named them: then the approval waits until it is known who made the change. */
      readonly isProven: boolean;
    }
  | { readonly does: "suppress"; readonly pick: number; readonly minutes: number }
  | { readonly does: "reset"; readonly pick: number }
  | { readonly does: "pause"; readonly scope: "account" | "role"; readonly minutes: number }
  | { readonly does: "resume" }
  | { readonly does: "enable" };

const pick = fc.nat(12);
const does = <const Name extends string>(...names: readonly Name[]) => fc.constantFrom(...names);

/** Draws an answer. */
export const answer: fc.Arbitrary<Answer> = fc.oneof(
  {
    arbitrary: fc.record({
      does: does("approve"),
      pick,
      by: fc.constantFrom<PersonName>("on-call", "on-call", "colleague", "attacker"),
      isBound: fc.boolean(),
      isProven: fc.boolean(),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      does: does("suppress"),
      pick,
      minutes: fc.constantFrom(5, 6 * 60, 200 * 60),
    }),
    weight: 1,
  },
  { arbitrary: fc.record({ does: does("reset"), pick }), weight: 1 },
  {
    arbitrary: fc.record({
      does: does("pause"),
      scope: fc.constantFrom("account", "role"),
      minutes: fc.integer({ min: 1, max: 120 }),
    }),
    weight: 1,
  },
  { arbitrary: fc.constant({ does: "resume" as const }), weight: 1 },
  { arbitrary: fc.constant({ does: "enable" as const }), weight: 1 },
);

const key = { account, name: roleName };

/** Stores an answer, and sends the message that the function which takes answers sends. */
export async function giveAnswer(given: Answer, history: History): Promise<void> {
  const now = history.clock.now();
  const at = instantOf(now);
  const inMinutes = (minutes: number) => instantOf(new Date(now.getTime() + minutes * 60_000));
  const { control } = history;
  if (given.does === "pause" || given.does === "resume") {
    const scopes = given.does === "pause" ? [given.scope] : (["account", "role"] as const);
    const until = inMinutes(given.does === "pause" ? given.minutes : 0);
    const by = people["on-call"];
    for (const scope of scopes)
      await control.decide(key, { kind: "pause", pause: { scope, by, at, until, reason: "release" } });
    return;
  }
  if (given.does === "enable") return enable(history);
  const { findings } = await history.findings.load(key);
  const open = findings.filter(({ state, evidence }) => state === "open" && evidence.kind === "drift");
  const finding = open[given.pick % Math.max(open.length, 1)];
  if (finding === undefined) return;
  const about = { findingId: finding.id, digest: digestEvidence(finding.evidence) };
  switch (given.does) {
    case "approve": {
      const by = people[given.by];
      const plan = given.isBound ? await findPlan(finding.id, history) : undefined;
      const approval: Approval = {
        ...about,
        by,
        principal: by,
        at,
        expires: inMinutes(6 * 60),
        ...(given.isProven && { userId: `AIDA${given.by.toUpperCase()}` }),
        ...(plan && { plan }),
      };
      history.approvals.push(approval);
      await control.decide(key, { kind: "approval", approval });
      break;
    }
    case "suppress": {
      const exception = { ...about, expires: inMinutes(given.minutes), owner: "on-call", reason: "known" };
      await control.decide(key, { kind: "exception", exception });
      history.send("changes", JSON.stringify({ recheck: roleName }));
      return;
    }
    case "reset":
      await control.decide(key, {
        kind: "reset",
        reset: { findingId: finding.id, by: people["on-call"], at },
      });
  }
  history.send("rollback", JSON.stringify({ retry: { role: roleName, due: at, findings: [] } }));
}

/** Ends the observing phase, and sends the messages that the function which takes answers sends. */
async function enable({ control, clock, record, send }: History): Promise<void> {
  const { observing } = await record();
  if (observing === undefined || observing.ended) return;
  const at = instantOf(clock.now());
  await control.saveObserving(account, { ...observing, ended: { at, by: people["on-call"] } });
  send("rollback", JSON.stringify({ observing: {} }));
  send("rollback", JSON.stringify({ retry: { role: roleName, due: at, findings: [] } }));
}

/** Returns the steps that the command line shows for approval. */
async function findPlan(findingId: string, { ports, settings, record }: History): Promise<Approval["plan"]> {
  const reading = ports();
  const [watched] = await findWatchedRolesWithUses([roleName], reading, settings);
  const observation = watched && (await observeRole(watched, reading));
  if (!watched || observation?.status !== "present") return undefined;
  const policies = await readDriftedPolicies(watched, observation, reading);
  const { config } = settings;
  const planning = createPlanning({ watched, ...observation, policies, control: await record(), config });
  return planForApproval(planning, findingId).plan;
}
