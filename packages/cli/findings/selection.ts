import { matchesName } from "@drift-guard/core/config/name-pattern";
import { type Finding, FindingState } from "@drift-guard/core/model/finding";
import { type Instant, isBefore, millisecondsBetween } from "@drift-guard/core/model/instant";
import { Severity } from "@drift-guard/core/model/severity";
import { sanitise } from "@drift-guard/formats/printable";
import { UsageError } from "../command.ts";

/** The options that choose findings. */
export const selectionOptions = {
  role: { type: "string", value: "a ROLE", multiple: true },
  severity: { type: "string", value: "a SEVERITY" },
  state: { type: "string", value: "a STATE" },
  age: { type: "string", value: "a TIME" },
} as const;

/** Which findings are wanted. */
export interface Selection {
  /** Names of roles in lower case, with `*` for any text; empty for every role. */
  readonly roles: readonly string[];
  /** This severity and every worse one. */
  readonly severity: Severity;
  readonly states: readonly FindingState[];
  /** The least time since a finding was opened, in milliseconds. */
  readonly age: number;
}

/** Reads the options that choose findings. Throws `UsageError` that names the wrong one. */
export function readSelection(
  {
    role = [],
    severity,
    state,
    age,
  }: Readonly<Partial<Record<"severity" | "state" | "age", string>>> & {
    readonly role?: readonly string[];
  },
  defaultState: FindingState | "all",
): Selection {
  return {
    roles: role.map(readRole),
    severity: severity === undefined ? "INFORMATIONAL" : readSeverity(severity),
    states: readStates(state ?? defaultState),
    age: age === undefined ? 0 : readAge(age),
  };
}

// An empty name comes of a variable that is not set, and would list nothing, as if nothing were wrong.
function readRole(text: string): string {
  const name = (text.split("/").at(-1) ?? text).trim().toLowerCase();
  if (name !== "") return name;
  throw new UsageError(`--role needs the name of a role, not "${sanitise(text, 20)}".`);
}

function readSeverity(text: string): Severity {
  const parsed = Severity.safeParse(text.toUpperCase());
  if (parsed.success) return parsed.data;
  throw new UsageError(`--severity takes one of ${Severity.options.join(", ")}, not ${sanitise(text, 20)}.`);
}

function readStates(text: string): readonly FindingState[] {
  if (text.toLowerCase() === "all") return FindingState.options;
  const parsed = FindingState.safeParse(text.toLowerCase());
  if (parsed.success) return [parsed.data];
  throw new UsageError(
    `--state takes one of ${FindingState.options.join(", ")}, all, not ${sanitise(text, 20)}.`,
  );
}

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

function readAge(text: string): number {
  const [, count, unit] = /^(\d{1,5})([mhdw])$/.exec(text) ?? [];
  const ms = Object.entries(unitMs).find(([name]) => name === unit)?.[1];
  if (count !== undefined && ms !== undefined) return Number(count) * ms;
  throw new UsageError(
    `--age takes minutes, hours, days or weeks, such as 12h or 7d, not ${sanitise(text, 20)}.`,
  );
}

/** Returns the wanted findings: the worst first, then the newest. */
export function selectFindings(
  all: readonly Finding[],
  { roles, severity, states, age }: Selection,
  now: Instant,
): readonly Finding[] {
  const least = rankOf(severity);
  return all
    .filter(
      (finding) =>
        states.includes(finding.state) &&
        rankOf(finding.severity) <= least &&
        (roles.length === 0 || roles.some((name) => matchesName(name, finding.role.name.toLowerCase()))) &&
        millisecondsBetween(finding.openedAt, now) >= age,
    )
    .toSorted(compareFindings);
}

function compareFindings(one: Finding, other: Finding): number {
  const states = FindingState.options;
  return (
    states.indexOf(one.state) - states.indexOf(other.state) ||
    rankOf(one.severity) - rankOf(other.severity) ||
    (one.openedAt === other.openedAt ? 0 : isBefore(one.openedAt, other.openedAt) ? 1 : -1) ||
    (one.id < other.id ? -1 : 1)
  );
}

function rankOf(severity: Severity): number {
  return Severity.options.indexOf(severity);
}
