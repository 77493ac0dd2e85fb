import { compareTexts, type TextOptions } from "../evaluate/comparison.ts";
import { listExact, printGrants, subtractGrants } from "../evaluate/coverage.ts";
import type { Drift } from "../model/evidence.ts";
import type { Exception } from "../model/exception.ts";
import type { Grant } from "../model/grant.ts";
import type { Instant } from "../model/instant.ts";
import type { Severity } from "../model/severity.ts";

/** What people accepted of a drift that no exception covers whole. */
export type AcceptedPart =
  /**
   * The policy is written again without the rest. `policy` allows exactly what was accepted, as JSON text. `loss`: what is
   * said where no such policy is found and all of the drift goes; left out if the drift then stays.
   */
  | { readonly kind: "separable"; readonly policy: string; readonly loss?: string }
  /** No call removes only the rest, so that all of it stays; `why` says so, as sentences. */
  | { readonly kind: "inseparable"; readonly why: string }
  /** All of the drift goes, and what was accepted with it; `loss` says whose exceptions that ends, as sentences. */
  | { readonly kind: "outweighed"; readonly loss: string };

/**
 * Whether a rollback can undo a part of such a drift: only inline policies and trust policies are written by statements, and
 * only what a role has beyond its reference is removed by statements.
 */
export function isSeparable({ part, side }: Pick<Drift, "part" | "side">): boolean {
  return side === "excess" && (part.kind === "inline" || part.kind === "trust");
}

/**
 * Whether a drift must not stay for the sake of what was accepted of it: it lets somebody do more than its reference, with
 * severity CRITICAL (docs/decisions/0021).
 */
export function outweighsAccepted(
  { side, escalates }: Pick<Drift, "side" | "escalates">,
  severity: Severity,
): boolean {
  return severity === "CRITICAL" && (side === "excess" || (side === "altered" && escalates === true));
}

/**
 * Returns what exceptions accept of a drift of which they leave `left`; undefined if nothing. Also what evidence does not show
 * as covered, since the rest is no grant that can be said. `severity` is that of `left`; `approved`: a person approved the
 * rollback of the drift.
 */
export function findAcceptedPart(
  finding: { readonly id: string; readonly evidence: Drift },
  left: Drift,
  input: {
    readonly exceptions: readonly Exception[];
    readonly now: Instant;
    readonly severity: Severity;
    readonly approved: boolean;
  },
): AcceptedPart | undefined {
  const { evidence } = finding;
  const exact = listExact(finding, input);
  if (exact.length === 0) return undefined;
  const isOutweighed = outweighsAccepted(left, input.severity);
  const loss = explainLoss(exact, isOutweighed);
  const grants = exact.flatMap((exception) => exception.grants ?? []);
  const policy = isSeparable(evidence) && evidence.denies.length === 0 ? printGrants(grants) : undefined;
  if (policy !== undefined) {
    return { kind: "separable", policy, ...((isOutweighed || input.approved) && { loss }) };
  }
  if (left === evidence && !mayOverlap(grants, evidence.grants)) return undefined;
  return isOutweighed ? { kind: "outweighed", loss } : { kind: "inseparable", why: explain(exact) };
}

/** Returns an accepted part whose drift goes whole, if it may; undefined if it must stay. */
export function giveUpAccepted(accepted: AcceptedPart | undefined): AcceptedPart | undefined {
  if (accepted?.kind !== "separable" || accepted.loss === undefined) return undefined;
  return { kind: "outweighed", loss: accepted.loss };
}

function mayOverlap(accepted: readonly Grant[], grants: readonly Grant[]): boolean {
  const whole = [accepted, grants].map((list) => list.map(({ partly: _, ...grant }) => grant));
  const [some = [], others = []] = whole;
  const rest = subtractGrants(some, others);
  return rest.length !== some.length || rest.some((grant, index) => grant !== some[index]);
}

/**
 * Whether a policy that replaces another one allows no less of what was accepted. `accepted` is a policy; what cannot be
 * compared is lost.
 */
export function keepsAccepted(
  { before, after, accepted }: { readonly before: string; readonly after: string; readonly accepted: string },
  options: TextOptions,
): boolean {
  const lacks = (text: string) => {
    const { excess, relation } = compareTexts(accepted, text, options);
    return relation === "undecided" ? undefined : excess;
  };
  const [lackedBefore, lacksAfter] = [lacks(before), lacks(after)];
  return lacksAfter !== undefined && subtractGrants(lacksAfter, lackedBefore ?? []).length === 0;
}

/** Why a policy of which a part was accepted stays as it is. */
export const losesAccepted =
  "A part of it is accepted, and it could not be written again with exactly that. A person must remove the rest, or approve the rollback, which takes away what was accepted too.";

function explain(exceptions: readonly Exception[]): string {
  return `A part of it is accepted, by ${nameOwners(exceptions)}. No call removes only the rest, so that a person must approve the rollback, which takes away what was accepted too.`;
}

function explainLoss(exceptions: readonly Exception[], isCritical: boolean): string {
  const rest = isCritical ? "The rest, of severity CRITICAL," : "The rest";
  return `A part of it was accepted, by ${nameOwners(exceptions)}. ${rest} cannot be removed alone, so that what was accepted goes too. If it is still wanted, grant it again on its own, and accept that.`;
}

const maxNamed = 3;

function nameOwners(exceptions: readonly Exception[]): string {
  const named = [...new Set(exceptions.map(({ owner, expires }) => `${owner} until ${expires}`))];
  const more = named.length > maxNamed ? `, and by ${named.length - maxNamed} more` : "";
  return `${named.slice(0, maxNamed).join(", and by ")}${more}`;
}
