import { compareTexts, type TextOptions } from "../evaluate/comparison.ts";
import { listExact, printGrants, subtractGrants } from "../evaluate/coverage.ts";
import type { Drift } from "../model/evidence.ts";
import type { Exception } from "../model/exception.ts";
import type { Grant } from "../model/grant.ts";
import { serialiseGrants } from "../model/identity.ts";
import type { Instant } from "../model/instant.ts";

/** What people accepted of a drift that no exception covers whole. */
export type AcceptedPart =
  /** The policy is written again without the rest. `policy` allows exactly what was accepted, as JSON text. */
  | { readonly kind: "separable"; readonly policy: string }
  /** No call removes only the rest; `why` says so, as sentences. */
  | { readonly kind: "inseparable"; readonly why: string };

/**
 * Whether a rollback can undo a part of such a drift: only inline policies and trust policies are written by statements, and
 * only what a role has beyond its reference is removed by statements.
 */
export function isSeparable({ part, side }: Pick<Drift, "part" | "side">): boolean {
  return side === "excess" && (part.kind === "inline" || part.kind === "trust");
}

/**
 * Returns what exceptions accept of a drift of which they leave `left`; undefined if nothing. Also what evidence does not show
 * as covered, since the rest is no grant that can be said.
 */
export function findAcceptedPart(
  finding: { readonly id: string; readonly evidence: Drift },
  left: Drift,
  input: { readonly exceptions: readonly Exception[]; readonly now: Instant },
): AcceptedPart | undefined {
  const { evidence } = finding;
  const exact = listExact(finding, input);
  if (exact.length === 0) return undefined;
  const grants = exact.flatMap((exception) => exception.grants ?? []);
  const policy = isSeparable(evidence) && evidence.denies.length === 0 ? printGrants(grants) : undefined;
  if (policy !== undefined) return { kind: "separable", policy };
  const isAny = left !== evidence || mayOverlap(grants, evidence.grants);
  return isAny ? { kind: "inseparable", why: explain(exact) } : undefined;
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
  const [lackedBefore, lacksAfter] = [before, after].map((text) => {
    const { excess, relation } = compareTexts(accepted, text, options);
    return relation === "undecided" ? undefined : serialiseGrants(excess).join("\n");
  });
  return lacksAfter !== undefined && (lacksAfter === "" || lacksAfter === lackedBefore);
}

/** Why a policy of which a part was accepted stays as it is. */
export const losesAccepted =
  "A part of it is accepted, and it could not be written again with exactly that. A person must remove the rest, or approve the rollback, which takes away what was accepted too.";

function explain(exceptions: readonly Exception[]): string {
  const named = exceptions.map(({ owner, expires }) => `${owner} until ${expires}`);
  return `A part of it is accepted, by ${named.join(", and by ")}. No call removes only the rest, so that a person must approve the rollback, which takes away what was accepted too.`;
}
