import { nameActor } from "@drift-guard/core/config/trusted-actor";
import type { Attempt, Drift, Evidence } from "@drift-guard/core/model/evidence";
import type { Transition } from "@drift-guard/core/model/transition";
import { formatActor } from "./actors.ts";
import type { Announcement } from "./announcement.ts";
import { needsPerson } from "./next-steps.ts";
import { sanitise } from "./printable.ts";
import { formatVerdict } from "./standing.ts";

/** A fact about all findings of a digest: its name of at most 9 characters, and its text. */
export type DigestFact = readonly [name: string, text: string];

const maxRoles = 5;
const maxAuthors = 3;
const maxCallers = 10;

/** Returns what the findings of a digest have in common: their roles, who caused them, and what the guard does. */
export function summarise(announcements: readonly Announcement[]): readonly DigestFact[] {
  const roles = new Set(announcements.map(({ transition }) => sanitise(transition.finding.role.name)));
  const authors = count(announcements.map(({ transition }) => authorOf(transition) ?? "not known"));
  const verdicts = count(announcements.flatMap(({ standing }) => formatVerdict(standing) ?? []));
  const left = announcements.filter(({ standing }) => needsPerson(standing)).length;
  const differences = count(
    announcements.map(({ transition }) => nameDifference(transition.finding.evidence)),
  );
  return [
    ["What", differences.map(nameCount).join(", ")],
    ["Roles", listSome([...roles], maxRoles)],
    ["Who", listSome(authors.map(nameCount), maxAuthors)],
    ...(verdicts.length === 0
      ? []
      : [["The guard", verdicts.map(nameCount).join(", ")] satisfies DigestFact]),
    ...(left === 0
      ? []
      : [
          [
            "To do",
            `nothing changes until a person acts (${left} of ${announcements.length})`,
          ] satisfies DigestFact,
        ]),
    ...countCallers(announcements).map((text): DigestFact => ["Refused", text]),
  ];
}

/** Names what is wrong without names, so that alike findings are counted together. */
function nameDifference(evidence: Evidence): string {
  switch (evidence.kind) {
    case "drift":
      return nameDrift(evidence);
    case "undecided":
      return "could not be compared";
    case "vendor-change":
      return "policy changed by AWS";
    case "note":
      return "note";
    case "attempt":
      return "refused call";
    case "impersonation":
      return "call with the guard's credentials";
  }
}

function nameDrift({ part, side }: Drift): string {
  if (part.kind === "role") return side === "missing" ? "role is missing" : "another role";
  if (side === "altered") return "part is changed";
  const what = { trust: "trust policy", boundary: "permissions boundary" };
  const subject = part.kind === "trust" || part.kind === "boundary" ? what[part.kind] : "policy";
  return `${subject} allows ${side === "excess" ? "too much" : "too little"}`;
}

/** Returns what the guard does, for the end of a subject, if it does the same about all findings; else an empty text. */
export function findVerdict(announcements: readonly Announcement[]): string {
  const verdicts = new Set(announcements.map(({ standing }) => formatVerdict(standing)));
  const [only] = verdicts;
  return verdicts.size === 1 && only !== undefined ? ` (${only})` : "";
}

/** Returns who caused a transition or its finding, without their address; undefined if that is not known. */
export function authorOf({ actor, finding }: Transition): string | undefined {
  const author = actor ?? finding.causedBy;
  if (finding.evidence.kind === "vendor-change") return "AWS itself";
  return author === undefined ? undefined : formatActor(author);
}

/**
 * Returns the callers whose calls were refused on several roles, with their calls on all of them; the most calls first. Each
 * role's finding counts the calls of each caller on that role.
 */
function countCallers(announcements: readonly Announcement[]): readonly string[] {
  const refused = announcements.flatMap(({ transition: { finding } }) =>
    finding.evidence.kind === "attempt" ? callersOf(finding.evidence) : [],
  );
  const byCaller = Map.groupBy(refused, ({ caller }) => caller);
  return [...byCaller]
    .filter(([, { length: roles }]) => roles > 1)
    .map(([caller, entries]) => ({
      caller,
      roles: entries.length,
      calls: entries.reduce((sum, { calls }) => sum + calls, 0),
    }))
    .toSorted((a, b) => b.calls - a.calls)
    .slice(0, maxCallers)
    .map(({ caller, roles, calls }) => `${calls} calls on ${roles} roles by ${sanitise(caller)}`);
}

function callersOf({
  callers,
  actor,
}: Attempt): readonly { readonly caller: string; readonly calls: number }[] {
  return callers ?? [{ caller: nameActor(actor), calls: 1 }];
}

type Counted = readonly [text: string, times: number];

/** Counts equal texts, the most frequent first. */
function count(texts: readonly string[]): readonly Counted[] {
  return [...Map.groupBy(texts, (text) => text)]
    .map(([text, { length }]): Counted => [text, length])
    .toSorted(([, a], [, b]) => b - a);
}

function nameCount([text, times]: Counted): string {
  return `${text} (${times})`;
}

function listSome(texts: readonly string[], most: number): string {
  const more = texts.length - most;
  return [...texts.slice(0, most), ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}
