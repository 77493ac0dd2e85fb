import {
  chooseTelling,
  finishTelling,
  forgetAlone,
  groupNotices,
  identifyNotice,
  isTelling,
  type NoticeChoices,
  planNotices,
  refOf,
  releaseTelling,
  takeHeld,
} from "@drift-guard/core/announcement/notices";
import { StoreUnavailableError } from "@drift-guard/core/errors";
import { instantOf, millisecondsBetween } from "@drift-guard/core/model/instant";
import type { NoticeState, TransitionRef } from "@drift-guard/core/model/notice-state";
import type { Transition } from "@drift-guard/core/model/transition";
import type { Delivery, FindingStore, NoticeQueue, NoticeStore } from "@drift-guard/core/ports";
import type { Silence } from "./silence.ts";

/** Ports with which people are told of transitions. */
export interface NoticePorts {
  readonly findings: Pick<FindingStore, "findDelivery" | "markDelivered">;
  readonly notices: NoticeStore;
  readonly queue: NoticeQueue;
  /** Returns of which transitions people are not told as of now. */
  findSilent(transitions: readonly Transition[]): Promise<Silence>;
  /**
   * Sends one message to people. `id` is the same in every copy of the message. Returns what it says that findings wait for
   * (`digestWait`), by transition id.
   */
  tell(transitions: readonly Transition[], id: string): Promise<ReadonlyMap<string, string>>;
  /** Is told of a transition that waits for a joint message, and is missing in the table or cannot be read there. */
  onMissing(ref: TransitionRef): void;
  now(): Date;
}

/** Whose transitions people are told, and what the owner chose about it. */
export interface NoticeSettings extends NoticeChoices {
  readonly account: string;
}

/**
 * What becomes of a transition: it is told now, waits for the joint message, finds no place there, waits for the information
 * of next week, or is not told.
 */
export type NoticeFate = "at-once" | "held" | "left" | "later" | "silent";

/**
 * Decides for some transitions that await `notify` whether people are told of each at once, and requests the joint message
 * for those that wait. Returns the fates by transition id. Throws `StoreUnavailableError`, `DeliveryError`.
 */
export async function scheduleNotices(
  transitions: readonly Transition[],
  ports: Pick<NoticePorts, "notices" | "queue" | "now">,
  { account, ...choices }: NoticeSettings,
): Promise<ReadonlyMap<string, NoticeFate>> {
  if (transitions.length === 0) return new Map();
  const { state, atOnce, held, left, later, silent, request } = await decide(account, ports, (before) => {
    const plan = planNotices(before, transitions, instantOf(ports.now()), choices);
    return { ...plan, isChanged: true };
  });
  if (request) await ports.queue.requestJointNotice(secondsUntilDue(state, ports));
  return new Map([
    ...atOnce.map(({ id }) => [id, "at-once"] as const),
    ...held.map(({ id }) => [id, "held"] as const),
    ...later.map(({ id }) => [id, "later"] as const),
    ...left.map(({ id }) => [id, "left"] as const),
    ...silent.map(({ id }) => [id, "silent"] as const),
  ]);
}

/**
 * Records that the message about a transition was surely not sent, so that it may join others when it is tried again: after
 * the topic refused messages for a while, they come together. Throws `StoreUnavailableError`.
 */
export async function forgetNotice(
  { id }: Transition,
  ports: Pick<NoticePorts, "notices">,
  { account }: Pick<NoticeSettings, "account">,
): Promise<void> {
  await decide(account, ports, (before) => {
    const state = forgetAlone(before, id);
    return { state, isChanged: state !== before };
  });
}

/**
 * Tells people of the transitions that wait: those of a joint message that was cut off first, then those that are due. Does
 * nothing if none is due, apart from another request for the time when they are. A transition that was delivered meanwhile
 * is left out, and one of which people are not told any more is marked without a message. A message that was cut off is sent
 * again whole, with the same id, so that a subscriber who drops repeated ids hears each transition once. Throws
 * `StoreUnavailableError`, and what `tell` and the queue throw; the rest is then told by the next request.
 */
export async function tellHeld(
  ports: NoticePorts,
  { account }: Pick<NoticeSettings, "account">,
): Promise<void> {
  for (;;) {
    const { state, telling } = await decide(account, ports, (before) => {
      const next = takeHeld(before, instantOf(ports.now()));
      return { state: next ?? before, telling: next?.telling, isChanged: next !== undefined };
    });
    if (telling === undefined) {
      if (state.held.length > 0 || state.telling) {
        await ports.queue.requestJointNotice(secondsUntilNext(state, ports));
      }
      return;
    }
    try {
      await tellTaken(telling, ports, account);
    } catch (error) {
      // Otherwise the message would be taken for one that is being sent. If this fails too, that time passes.
      await changeState(account, ports, (before) => releaseTelling(before, telling.id)).catch(() => {});
      throw error;
    }
    await changeState(account, ports, (before) => finishTelling(before, telling.id));
  }
}

async function tellTaken(
  telling: NonNullable<NoticeState["telling"]>,
  ports: NoticePorts,
  account: string,
): Promise<void> {
  const stored = await findDeliveries(telling.transitions, ports, account);
  const deliveries = telling.chosen ? stored : await dropSilent(stored.filter(isAwaited), ports);
  const refs = deliveries.map(({ transition }) => refOf(transition));
  await changeState(account, ports, (before) => chooseTelling(before, telling.id, refs));
  const awaited = new Set(deliveries.filter(isAwaited).map(({ transition }) => transition.id));
  for (const notice of groupNotices(deliveries.map(({ transition }) => transition))) {
    if (notice.some(({ id }) => awaited.has(id))) await tellAndMark(notice, ports);
  }
}

/** Sends one message to people, and marks its transitions as delivered. Throws what the ports throw. */
export async function tellAndMark(
  transitions: readonly Transition[],
  { tell, findings }: Pick<NoticePorts, "tell" | "findings">,
): Promise<void> {
  const told = await tell(transitions, identifyNotice(transitions));
  for (const transition of transitions)
    await findings.markDelivered(transition, "notify", told.get(transition.id));
}

/** Marks the transitions of which people are not told any more, and returns the others. */
async function dropSilent(
  deliveries: readonly Delivery[],
  { findings, findSilent }: Pick<NoticePorts, "findings" | "findSilent">,
): Promise<readonly Delivery[]> {
  const { silent } = await findSilent(deliveries.map(({ transition }) => transition));
  for (const { transition } of deliveries)
    if (silent.has(transition.id)) await findings.markDelivered(transition, "notify");
  return deliveries.filter(({ transition }) => !silent.has(transition.id));
}

async function findDeliveries(
  refs: readonly TransitionRef[],
  { findings, onMissing }: Pick<NoticePorts, "findings" | "onMissing">,
  account: string,
): Promise<readonly Delivery[]> {
  const deliveries: Delivery[] = [];
  for (const { role, findingId, seq } of refs) {
    const delivery = await findings.findDelivery({
      finding: { role: { account, name: role }, id: findingId, seq },
    });
    if (delivery) deliveries.push(delivery);
    else onMissing({ role, findingId, seq });
  }
  return deliveries;
}

function isAwaited({ awaiting }: Delivery): boolean {
  return awaiting.includes("notify");
}

// While another joint message is being sent, the next one is tried again after some seconds.
const retrySeconds = 30;

function secondsUntilNext(state: NoticeState, ports: Pick<NoticePorts, "now">): number {
  const seconds = secondsUntilDue(state, ports);
  return isTelling(state, instantOf(ports.now())) ? Math.max(seconds, retrySeconds) : seconds;
}

function secondsUntilDue({ due }: NoticeState, { now }: Pick<NoticePorts, "now">): number {
  return due === undefined ? 0 : Math.max(0, millisecondsBetween(instantOf(now()), due) / 1000);
}

// Of each round of racing invocations, one saves its decision.
const maxAttempts = 30;

async function changeState(
  account: string,
  ports: Pick<NoticePorts, "notices">,
  change: (state: NoticeState) => NoticeState,
): Promise<void> {
  await decide(account, ports, (before) => {
    const state = change(before);
    return { state, isChanged: state !== before };
  });
}

async function decide<Decision extends { readonly state: NoticeState; readonly isChanged: boolean }>(
  account: string,
  { notices }: Pick<NoticePorts, "notices">,
  make: (state: NoticeState) => Decision,
): Promise<Decision> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const decision = make(await notices.load(account));
    if (!decision.isChanged || (await notices.save(account, decision.state))) return decision;
  }
  throw new StoreUnavailableError(
    `What people of account ${account} are told changed during all ${maxAttempts} attempts to add to it. The messages return to their queue.`,
  );
}
