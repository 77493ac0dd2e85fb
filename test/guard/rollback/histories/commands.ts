import type { ConfigInput } from "@drift-guard/core/config/config";
import { bodyOf } from "@drift-guard/core/model/finding";
import { digestEvidence } from "@drift-guard/core/model/identity";
import { instantOf } from "@drift-guard/core/model/instant";
import type { IamCall } from "@drift-guard/embedded/iam/call";
import fc from "fast-check";
import { account } from "../../../builders.ts";
import { type ActorName, actors, type Choice, type History } from "./history.ts";
import type { Fault } from "./invocation.ts";
import {
  type DocumentName,
  documents,
  floorName,
  floorText,
  jobsPolicy,
  roleName,
  type TrustName,
  trusts,
} from "./worker.ts";

/** A change of the role that somebody makes. */
type RoleChange =
  | {
      readonly kind:
        | "detach"
        | "attach"
        | "bound"
        | "unbound"
        | "attach rogue"
        | "detach rogue"
        | "open and close"
        | "delete role"
        | "tidy";
    }
  | { readonly kind: "put"; readonly name: string; readonly document: DocumentName }
  | { readonly kind: "delete"; readonly name: string }
  | { readonly kind: "trust"; readonly trust: TrustName }
  | { readonly kind: "remake"; readonly trust: TrustName; readonly whole: boolean };

const policyNames = [floorName, "rogue", "RestOf-rogue", "AWSRevokeOlderSessions"] as const;
const trustNames = Object.keys(trusts) as readonly TrustName[];
const documentNames = Object.keys(documents) as readonly DocumentName[];

const put = fc.record({
  kind: fc.constant("put" as const),
  name: fc.constantFrom(...policyNames),
  document: fc.constantFrom(...documentNames),
});
const trust = fc.record({ kind: fc.constant("trust" as const), trust: fc.constantFrom(...trustNames) });
const change: fc.Arbitrary<RoleChange> = fc.oneof(
  { arbitrary: put, weight: 5 },
  { arbitrary: trust, weight: 4 },
  { arbitrary: fc.constant({ kind: "detach" as const }), weight: 5 },
  { arbitrary: fc.constant({ kind: "open and close" as const }), weight: 2 },
  {
    arbitrary: fc.constantFrom(
      { kind: "attach" as const },
      { kind: "bound" as const },
      { kind: "unbound" as const },
      { kind: "attach rogue" as const },
      { kind: "detach rogue" as const },
      { kind: "tidy" as const },
    ),
    weight: 5,
  },
  {
    arbitrary: fc.record({ kind: fc.constant("delete" as const), name: fc.constantFrom(...policyNames) }),
    weight: 2,
  },
  {
    arbitrary: fc.oneof(
      fc.constant({ kind: "delete role" as const }),
      fc.record({
        kind: fc.constant("remake" as const),
        trust: fc.constantFrom<TrustName>("clean", "clean", "stranger added", "another service alone"),
        whole: fc.boolean(),
      }),
    ),
    weight: 1,
  },
);

const ownPolicy = (name: string) => `arn:aws:iam::${account}:policy/${name}`;

function callsOf(made: RoleChange): readonly IamCall[] {
  switch (made.kind) {
    case "detach":
      return [{ call: "DetachRolePolicy", roleName, policyArn: jobsPolicy }];
    case "attach":
      return [{ call: "AttachRolePolicy", roleName, policyArn: jobsPolicy }];
    case "bound":
      return [{ call: "PutRolePermissionsBoundary", roleName, permissionsBoundary: ownPolicy("bound") }];
    case "unbound":
      return [{ call: "DeleteRolePermissionsBoundary", roleName }];
    case "attach rogue":
      return [{ call: "AttachRolePolicy", roleName, policyArn: ownPolicy("rogue") }];
    case "detach rogue":
      return [{ call: "DetachRolePolicy", roleName, policyArn: ownPolicy("rogue") }];
    case "put":
      return [
        {
          call: "PutRolePolicy",
          roleName,
          policyName: made.name,
          policyDocument: documents[made.document],
        },
      ];
    case "delete":
      return [{ call: "DeleteRolePolicy", roleName, policyName: made.name }];
    case "trust":
      return [{ call: "UpdateAssumeRolePolicy", roleName, policyDocument: trusts[made.trust] }];
    case "open and close":
      return (["stranger added", "clean"] as const).map((name) => ({
        call: "UpdateAssumeRolePolicy",
        roleName,
        policyDocument: trusts[name],
      }));
    case "delete role":
      return deletion;
    case "remake":
      return [
        ...deletion,
        { call: "CreateRole", roleName, assumeRolePolicyDocument: trusts[made.trust] },
        ...(made.whole ? restoration : []),
      ];
    case "tidy":
      return [
        ...policyNames.flatMap((policyName): readonly IamCall[] =>
          policyName === floorName ? [] : [{ call: "DeleteRolePolicy", roleName, policyName }],
        ),
        { call: "DetachRolePolicy", roleName, policyArn: ownPolicy("rogue") },
        { call: "DeleteRolePermissionsBoundary", roleName },
        { call: "UpdateAssumeRolePolicy", roleName, policyDocument: trusts.clean },
        ...restoration,
      ];
  }
}

const restoration: readonly IamCall[] = [
  { call: "AttachRolePolicy", roleName, policyArn: jobsPolicy },
  { call: "PutRolePolicy", roleName, policyName: floorName, policyDocument: floorText },
];
const deletion: readonly IamCall[] = [
  ...policyNames.map((policyName): IamCall => ({ call: "DeleteRolePolicy", roleName, policyName })),
  { call: "DetachRolePolicy", roleName, policyArn: jobsPolicy },
  { call: "DetachRolePolicy", roleName, policyArn: ownPolicy("rogue") },
  { call: "DeleteRole", roleName },
];

/** One thing that happens in a history. */
export type Command =
  | { readonly does: "change"; readonly by: ActorName; readonly change: RoleChange }
  | { readonly does: "deliver"; readonly pick: number; readonly fault: DrawnFault }
  | { readonly does: "wait" | "settle"; readonly seconds: number }
  | { readonly does: "sweep"; readonly fault: DrawnFault }
  | { readonly does: "lose" | "repeat"; readonly pick: number }
  | { readonly does: "delay"; readonly pick: number; readonly seconds: number }
  | { readonly does: "throttle" | "cut the stores"; readonly count: number }
  | { readonly does: "lose answers"; readonly count: number; readonly isCarriedOut: boolean }
  | { readonly does: "read stale"; readonly count: number; readonly seconds: number }
  | { readonly does: "steal"; readonly document: DocumentName }
  | { readonly does: "rival"; readonly count: number; readonly change: RoleChange }
  | { readonly does: "approve" | "suppress" | "reset"; readonly pick: number }
  | { readonly does: "pause"; readonly scope: "account" | "role"; readonly minutes: number }
  | { readonly does: "resume" }
  | { readonly does: "plant"; readonly what: Planted; readonly pick: number }
  | { readonly does: "forge"; readonly what: Forged };

const planteds = [
  "suppressed",
  "undone in 2099",
  "contested in 2099",
  "resolved",
  "by the pipeline",
] as const;
type Planted = (typeof planteds)[number];
const forgeds = [
  "hint",
  "hint of another role",
  "continue",
  "retry",
  "retry in 2099",
  "enrol",
  "noise",
] as const;
type Forged = (typeof forgeds)[number];

/** A fault in one invocation, as drawn. */
interface DrawnFault {
  readonly crashAt?: number;
  readonly interruptAt?: number;
  readonly interrupt?: { readonly by: ActorName; readonly change: RoleChange } | "deliver";
  readonly hurryAfter?: number;
}

const by = fc.constantFrom<ActorName>("owner", "pipeline", "attacker", "attacker");
const fault: fc.Arbitrary<DrawnFault> = fc.oneof(
  { arbitrary: fc.constant({}), weight: 6 },
  { arbitrary: fc.record({ crashAt: fc.integer({ min: 1, max: 40 }) }), weight: 3 },
  { arbitrary: fc.record({ hurryAfter: fc.integer({ min: 0, max: 3 }) }), weight: 1 },
  {
    arbitrary: fc.record({
      interruptAt: fc.integer({ min: 1, max: 30 }),
      interrupt: fc.oneof(fc.constant("deliver" as const), fc.record({ by, change })),
    }),
    weight: 3,
  },
);
const pick = fc.nat(12);
const happens = <Name extends string>(...names: readonly Name[]) => fc.constantFrom(...names);

/** Draws one command. */
export const command: fc.Arbitrary<Command> = fc.oneof(
  { arbitrary: fc.record({ does: happens("change"), by, change }), weight: 10 },
  { arbitrary: fc.record({ does: happens("deliver"), pick, fault }), weight: 12 },
  {
    arbitrary: fc.record({ does: happens("settle"), seconds: fc.integer({ min: 1, max: 1500 }) }),
    weight: 4,
  },
  { arbitrary: fc.record({ does: happens("wait"), seconds: fc.integer({ min: 1, max: 5000 }) }), weight: 2 },
  { arbitrary: fc.record({ does: happens("sweep"), fault }), weight: 1 },
  { arbitrary: fc.record({ does: happens("lose", "repeat"), pick }), weight: 2 },
  {
    arbitrary: fc.record({ does: happens("delay"), pick, seconds: fc.integer({ min: 1, max: 1200 }) }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      does: happens("throttle", "cut the stores"),
      count: fc.integer({ min: 1, max: 4 }),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      does: happens("lose answers"),
      count: fc.integer({ min: 1, max: 4 }),
      isCarriedOut: fc.boolean(),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      does: happens("read stale"),
      count: fc.integer({ min: 1, max: 4 }),
      seconds: fc.integer({ min: 1, max: 20 }),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({ does: happens("steal"), document: fc.constantFrom(...documentNames) }),
    weight: 1,
  },
  {
    arbitrary: fc.record({ does: happens("rival"), count: fc.integer({ min: 1, max: 7 }), change }),
    weight: 1,
  },
  { arbitrary: fc.record({ does: happens("approve", "suppress", "reset"), pick }), weight: 3 },
  {
    arbitrary: fc.record({
      does: happens("pause"),
      scope: happens("account", "role"),
      minutes: fc.integer({ min: 1, max: 120 }),
    }),
    weight: 1,
  },
  { arbitrary: fc.constant({ does: "resume" as const }), weight: 1 },
  { arbitrary: fc.record({ does: happens("plant"), what: fc.constantFrom(...planteds), pick }), weight: 2 },
  { arbitrary: fc.record({ does: happens("forge"), what: fc.constantFrom(...forgeds) }), weight: 2 },
);

const mode = fc.constantFrom(...Array(6).fill("automatic"), "approve", "off", "simulate");
/** Draws the owner's choices. */
export const choice: fc.Arbitrary<Choice> = fc.record({
  rollback: fc.record({
    excess: mode,
    missing: mode,
    altered: mode,
    sessions: fc.constantFrom("approve", "wait", "revoke"),
    windows: fc.constantFrom(
      [],
      [],
      [{ days: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"], from: "18:00", to: "20:00" }],
    ),
  }) as fc.Arbitrary<NonNullable<ConfigInput["roles"][string]["rollback"]>>,
  trustsPipeline: fc.boolean(),
  restoringPerHour: fc.constantFrom(1, 2, 20),
  isEnrolled: fc.constantFrom(true, true, true, true, false),
});

/** Carries out one command. */
export async function carryOut(given: Command, history: History): Promise<void> {
  const { faults } = history;
  switch (given.does) {
    case "change":
      for (const call of callsOf(given.change)) history.act(call, actors[given.by]);
      return;
    case "deliver":
      await history.deliver(given.pick, faultOf(given.fault, history));
      return;
    case "wait":
      history.clock.advance(given.seconds);
      return;
    case "settle":
      return history.settle(given.seconds);
    case "sweep":
      return history.sweep(faultOf(given.fault, history));
    case "lose":
      history.lose(given.pick);
      return;
    case "repeat":
      history.repeat(given.pick);
      return;
    case "delay":
      history.delay(given.pick, given.seconds);
      return;
    case "throttle":
      faults.throttled = given.count;
      return;
    case "cut the stores":
      faults.unavailable = given.count;
      return;
    case "lose answers":
      faults.unanswered = { count: given.count, isCarriedOut: given.isCarriedOut };
      return;
    case "read stale":
      faults.stale = { count: given.count, seconds: given.seconds };
      return;
    case "steal":
      history.steal({
        call: "PutRolePolicy",
        roleName,
        policyName: "stolen",
        policyDocument: documents[given.document],
      });
      return;
    case "rival":
      history.rivalry.left = given.count;
      history.rivalry.calls = callsOf(given.change);
      return;
    case "approve":
    case "suppress":
    case "reset":
      return answer(given.does, given.pick, history);
    case "pause":
    case "resume":
      return pause(given, history);
    case "plant":
      return plant(given.what, given.pick, history);
    case "forge":
      history.send("rollback", forge(given.what));
      return;
  }
}

function faultOf({ interrupt, ...rest }: DrawnFault, history: History): Fault {
  if (interrupt === undefined) return rest;
  return {
    ...rest,
    interrupt: async () => {
      if (interrupt === "deliver") {
        await history.deliver(0, {});
        return;
      }
      for (const call of callsOf(interrupt.change)) history.act(call, actors[interrupt.by]);
      await history.truth();
    },
  };
}

const key = { account, name: roleName };
const onCall = `arn:aws:iam::${account}:user/on-call`;

async function answer(
  verb: "approve" | "suppress" | "reset",
  pickOf: number,
  history: History,
): Promise<void> {
  const { findings } = await history.findings.load(key);
  const open = findings.filter(({ state, evidence }) => state === "open" && evidence.kind === "drift");
  const finding = open[pickOf % Math.max(open.length, 1)];
  if (finding === undefined) return;
  const now = history.clock.now();
  const at = instantOf(now);
  const expires = instantOf(new Date(now.getTime() + 6 * 3_600_000));
  const decision = { findingId: finding.id, digest: digestEvidence(finding.evidence), expires };
  if (verb === "approve")
    await history.control.decide(key, { kind: "approval", approval: { ...decision, by: onCall, at } });
  if (verb === "suppress")
    await history.control.decide(key, {
      kind: "exception",
      exception: { ...decision, owner: "on-call", reason: "known" },
    });
  if (verb === "reset")
    await history.control.decide(key, { kind: "reset", reset: { findingId: finding.id, by: onCall, at } });
  // As the function that takes answers does.
  if (verb === "suppress") history.send("changes", JSON.stringify({ recheck: roleName }));
  else history.send("rollback", JSON.stringify({ retry: { role: roleName, due: at, findings: [] } }));
}

async function pause(
  given: Extract<Command, { does: "pause" | "resume" }>,
  { control, clock }: History,
): Promise<void> {
  const now = clock.now();
  const at = instantOf(now);
  const scopes = given.does === "pause" ? [given.scope] : (["account", "role"] as const);
  for (const scope of scopes) {
    const minutes = given.does === "pause" ? given.minutes : 0;
    const until = instantOf(new Date(now.getTime() + minutes * 60_000));
    await control.decide(key, { kind: "pause", pause: { scope, by: onCall, at, until, reason: "release" } });
  }
}

/** Writes into the findings table, as somebody who can. */
async function plant(what: Planted, pickOf: number, { findings: store }: History): Promise<void> {
  const before = await store.load(key);
  const target = before.findings[pickOf % Math.max(before.findings.length, 1)];
  if (target?.state !== "open" || target.evidence.kind !== "drift") return;
  const later = "2099-01-01T00:00:00Z";
  const body = bodyOf(target);
  const planted = (() => {
    switch (what) {
      case "suppressed":
        return { ...body, state: "suppressed" as const };
      case "resolved":
        return { ...body, state: "resolved" as const };
      case "undone in 2099":
        return { ...target, rollback: { id: "planted", endedAt: later, undone: true } } as const;
      case "contested in 2099":
        return { ...target, contestedAt: later } as const;
      case "by the pipeline":
        return {
          ...target,
          causedBy: { type: "AssumedRole", issuer: `arn:aws:iam::${account}:role/pipeline` },
        };
    }
  })();
  const findings = before.findings.map((finding) => (finding === target ? planted : finding));
  await store.commit({ before, after: { ...before, findings }, transitions: [] });
}

function forge(what: Forged): string {
  const hint = (name: string, accountId = account) =>
    JSON.stringify({
      source: "drift-guard",
      "detail-type": "Transition",
      detail: { kind: "approved", finding: { role: { account: accountId, name } } },
    });
  switch (what) {
    case "hint":
      return hint(roleName);
    case "hint of another role":
      return hint("Bystander");
    case "continue":
      return JSON.stringify({ continue: { role: roleName, rollbackId: "forged" } });
    case "retry":
      return JSON.stringify({ retry: { role: roleName, due: "2026-01-01T00:00:00Z", findings: [] } });
    case "retry in 2099":
      return JSON.stringify({ retry: { role: "Bystander", due: "2099-01-01T00:00:00Z", findings: [] } });
    case "enrol":
      return JSON.stringify({ enrol: { role: roleName, at: "2020-01-01T00:00:00Z" } });
    case "noise":
      return hint(roleName, "999988887777");
  }
}

/** Lifts every fault, and lets the guard come to rest: due messages, and sweeps. */
export async function comeToRest(history: History): Promise<void> {
  const { faults, rivalry } = history;
  faults.throttled = 0;
  faults.unavailable = 0;
  faults.unanswered.count = 0;
  faults.stale.count = 0;
  rivalry.left = 0;
  for (let count = 0; count < 4; count += 1) {
    await history.settle(7 * 3600);
    await history.sweep({});
  }
  await history.settle(3600);
}
