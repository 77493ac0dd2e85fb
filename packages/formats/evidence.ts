import { isDeletedPrincipal, lastSegment } from "@drift-guard/core/model/arn";
import {
  type Attempt,
  type Drift,
  deniesAdded,
  deniesRemoved,
  type Evidence,
  type Impersonation,
  type Note,
  type Undecided,
  type VendorChange,
} from "@drift-guard/core/model/evidence";
import type { Grant } from "@drift-guard/core/model/grant";
import { millisecondsBetween } from "@drift-guard/core/model/instant";
import { isOlderVersion } from "@drift-guard/core/model/managed-policy";
import { noteTopics } from "@drift-guard/core/model/note-topic";
import { isSetting, type Part } from "@drift-guard/core/model/part";
import { findReference } from "@drift-guard/core/reference/built-in";
import { formatActor, formatOrigin } from "./actors.ts";
import { formatGrants, nameGrants, namePrincipals } from "./grants.ts";
import { formatTime, sanitise } from "./printable.ts";

/** A list of grants, reasons or uses, with a heading that says what they are. */
export interface DescribedList {
  readonly heading: string;
  readonly lines: readonly string[];
}

/** A description of evidence for a person. */
export interface EvidenceDescription {
  /** One line without a full stop. */
  readonly title: string;
  /** The title without the part, for a subject; left out where the title is short. */
  readonly brief?: string;
  /** What it means and whom it affects, each a whole sentence. */
  readonly sentences: readonly string[];
  readonly lists: readonly DescribedList[];
}

/**
 * Describes evidence so that a reader who knows AWS, but not the guard, can act on it. `reference` is the name of the
 * reference that the role was compared with, if it differs from the role's name. The title of what is over is in the past
 * tense.
 */
export function describeEvidence(
  evidence: Evidence,
  role: string,
  reference = role,
  isOver = false,
): EvidenceDescription {
  switch (evidence.kind) {
    case "drift":
      return describeDrift(evidence, sanitise(role), reference, isOver ? past : present);
    case "undecided":
      return describeUndecided(evidence, sanitise(role));
    case "vendor-change":
      return describeVendorChange(evidence, sanitise(role));
    case "note":
      return describeNote(evidence, sanitise(role));
    case "attempt":
      return describeAttempt(evidence, sanitise(role));
    case "impersonation":
      return describeImpersonation(evidence, sanitise(role));
  }
}

/** A part of a role in words: `the trust policy`, `the managed policy arn:…`. */
export function formatPart(part: Part): string {
  const { kind, name = "" } = part;
  switch (kind) {
    case "managed":
      return `the managed policy ${sanitise(name)}`;
    case "inline":
      return `the inline policy ${sanitise(name)}`;
    case "tag":
      return `the tag ${sanitise(name)}`;
    case "trust":
      return "the trust policy";
    case "boundary":
      return "the permissions boundary";
    case "session":
      return "the maximum session duration";
    case "profile":
      return "the instance profile";
    case "role":
      return "the role itself";
    default:
      return `the ${kind}`;
  }
}

/** The word of a title for what is there, or for what is over. */
type Tense = (now: string, then: string) => string;
const present: Tense = (now) => now;
const past: Tense = (_, then) => then;

function describeDrift(drift: Drift, role: string, reference: string, say: Tense): EvidenceDescription {
  const brief = shortenDriftTitle(drift, role, say);
  return {
    title: formatDriftTitle(drift, role, say),
    ...(brief !== undefined && { brief }),
    sentences: [
      ...(drift.detail === undefined ? [] : [sanitise(drift.detail, 600)]),
      ...explainDrift(drift, role, reference),
      ...(drift.covered ? ["What a person accepted of it is not listed."] : []),
    ],
    lists: lists(
      drift.side === "missing"
        ? [
            ["Missing permissions", drift.grants],
            ["Newly denied", deniesAdded(drift)],
          ]
        : [
            ["Allowed beyond the reference (what the role should be)", drift.grants],
            ["No longer denied", deniesRemoved(drift)],
          ],
    ),
  };
}

function isPolicy({ part: { kind } }: Drift): boolean {
  return kind === "managed" || kind === "inline";
}

function shortenDriftTitle(drift: Drift, role: string, say: Tense): string | undefined {
  if (!isPolicy(drift) || drift.harmless) return undefined;
  if (drift.side === "excess") {
    const gained = nameGrants(drift.grants);
    return gained === undefined ? undefined : `${role} gained ${gained}`;
  }
  const policy = sanitise(lastSegment(drift.part.name ?? ""), 128);
  // The roles of AWS Batch and their policies have the same names.
  const named = policy === role ? `role ${role}` : role;
  return deniesAdded(drift).length > 0 ? undefined : `${named} ${say("lacks", "lacked")} policy ${policy}`;
}

function formatDriftTitle(drift: Drift, role: string, say: Tense): string {
  const { part, side } = drift;
  const { kind, name = "" } = part;
  // The last segment of the ARN is enough for a title; the lists and the part have the whole ARN.
  const policy = sanitise(lastSegment(name), 128);
  if (kind === "role") {
    return side === "missing"
      ? `${role} ${say("does", "did")} not exist`
      : `${role} ${say("is", "was")} not the role that it should be`;
  }
  if (kind === "trust") {
    return side === "excess"
      ? `${namePrincipals(drift.grants) ?? "More than its reference allows"} ${say("can", "could")} assume ${role}`
      : `AWS Batch or its jobs ${say("cannot", "could not")} assume ${role}`;
  }
  if (isPolicy(drift)) {
    const subject = `${kind === "inline" ? "Inline policy" : "Policy"} ${policy}`;
    if (side === "excess") {
      const named = nameGrants(drift.grants);
      if (named === undefined)
        return `${subject} of ${role} ${say("differs", "differed")} from the reference`;
      return drift.harmless
        ? `${subject} of ${role} ${say("names", "named")} ${named}`
        : `${subject} ${say("gives", "gave")} ${role} ${named}`;
    }
    if (deniesAdded(drift).length > 0) {
      const denies = say("denies", "denied");
      if (drift.harmless) return `${subject} of ${role} ${denies} what the role does not have`;
      if (drift.grants.length > 0) return `${subject} ${denies} what ${role} needs`;
      // What it takes is beyond the reference, or a policy cannot be read that may need it.
      return `${subject} ${denies} ${role} ${nameGrants(drift.denies) ?? "permissions that it has"}`;
    }
    return `${subject} ${say("is", "was")} missing from ${role}`;
  }
  if (kind === "boundary" && side === "missing") {
    return `The permissions boundary of ${role} ${say("blocks", "blocked")} permissions that it must have`;
  }
  if (side === "altered")
    return `${capitalise(formatPart(part))} of ${role} ${say("is", "was")} not as it should be`;
  return `${role} ${say("has", "had")} ${side === "excess" ? "more" : "fewer"} permissions than it should have`;
}

function explainDrift(drift: Drift, role: string, reference: string): readonly string[] {
  const { part, side, grants } = drift;
  const { kind } = part;
  // The detail says why excess and a Deny are harmless. A policy of a resource may still allow what the Deny blocks.
  if (isSetting(part)) return [];
  if (drift.harmless)
    return side === "excess" || deniesAdded(drift).length > 0 ? [] : ["Nothing stops working."];
  if (side === "altered") return [];
  if (side === "missing") {
    return [
      ...(kind === "trust" ? [`The principals that should act as ${role} cannot assume it.`] : []),
      ...(isPolicy(drift) && grants.length === 0 && deniesAdded(drift).length > 0
        ? []
        : explainLoss(role, reference)),
      ...(deniesAdded(drift).length > 0
        ? ["This Deny may contain an incident. Ask before you remove it."]
        : []),
    ];
  }
  if (kind === "trust" && grants.length > 0 && grants.every(namesDeletedPrincipals)) {
    return ["The principals named here were deleted, so nobody can assume the role through them."];
  }
  if (kind === "trust") {
    return [
      `${namePrincipals(grants) ?? "Who may assume it now"} can use every permission of ${role}.`,
      "Sessions that were issued meanwhile stay valid after the trust policy is rolled back, for as long as the role lets a session last.",
    ];
  }
  return [
    ...(grants.length === 0
      ? []
      : grants.every(({ remains }) => remains === "none")
        ? ["The permissions boundary blocks it, as long as the role has that boundary."]
        : [`Everything that acts as ${role} may do this now.`]),
    ...(deniesRemoved(drift).length > 0 ? ["A Deny that blocked other policies is gone."] : []),
  ];
}

function namesDeletedPrincipals({ principals = [] }: Grant): boolean {
  return (
    principals.length > 0 && principals.every(({ type, id }) => type === "AWS" && isDeletedPrincipal(id))
  );
}

// What stops working when the role allows too little, by the purpose of its reference (R1, R11, R36).
function explainLoss(role: string, reference: string): readonly string[] {
  switch (findReference(reference)?.role) {
    case "AWSBatchServiceRole":
    case "AWSServiceRoleForBatch":
      return [
        "AWS Batch manages its compute environments with this role: without it jobs wait in RUNNABLE, and environments turn INVALID and cannot be deleted.",
      ];
    case "ecsTaskExecutionRole":
      return [
        "Containers pull their images, write their logs and get their secrets with this role: without it new jobs fail before they start.",
      ];
    default:
      return [`Services and jobs that use ${role} may fail.`];
  }
}

function describeUndecided({ part, reasons }: Undecided, role: string): EvidenceDescription {
  return {
    title: `${capitalise(formatPart(part))} of ${role} could not be checked`,
    sentences: [
      "It may match the reference or not. drift-guard does not count it as clean, and changes nothing.",
    ],
    lists: [{ heading: "Why", lines: reasons.map((reason) => sanitise(reason, 600)) }],
  };
}

function describeVendorChange(change: VendorChange, role: string): EvidenceDescription {
  const { part, version, since, added, removed, lost } = change;
  const arn = sanitise(part.name ?? "");
  const id = sanitise(version, 20);
  const isBack = since !== undefined && isOlderVersion(version, since);
  const title = isBack
    ? `AWS took a policy of ${role} back from ${sanitise(since, 20)} to ${id}`
    : `AWS published ${id} of a policy of ${role}`;
  return {
    title: lost ? `${title}, without permissions that the role needs` : title,
    sentences: [
      since === undefined
        ? `The default version of ${arn} is ${id}, as this partition counts its versions, and differs from drift-guard's reference.`
        : isBack
          ? `The default version of ${arn} is ${id}, older than ${sanitise(since, 20)}, which drift-guard's reference has.`
          : `The default version of ${arn} is ${id}. The newest version before it that drift-guard knows is ${sanitise(since, 20)}.`,
      "AWS made this change, nobody in the account did.",
      ...(lost ? [`No other policy of ${role} allows all that AWS removed, so AWS Batch may fail.`] : []),
      ...(added.length + removed.length === 0 ? ["It allows the same as the reference."] : []),
    ],
    lists: lists([
      ["Added by AWS", added],
      ["Removed by AWS", removed],
    ]),
  };
}

function describeNote({ topic, details, grants }: Note, role: string): EvidenceDescription {
  return {
    title: noteTopics[topic].title(role),
    sentences: details.map((detail) => sanitise(detail, 600)),
    lists: lists([["Allowed and not used", grants]]),
  };
}

function describeAttempt(
  { call, at, code, message, earlier, callers = [] }: Attempt,
  role: string,
): EvidenceDescription {
  // The latest caller is the first.
  const [latest, ...others] = callers;
  const repeated =
    latest !== undefined && latest.calls > 1
      ? `${latest.calls} calls by ${formatCaller(latest.caller)} on ${role} were refused`
      : undefined;
  return {
    title: repeated ?? `${sanitise(call)} on ${role} was refused`,
    sentences: [
      `The ${repeated === undefined ? "call was" : "last was"} ${sanitise(call)} at ${formatTime(at)}, and AWS refused it: ${sanitise(code)}.`,
      ...(latest?.names === undefined || latest.calls < 2
        ? []
        : [`All were calls of ${latest.names.map((name) => sanitise(name, 100)).join(", ")}.`]),
      ...(latest !== undefined && latest.calls > 1
        ? [
            `It is this caller's ${formatOrdinal(latest.calls)} refused call on the role within ${formatSpan(latest)}.`,
          ]
        : []),
      ...(latest === undefined && earlier.length > 0
        ? [`It is not the first: ${earlier.length} more came before.`]
        : []),
    ],
    lists: [
      ...(message === undefined ? [] : [{ heading: "What AWS answered", lines: [sanitise(message, 600)] }]),
      ...(others.length === 0
        ? []
        : [{ heading: "Refused calls of other callers on the role", lines: others.map(describeCaller) }]),
    ],
  };
}

type Caller = NonNullable<Attempt["callers"]>[number];

function describeCaller({ caller, calls, firstAt, lastAt }: Caller): string {
  const when = calls === 1 ? formatTime(lastAt) : `${formatTime(firstAt)} to ${formatTime(lastAt)}`;
  return `${sanitise(caller)}: ${calls === 1 ? "1 call" : `${calls} calls`}, ${when}`;
}

/** Names a caller, who is an ARN or another text, short enough for a title. */
function formatCaller(caller: string): string {
  return sanitise(lastSegment(caller), 64);
}

function formatSpan({ firstAt, lastAt }: Caller): string {
  const minutes = Math.max(1, Math.ceil(millisecondsBetween(firstAt, lastAt) / 60_000));
  if (minutes < 120) return minutes === 1 ? "a minute" : `${minutes} minutes`;
  return `${Math.ceil(minutes / 60)} hours`;
}

function formatOrdinal(count: number): string {
  const last = count % 10;
  const isTeen = Math.floor((count % 100) / 10) === 1;
  return `${count}${isTeen || last > 3 || last === 0 ? "th" : (["st", "nd", "rd"][last - 1] ?? "th")}`;
}

function describeImpersonation(
  { call, actor, at, earlier }: Impersonation,
  role: string,
): EvidenceDescription {
  return {
    title: `Somebody used drift-guard's own role on ${role}`,
    sentences: [
      `${formatActor(actor)}${fromOrigin(actor)} called ${sanitise(call)} at ${formatTime(at)}, and no rollback of drift-guard made that call.`,
      "Treat the credentials of drift-guard's rollback role as stolen: revoke its sessions, and find out who may assume it.",
      ...(earlier.length > 0 ? [`It is not the first: ${earlier.length} more came before.`] : []),
    ],
    lists: [],
  };
}

function fromOrigin(actor: Attempt["actor"]): string {
  const origin = formatOrigin(actor);
  return origin === undefined ? "" : ` from ${origin}`;
}

function lists(pairs: readonly (readonly [string, readonly Grant[]])[]): readonly DescribedList[] {
  return pairs.flatMap(([heading, grants]) =>
    grants.length > 0 ? [{ heading, lines: formatGrants(grants) }] : [],
  );
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
