import fc from "fast-check";
import { type RefusalCode, refusalCodes } from "./account.ts";
import { type ActorName, actors } from "./actors.ts";
import { type Answer, answer, giveAnswer } from "./answers.ts";
import { type Forged, forge, forgeds, type Planted, plant, planteds } from "./forgeries.ts";
import type { History } from "./history.ts";
import type { Fault } from "./invocation.ts";
import { longestStaleness, noFaults } from "./ports.ts";
import { callsOf, change, documentNames, type RoleChange } from "./role-changes.ts";
import { type DocumentName, documents, roleName } from "./worker.ts";

/** One thing that happens in a history. */
export type Command =
  | { readonly does: "change"; readonly by: ActorName; readonly change: RoleChange }
  | { readonly does: "deliver"; readonly pick: number; readonly fault: DrawnFault }
  | { readonly does: "deliver together"; readonly order: readonly boolean[] }
  | { readonly does: "wait" | "settle"; readonly seconds: number }
  | { readonly does: "sweep"; readonly fault: DrawnFault }
  | { readonly does: "lose" | "repeat"; readonly pick: number }
  | { readonly does: "delay"; readonly pick: number; readonly seconds: number }
  | { readonly does: "throttle" | "cut the stores"; readonly count: number }
  | { readonly does: "lose answers"; readonly count: number; readonly isCarriedOut: boolean }
  | { readonly does: "refuse"; readonly after: number; readonly count: number; readonly code: RefusalCode }
  | { readonly does: "read stale"; readonly count: number; readonly seconds: number }
  | { readonly does: "steal"; readonly document: DocumentName }
  | { readonly does: "rival"; readonly count: number; readonly change: RoleChange }
  | { readonly does: "plant"; readonly what: Planted; readonly pick: number }
  | { readonly does: "forge"; readonly what: Forged }
  | Answer;

/** A fault in one invocation, as drawn. */
interface DrawnFault {
  readonly crashAt?: number;
  readonly interruptAt?: number;
  readonly interrupt?: { readonly by: ActorName; readonly change: RoleChange } | "deliver";
  readonly hurryAfter?: number;
}

const by = fc.constantFrom<ActorName>("owner", "pipeline", "impostor", "attacker", "attacker", "attacker");
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
const few = fc.integer({ min: 1, max: 4 });
const does = <const Name extends string>(...names: readonly Name[]) => fc.constantFrom(...names);
const seconds = (max: number) => fc.integer({ min: 1, max });

/** Draws one command. */
export const command: fc.Arbitrary<Command> = fc.oneof(
  { arbitrary: fc.record({ does: does("change"), by, change }), weight: 11 },
  { arbitrary: fc.record({ does: does("deliver"), pick, fault }), weight: 12 },
  {
    arbitrary: fc.record({
      does: does("deliver together"),
      order: fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ does: does("settle"), seconds: seconds(1500) }), weight: 4 },
  { arbitrary: fc.record({ does: does("wait"), seconds: seconds(5000) }), weight: 2 },
  { arbitrary: fc.record({ does: does("sweep"), fault }), weight: 1 },
  { arbitrary: fc.record({ does: does("lose", "repeat"), pick }), weight: 2 },
  { arbitrary: fc.record({ does: does("delay"), pick, seconds: seconds(1200) }), weight: 1 },
  { arbitrary: fc.record({ does: does("throttle", "cut the stores"), count: few }), weight: 1 },
  {
    arbitrary: fc.record({ does: does("lose answers"), count: few, isCarriedOut: fc.boolean() }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      does: does("refuse"),
      after: fc.nat(2),
      count: few,
      code: fc.constantFrom(...refusalCodes),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({ does: does("read stale"), count: few, seconds: seconds(longestStaleness) }),
    weight: 2,
  },
  { arbitrary: fc.record({ does: does("steal"), document: fc.constantFrom(...documentNames) }), weight: 1 },
  { arbitrary: fc.record({ does: does("rival"), count: seconds(7), change }), weight: 1 },
  { arbitrary: answer, weight: 5 },
  { arbitrary: fc.record({ does: does("plant"), what: fc.constantFrom(...planteds), pick }), weight: 2 },
  { arbitrary: fc.record({ does: does("forge"), what: fc.constantFrom(...forgeds) }), weight: 2 },
);

/** Carries out one command. */
export async function carryOut(given: Command, history: History): Promise<void> {
  const { faults } = history;
  switch (given.does) {
    case "change":
      makeChange(given, history);
      return;
    case "deliver":
      await history.deliver(given.pick, faultOf(given.fault, history));
      return;
    case "deliver together":
      return history.deliverTogether(given.order);
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
    case "refuse":
      faults.refused = { after: given.after, count: given.count, code: given.code };
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
      history.rivalry.calls = callsOf(given.change, history.choice.reference);
      return;
    case "approve":
    case "suppress":
    case "reset":
    case "pause":
    case "resume":
    case "enable":
      return giveAnswer(given, history);
    case "plant":
      return plant(given.what, given.pick, history);
    case "forge":
      history.send("rollback", forge(given.what));
      return;
  }
}

function makeChange(
  made: { readonly by: ActorName; readonly change: RoleChange },
  { act, choice }: History,
): void {
  for (const call of callsOf(made.change, choice.reference)) act(call, actors[made.by]);
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
      makeChange(interrupt, history);
      await history.truth();
    },
  };
}

/** Lifts every fault, and lets the guard come to rest: due messages, and sweeps. */
export async function comeToRest(history: History): Promise<void> {
  Object.assign(history.faults, noFaults());
  history.rivalry.left = 0;
  for (let count = 0; count < 4; count += 1) {
    await history.settle(7 * 3600);
    await history.sweep({});
  }
  await history.settle(3600);
  // What waits for a window says so from the first look after the window closed.
  await history.sweep({});
  await history.settle(60);
}
