import type { InformationChoice } from "../config/config.ts";
import { digestOf } from "../model/identity.ts";
import { addSeconds, type Instant, isAhead, isBefore, millisecondsBetween } from "../model/instant.ts";
import type { NoticeState, TransitionRef } from "../model/notice-state.ts";
import { formatRoleKey } from "../model/role.ts";
import type { Transition, TransitionKind } from "../model/transition.ts";
import { isInformation } from "./information.ts";

/**
 * The bounds of what people are told at once. Of 50 drifts of one role, or 200 of an account, they get at most five
 * messages: these, and one for all others.
 */
const perMinute = {
  /** Messages about CRITICAL findings, of one role and of the account. */
  urgent: 3,
  /** Other messages of the account, joint ones too; a role has one message a minute besides the urgent ones. */
  other: 1,
};

// Any sixty seconds, so that a burst has no more messages where a minute of the clock ends within it.
const minuteMs = 60_000;

/** More transitions than these in one joint message make a digest of the account instead of a message for each role. */
export const maxOfRoleMessages = 20;

// An item of DynamoDB holds 400 KB; a reference to a transition has about 130 bytes.
const maxHeld = 2_000;
// SQS delivers a message again for half an hour, in which four a minute are told at once; the sweep announces later repeats.
const maxAlone = 200;

/** What becomes of some transitions: each has a place in one of the lists. */
export interface NoticePlan {
  readonly state: NoticeState;
  readonly atOnce: readonly Transition[];
  /** Wait for the joint message. */
  readonly held: readonly Transition[];
  /** People are not told: that less of a drift is left is no news by itself, and the owner may want no information. */
  readonly silent: readonly Transition[];
  /** Too many wait already: the sweep announces these again. */
  readonly left: readonly Transition[];
  /** Information for the message of next week: the sweep announces it again until then. */
  readonly later: readonly Transition[];
  /** Whether the joint message must be requested: it is the first request for it, or an earlier one may be lost. */
  readonly request: boolean;
}

/** What the owner chose about messages to people. */
export interface NoticeChoices {
  /** Seconds that a transition may wait for others, at most 60. */
  readonly holdSeconds: number;
  readonly information: InformationChoice;
}

/**
 * Decides which transitions people are told at once. Of one role, these are the first three CRITICAL ones of a minute, or
 * the first one of a minute; the rest waits at most `holdSeconds` for a joint message. Information
 * has a message of its own, at most once a week, or none. A pure function.
 */
export function planNotices(
  state: NoticeState,
  transitions: readonly Transition[],
  now: Instant,
  { holdSeconds, information }: NoticeChoices,
): NoticePlan {
  const messages = [...recentMessages(state, now)];
  const known = new Set([...state.held, ...(state.telling?.transitions ?? [])].map(formatRef));
  const alone = new Set(state.alone);
  const held = [...state.held];
  const told: Transition[] = [];
  const waiting: Transition[] = [];
  const left: Transition[] = [];
  const later: Transition[] = [];
  const informs = mayInform(state, now, holdSeconds);
  let { informedAt } = state;
  const distinct = [...new Map(transitions.map((each) => [each.id, each])).values()];
  const isUntold = (each: Transition) => isSilent(each) || (information === "never" && isInformation(each));
  const silent = distinct.filter(isUntold);
  for (const transition of distinct.filter((each) => !isUntold(each)).toSorted(byUrgency)) {
    const ref = refOf(transition);
    const role = formatRoleKey(transition.finding.role);
    const others = messages.filter(({ urgent }) => !urgent);
    const isQuick = isUrgent(transition);
    if (known.has(formatRef(ref))) waiting.push(transition);
    else if (alone.has(transition.id)) told.push(transition);
    else if (isInformation(transition)) {
      if (!informs || held.length >= maxHeld) later.push(transition);
      else {
        if (state.informedAt === undefined || millisecondsBetween(state.informedAt, now) >= weekMs)
          informedAt = now;
        held.push(ref);
        waiting.push(transition);
      }
    } else if (isQuick && messages.length - others.length < perMinute.urgent) {
      messages.push({ at: now, role, urgent: true });
      told.push(transition);
    } else if (
      !isQuick &&
      state.held.length === 0 &&
      !messages.some((message) => message.role === role) &&
      others.length < perMinute.other
    ) {
      messages.push({ at: now, role });
      told.push(transition);
    } else if (held.length < maxHeld) {
      held.push(ref);
      waiting.push(transition);
    } else left.push(transition);
  }
  const latest = addSeconds(now, holdSeconds);
  // A time further ahead than anything waits is forged: nobody would be told of what waits.
  const stored = state.due !== undefined && isAhead(state.due, latest) ? now : state.due;
  const due = stored ?? (held.length > 0 ? latest : undefined);
  const isRepeated = waiting.some((transition) => known.has(formatRef(refOf(transition))));
  const isLate = state.due !== undefined && (stored !== state.due || isBefore(state.due, now));
  for (const { id } of told) alone.add(id);
  const { due: _, ...rest } = state;
  return {
    state: {
      ...rest,
      told: messages,
      ...(alone.size > 0 && { alone: [...alone].slice(-maxAlone) }),
      held,
      ...(informedAt !== undefined && { informedAt }),
      ...(due !== undefined && { due }),
    },
    atOnce: told,
    held: waiting,
    silent,
    left,
    later,
    request: waiting.length > 0 && (state.due === undefined || isRepeated || isLate),
  };
}

const weekMs = 7 * 86_400_000;

// What comes while the weekly message waits joins it.
function mayInform({ informedAt }: NoticeState, now: Instant, holdSeconds: number): boolean {
  if (informedAt === undefined) return true;
  const age = millisecondsBetween(informedAt, now);
  return age >= weekMs || age < holdSeconds * 1000;
}

// A message of a clock that is far ahead does not count for longer than a minute.
function recentMessages({ told = [] }: NoticeState, now: Instant): NonNullable<NoticeState["told"]> {
  return told.filter(({ at }) => Math.abs(millisecondsBetween(at, now)) < minuteMs);
}

/**
 * Returns the state after a message about one transition was surely not sent: the transition may join others under another id.
 * The same state if it was not told at once. A pure function.
 */
export function forgetAlone(state: NoticeState, transitionId: string): NoticeState {
  const { alone = [], ...rest } = state;
  if (!alone.includes(transitionId)) return state;
  const left = alone.filter((id) => id !== transitionId);
  return { ...rest, ...(left.length > 0 && { alone: left }) };
}

/** Seconds after which nobody sends a joint message any more that was not finished: the function's longest run, and more. */
const tellingSeconds = 120;

/** Whether a joint message is being sent, so that no other may be. */
export function isTelling({ telling }: NoticeState, now: Instant): boolean {
  return telling !== undefined && Math.abs(millisecondsBetween(telling.began, now)) < tellingSeconds * 1000;
}

/**
 * Takes the transitions of the next joint message, as `telling`. Returns undefined if none waits, none is due, or another
 * one is being sent. A message that was cut off comes first. A pure function.
 */
export function takeHeld(
  state: NoticeState,
  now: Instant,
): (NoticeState & Required<Pick<NoticeState, "telling">>) | undefined {
  const { telling, held, due, ...rest } = state;
  if (isTelling(state, now)) return undefined;
  if (telling) return { ...state, telling: { ...telling, began: now } };
  const waits = due !== undefined && isBefore(now, due) && !isAhead(due, now);
  if (held.length === 0 || waits) return undefined;
  const id = digestOf(held.map(formatRef)).slice(0, 32);
  const told = [...recentMessages(state, now), { at: now }];
  return { ...rest, told, held: [], telling: { id, began: now, transitions: held } };
}

/**
 * Returns the state in which a joint message has exactly these transitions, whatever becomes of it; the same state if another
 * one is being sent, or if they were chosen before.
 */
export function chooseTelling(
  state: NoticeState,
  id: string,
  transitions: readonly TransitionRef[],
): NoticeState {
  const { telling } = state;
  if (telling?.id !== id || telling.chosen) return state;
  return { ...state, telling: { ...telling, transitions, chosen: true } };
}

/** Returns the state in which a joint message that failed may be sent again at once; the same state if another is being sent. */
export function releaseTelling(state: NoticeState, id: string): NoticeState {
  if (state.telling?.id !== id) return state;
  return { ...state, telling: { ...state.telling, began: "1970-01-01T00:00:00Z" } };
}

/** Returns the state after a joint message was sent; the same state if another one is being sent. */
export function finishTelling(state: NoticeState, id: string): NoticeState {
  if (state.telling?.id !== id) return state;
  const { telling: _, ...rest } = state;
  return rest;
}

/**
 * Returns the transitions of each message: up to 20 are grouped by role, more are in one message of the account. Information
 * has one message of its own.
 */
export function groupNotices(transitions: readonly Transition[]): readonly (readonly Transition[])[] {
  const information = transitions.filter(isInformation);
  const others = transitions.filter((each) => !isInformation(each));
  const groups =
    others.length > maxOfRoleMessages
      ? [others]
      : [...Map.groupBy(others, ({ finding }) => formatRoleKey(finding.role)).values()];
  return information.length === 0 ? groups : [...groups, information];
}

/** What one message tells of a finding. */
export interface FindingNews {
  /** The newest of the transitions. */
  readonly transition: Transition;
  /** The transitions before it, the oldest first. */
  readonly before: readonly Transition[];
}

/** Joins the transitions of a message by finding. */
export function joinByFinding(transitions: readonly Transition[]): readonly FindingNews[] {
  const byFinding = Map.groupBy(transitions, ({ finding }) => finding.id);
  return [...byFinding.values()].flatMap((group) => {
    const sorted = group.toSorted((a, b) => a.finding.seq - b.finding.seq);
    const transition = sorted.at(-1);
    return transition === undefined ? [] : [{ transition, before: sorted.slice(0, -1) }];
  });
}

/** Returns the id of a message, which is the same in every copy of it: that of its only transition, or a hash of theirs. */
export function identifyNotice(transitions: readonly Transition[]): string {
  const [only, ...others] = transitions;
  if (only !== undefined && others.length === 0) return only.id;
  return digestOf(transitions.map(({ id }) => id)).slice(0, 32);
}

/** Returns the reference to a transition. */
export function refOf({ finding }: Transition): TransitionRef {
  return { role: finding.role.name, findingId: finding.id, seq: finding.seq };
}

function formatRef({ findingId, seq }: TransitionRef): string {
  return `${findingId}#${seq}`;
}

// These kinds need somebody now; the others say how it went on.
const urgentKinds: readonly TransitionKind[] = [
  "opened",
  "worsened",
  "reopened",
  "recurred",
  "refused",
  "contested",
];

function isUrgent({ kind, finding }: Transition): boolean {
  return finding.severity === "CRITICAL" && urgentKinds.includes(kind);
}

function isSilent({ kind }: Transition): boolean {
  return kind === "improved";
}

function byUrgency(a: Transition, b: Transition): number {
  return Number(isUrgent(b)) - Number(isUrgent(a));
}
