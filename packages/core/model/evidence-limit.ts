import type { Evidence } from "./evidence.ts";
import type { Fix } from "./fix.ts";
import { digestEvidence } from "./identity.ts";
import { jsonBytes, takeBytes } from "./json-size.ts";

/**
 * Bytes of JSON that the entries of one piece of evidence may have. An item of DynamoDB holds 400 KB, and a transition's
 * item holds the finding with its evidence, uses, symptoms and actor (docs/aws-facts.md, "DynamoDB, SQS and Lambda").
 */
const maxEntryBytes = 150_000;
/** Characters of a sentence. The longest that the evaluation makes have twelve names of resources. */
const maxTextCharacters = 15_000;
/** Characters of an inline policy of a role, without white space (IAM and AWS STS quotas). */
const maxPolicyCharacters = 10_240;

/** Bytes of JSON that a fix may have. Its documents have at most a few thousand characters each. */
const maxFixBytes = 60_000;
const longFix: Fix = {
  kind: "manual",
  why: "The commands that fix it are too long to record: `drift-guard check --plan` prints them.",
};

/**
 * Returns evidence that fits an item of a table. What is too large is cut: the first entries are kept, a sentence says how
 * many are not, and `omitted` has the digest of the whole, by which the evidence keeps its identity. A policy that IAM
 * would refuse for its length is left out. Evidence that fits is returned unchanged. A pure function.
 */
export function limitEvidence(evidence: Evidence): Evidence {
  switch (evidence.kind) {
    case "drift": {
      const [grants, denies] = keepFirst(evidence.grants, evidence.denies);
      const entries = evidence.grants.length + evidence.denies.length - grants.length - denies.length;
      const isPolicyLong = (evidence.cure?.replaceAll(/\s/g, "").length ?? 0) > maxPolicyCharacters;
      const isTextLong = (evidence.detail?.length ?? 0) > maxTextCharacters;
      const isFixLong = evidence.fix !== undefined && jsonBytes(evidence.fix) > maxFixBytes;
      if (entries === 0 && !isPolicyLong && !isTextLong && !isFixLong) return evidence;
      const { cure, detail, fix, ...rest } = evidence;
      const sentences = [
        ...(detail === undefined ? [] : [cutText(detail)]),
        ...(entries > 0 ? [describeOmitted(entries, "grants")] : []),
        ...(isPolicyLong
          ? [
              "The policy that allows what is missing is longer than IAM takes: grant it by patterns, or use more roles.",
            ]
          : []),
      ];
      return {
        ...rest,
        grants,
        denies,
        ...(sentences.length > 0 && { detail: sentences.join(" ") }),
        ...(fix !== undefined && { fix: isFixLong ? longFix : fix }),
        ...(cure !== undefined && !isPolicyLong && { cure }),
        ...((entries > 0 || isTextLong) && { omitted: omit(entries, evidence) }),
      };
    }
    case "vendor-change": {
      const [added, removed] = keepFirst(evidence.added, evidence.removed);
      const entries = evidence.added.length + evidence.removed.length - added.length - removed.length;
      return entries === 0 ? evidence : { ...evidence, added, removed, omitted: omit(entries, evidence) };
    }
    case "note": {
      const [details, grants] = keepFirst(evidence.details.map(cutText), evidence.grants);
      const entries = evidence.details.length + evidence.grants.length - details.length - grants.length;
      if (entries === 0 && !evidence.details.some(isLong)) return evidence;
      return {
        ...evidence,
        details: entries === 0 ? details : [...details, describeOmitted(entries, "entries")],
        grants,
        omitted: omit(entries, evidence),
      };
    }
    case "undecided": {
      const [reasons] = keepFirst(evidence.reasons.map(cutText), []);
      const entries = evidence.reasons.length - reasons.length;
      if (entries === 0 && !evidence.reasons.some(isLong)) return evidence;
      return {
        ...evidence,
        reasons: entries === 0 ? reasons : [...reasons, describeOmitted(entries, "reasons")],
        omitted: omit(entries, evidence),
      };
    }
    // CloudTrail's texts are bounded where they are parsed, and earlier calls where they are joined.
    case "attempt":
    case "impersonation":
      return evidence;
  }
}

function omit(entries: number, whole: Evidence): { readonly entries: number; readonly digest: string } {
  return { entries, digest: digestEvidence(whole) };
}

function describeOmitted(entries: number, what: string): string {
  return `${entries} more ${what} are not recorded, because the finding would be too large to store. \`drift-guard check\` shows all.`;
}

function isLong(text: string): boolean {
  return text.length > maxTextCharacters;
}

function cutText(text: string): string {
  return isLong(text) ? `${text.slice(0, maxTextCharacters)} (cut)` : text;
}

/** Returns the first entries of two lists that together fit; the second list gets at least half of the space if it needs it. */
function keepFirst<A, B>(one: readonly A[], other: readonly B[]): readonly [readonly A[], readonly B[]] {
  const half = maxEntryBytes / 2;
  const otherKept = takeBytes(other, maxEntryBytes - Math.min(jsonBytes(one), half));
  return [takeBytes(one, maxEntryBytes - jsonBytes(otherKept)), otherKept];
}
