import { formatGrant, formatRequest } from "@drift-guard/formats/grants";
import { sanitise } from "@drift-guard/formats/printable";
import type { Catalogue } from "@drift-guard/policy/catalogue";
import type { Comparison, Side, UndecidedReason } from "@drift-guard/policy/comparison";
import type { Grant, StatementRef } from "@drift-guard/policy/grant";
import { listTouched } from "@drift-guard/policy/latent";
import { type Terminal, wrap } from "./terminal.ts";

/** A comparison of two policies, with everything that its text form needs. */
export interface ComparisonReport {
  readonly comparison: Comparison;
  /**
   * What only the candidate allows, by what the reference's conditions mean for the account; left out if the candidate
   * allows nothing more.
   */
  readonly gained?: GainedGrants;
  /** The catalogue of action names, to list what wildcards match today. */
  readonly catalogue: Catalogue;
  /** The names of the two policies, already made printable. */
  readonly names: Readonly<Record<Side, string>>;
}

/** Grants of the candidate alone, split as `missing`, `hardening` and `possibleHardening` of a comparison are. */
export type GainedGrants = Pick<Comparison, "missing" | "hardening" | "possibleHardening">;

/** How the policies relate in one sentence, then what only one of them allows or denies, then what is unknown. */
export function formatComparison(report: ComparisonReport, terminal: Terminal): readonly string[] {
  const { comparison, names } = report;
  const gained = gainedOf(report);
  const { candidate: a, reference: b } = names;
  const { paint, columns } = terminal;
  const section = (heading: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", ...wrap(heading, columns).map((line) => paint("bold", line)), ...lines];
  const gains = (grants: readonly Grant[]) =>
    grants.flatMap((grant) => formatDifference(grant, "+", report, terminal));
  const losses = (grants: readonly Grant[]) =>
    grants.flatMap((grant) => formatDifference(grant, "-", report, terminal));
  return [
    ...wrap(formatRelation(report), columns),
    ...section(`Only ${a} allows`, gains(gained.missing)),
    ...section(`Only ${a} allows, and only to other accounts (hardening of ${b})`, gains(gained.hardening)),
    ...section(
      `Only ${a} allows, perhaps only to other organisations (name the account's own with --organization)`,
      gains(gained.possibleHardening),
    ),
    ...section(`Only ${b} allows`, losses(comparison.missing)),
    ...section(
      `Only ${b} allows, and only to other accounts (hardening of ${a})`,
      losses(comparison.hardening),
    ),
    ...section(
      `Only ${b} allows, perhaps only to other organisations (name the account's own with --organization)`,
      losses(comparison.possibleHardening),
    ),
    ...section(`Only ${a} denies`, gains(comparison.deniesAdded)),
    ...section(`Only ${b} denies`, losses(comparison.deniesRemoved)),
    ...[...Map.groupBy(comparison.latent, ({ reason }) => reason)].flatMap(([reason, grants]) =>
      section(`Latent: ${reason.replace(/\.$/, "")}`, [
        ...gains(grants.filter(({ side }) => side === "candidate")),
        ...losses(grants.filter(({ side }) => side === "reference")),
      ]),
    ),
    ...section(
      "Deleted principals: IAM shows a deleted user or role by its id, and creating it again does not restore its access",
      comparison.dangling.flatMap(({ side, id, statements }) =>
        wrap(`${sanitise(id)} in ${formatStatements(statements)} of ${names[side]}`, columns, "  ! ", "    "),
      ),
    ),
    ...section(
      "Unknown",
      comparison.undecided.flatMap((reason) => wrap(formatReason(reason, names), columns, "  ? ", "    ")),
    ),
  ];
}

function gainedOf({ comparison, gained }: ComparisonReport): GainedGrants {
  return gained ?? { missing: comparison.excess, hardening: [], possibleHardening: [] };
}

/** How the two policies relate, as one sentence. */
function formatRelation(report: ComparisonReport): string {
  const { comparison, names } = report;
  const { relation, excess, missing, deniesAdded, deniesRemoved, possibleHardening, latent } = comparison;
  const hardening = [...comparison.hardening, ...possibleHardening];
  const { candidate: a, reference: b } = names;
  const latently = latent.every(({ cause }) => cause === "no-action")
    ? ", but only actions that no AWS service has"
    : ", but only permissions that no AWS service uses";
  const isLatentOf = (side: Side) => latent.some((grant) => grant.side === side);
  const denies = deniesAdded.length + deniesRemoved.length > 0;
  switch (relation) {
    case "equal":
      if (denies) return `${a} and ${b} allow the same but deny different requests.`;
      return latent.length > 0
        ? `${a} and ${b} allow and deny the same, except on resources that no AWS service accepts with the actions.`
        : `${a} and ${b} allow and deny the same.`;
    case "wider": {
      const gained = gainedOf(report);
      if (gained.missing.length === 0 && gained.possibleHardening.length > 0)
        return `${a} allows everything that ${b} allows, and more, perhaps only to other organisations.`;
      if (gained.missing.length === 0 && gained.hardening.length > 0)
        return `${a} allows everything that ${b} allows, and more, but only to other accounts.`;
      return `${a} allows everything that ${b} allows, and more${excess.length === 0 ? latently : ""}.`;
    }
    case "narrower": {
      if (missing.length > 0) return `${a} allows less than ${b}.`;
      if (possibleHardening.length > 0)
        return `${a} allows less than ${b}, perhaps only to other organisations.`;
      return hardening.length > 0
        ? `${a} allows less than ${b}: it excludes only other accounts.`
        : `${a} allows less than ${b}${latently}.`;
    }
    case "different": {
      const real = excess.length + missing.length + hardening.length > 0;
      return `${a} and ${b} each allow something that the other does not${real ? "" : latently}.`;
    }
    case "undecided": {
      if (excess.length > 0 || isLatentOf("candidate"))
        return `${a} allows something that ${b} does not; other differences are unknown.`;
      if (missing.length + hardening.length > 0 || isLatentOf("reference"))
        return `${a} does not allow everything that ${b} allows; other differences are unknown.`;
      return `Cannot compare ${a} and ${b}.`;
    }
  }
}

// Longer lists are shortened; --json has all items.
const maxItems = 20;

function formatDifference(
  grant: Grant,
  mark: "+" | "-",
  { catalogue, names }: ComparisonReport,
  { columns, paint }: Terminal,
): readonly string[] {
  const { example, statements, nearest, partly } = grant;
  const other = names[mark === "+" ? "reference" : "candidate"];
  const notes = [
    ...(partly ? ["in part: both policies decide some of these requests alike"] : []),
    ...(example === undefined ? [] : [`for example: ${formatRequest(example, grant)}`]),
    ...formatActionNames(grant, catalogue),
    `from ${formatStatements(statements)}`,
    ...(nearest === undefined ? [] : [`closest in ${other}: ${formatStatements(nearest)}`]),
  ];
  return [
    ...wrap(formatGrant(grant, maxItems), columns, `  ${mark} `, "      ").map((line) =>
      paint(mark === "+" ? "green" : "red", line),
    ),
    ...notes.flatMap((note) => wrap(note, columns, "      ", "        ")).map((line) => paint("dim", line)),
  ];
}

/** The actions that the wildcards of a grant match today; empty if the catalogue does not know the service. */
function formatActionNames(grant: Grant, catalogue: Catalogue): readonly string[] {
  if (!grant.actions.some((action) => /[*?]/.test(action))) return [];
  const names = listTouched(grant, catalogue);
  const [first] = names ?? [];
  if (names === undefined || first === undefined) return [];
  return [names.length === 1 ? `1 action today (${first})` : `${names.length} actions today (${first}, …)`];
}

const maxStatements = 5;

function formatStatements(statements: readonly StatementRef[]): string {
  const shown = statements
    .slice(0, maxStatements)
    .map(({ statement, sid }) => `$.Statement[${statement}]${sid ? ` (${sanitise(sid, 80)})` : ""}`);
  const rest = statements.length - shown.length;
  return shown.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

function formatReason(
  { message, path, side, statements }: UndecidedReason,
  names: ComparisonReport["names"],
): string {
  const origins = statements.map(({ side, ref }) => `${formatStatements([ref])} of ${names[side]}`);
  return [
    ...(side === undefined ? [] : [`${names[side]}:`]),
    sanitise(message, 1000),
    ...(path === undefined || path === "$" || message.includes(path) ? [] : [`(${sanitise(path)})`]),
    ...(origins.length === 0 ? [] : [`(${origins.join(", ")})`]),
    ...(path !== undefined && path in answersWithPolicy ? [answersWithPolicy[path]] : []),
  ].join(" ");
}

// Answers of IAM that people take for the policy, by the element that gives them away.
const answersWithPolicy: Readonly<Record<string, string>> = {
  "$.PolicyVersion":
    "If this is the answer of get-policy-version, pass only its Document (--query PolicyVersion.Document).",
  "$.Policy":
    "The answer of get-policy contains no document: pass that of get-policy-version (--query PolicyVersion.Document).",
};
