import { formatGrant, formatRequest } from "@drift-guard/formats/grants";
import { sanitise } from "@drift-guard/formats/printable";
import type { Catalogue } from "@drift-guard/policy/catalogue";
import type { Comparison, Side, UndecidedReason } from "@drift-guard/policy/comparison";
import type { Grant, StatementRef } from "@drift-guard/policy/grant";
import { listTouched } from "@drift-guard/policy/latent";
import { type Terminal, wrap } from "./terminal.ts";

/** A comparison of two policies, with what is needed to tell a person of it. */
export interface ComparisonReport {
  readonly comparison: Comparison;
  /** The latent grants by the side that gives them. */
  readonly latent: { readonly ours: readonly Grant[]; readonly theirs: readonly Grant[] };
  /** What the latent grants were held against. */
  readonly catalogue: Catalogue;
  /** What the two policies are called; plain already. */
  readonly names: Readonly<Record<Side, string>>;
}

/** The verdict in one sentence, then what each side gives, with examples, then what could not be told. */
export function formatComparison(report: ComparisonReport, terminal: Terminal): readonly string[] {
  const { comparison, latent, catalogue, names } = report;
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
    ...section(`Only ${a} allows`, gains(comparison.excess)),
    ...section(`Only ${b} allows`, losses(comparison.missing)),
    ...section(`Only ${b} allows, to other accounts alone (hardening)`, losses(comparison.hardening)),
    ...section(`Only ${a} denies`, gains(comparison.deniesAdded)),
    ...section(`Only ${b} denies`, losses(comparison.deniesRemoved)),
    ...section(`Latent: of these names no service has one today (catalogue of ${catalogue.date})`, [
      ...gains(latent.ours),
      ...losses(latent.theirs),
    ]),
    ...section(
      "Deleted principals, which nobody is any more: creating one anew does not restore what is granted to it",
      comparison.dangling.flatMap(({ side, id, statements }) =>
        wrap(`${sanitise(id)} in ${formatStatements(statements)} of ${names[side]}`, columns, "  ! ", "    "),
      ),
    ),
    ...section(
      "Could not be told",
      comparison.undecided.flatMap((reason) => wrap(formatReason(reason, names), columns, "  ? ", "    ")),
    ),
  ];
}

/** How the two relate, as one sentence. */
function formatRelation({ comparison, latent, names }: ComparisonReport): string {
  const { relation, excess, missing, hardening, deniesAdded, deniesRemoved } = comparison;
  const { candidate: a, reference: b } = names;
  const latently = " by names that no service has today";
  const denies = deniesAdded.length + deniesRemoved.length > 0;
  switch (relation) {
    case "equal":
      return denies
        ? `${a} and ${b} allow the same, and differ in what they deny.`
        : `${a} and ${b} allow and deny the same.`;
    case "wider":
      return `${a} allows all that ${b} allows, and more${excess.length === 0 ? latently : ""}.`;
    case "narrower": {
      if (missing.length > 0) return `${a} allows less than ${b}, and nothing else.`;
      return hardening.length > 0
        ? `${a} allows less than ${b}, and keeps out none but other accounts.`
        : `${a} allows less than ${b}${latently}.`;
    }
    case "different": {
      const real = excess.length + missing.length + hardening.length > 0;
      return `${a} and ${b} each allow what the other does not${real ? "" : `,${latently}`}.`;
    }
    case "undecided": {
      if (excess.length + latent.ours.length > 0)
        return `${a} allows what ${b} does not; what else differs could not be told.`;
      if (missing.length + hardening.length + latent.theirs.length > 0)
        return `${a} does not allow all that ${b} allows; what else differs could not be told.`;
      return `Whether ${a} and ${b} allow the same could not be told.`;
    }
  }
}

// More of one list is for --json.
const mostItems = 20;

function formatDifference(
  grant: Grant,
  mark: "+" | "-",
  { catalogue, names }: ComparisonReport,
  { columns, paint }: Terminal,
): readonly string[] {
  const { example, statements, nearest, partly } = grant;
  const other = names[mark === "+" ? "reference" : "candidate"];
  const notes = [
    ...(partly ? ["in part: some of it is the same on both sides"] : []),
    ...(example === undefined ? [] : [`such as ${formatRequest(example)}`]),
    ...formatActionNames(grant, catalogue),
    `from ${formatStatements(statements)}`,
    ...(nearest === undefined ? [] : [`nearest in ${other}: ${formatStatements(nearest)}`]),
  ];
  return [
    ...wrap(formatGrant(grant, mostItems), columns, `  ${mark} `, "      ").map((line) =>
      paint(mark === "+" ? "green" : "red", line),
    ),
    ...notes.flatMap((note) => wrap(note, columns, "      ", "        ")).map((line) => paint("dim", line)),
  ];
}

/** What wildcards stand for today, where the catalogue can say. */
function formatActionNames(grant: Grant, catalogue: Catalogue): readonly string[] {
  if (!grant.actions.some((action) => /[*?]/.test(action))) return [];
  const names = listTouched(grant, catalogue);
  const [first] = names ?? [];
  if (names === undefined || first === undefined) return [];
  return [names.length === 1 ? `today ${first} alone` : `today ${names.length} actions, from ${first} on`];
}

const mostStatements = 5;

function formatStatements(statements: readonly StatementRef[]): string {
  const shown = statements
    .slice(0, mostStatements)
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
  ].join(" ");
}
