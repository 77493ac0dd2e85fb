import type { Transition } from "@drift-guard/core/model/transition";
import type { Announcement } from "./announcement.ts";
import { describeTransition } from "./description.ts";
import { authorOf } from "./digest-summary.ts";
import { formatHeadline, isOver } from "./next-steps.ts";
import { defang, sanitise, wrap } from "./printable.ts";
import { formatVerdict } from "./standing.ts";

/** What each line of a digest says besides the finding, since not all findings have it in common. */
export interface LineOptions {
  readonly withVerdict: boolean;
  readonly withAuthor: boolean;
}

/** Roles with the same findings, and a line for each of these. */
interface RoleGroup {
  readonly roles: readonly string[];
  readonly lines: readonly string[];
}

const maxTitle = 300;

/**
 * Returns the findings of a digest as paragraphs of lines: what is on one role stands together, and roles with the same
 * findings are named in one list, whole. The roles and the findings of each keep their order.
 */
export function formatGroups(
  announcements: readonly Announcement[],
  options: LineOptions,
): readonly (readonly string[])[] {
  return groupRoles(announcements, options).map(({ roles, lines }) => [
    ...wrap(defang(nameRoles(roles)), "", "    "),
    ...lines.flatMap((line) => wrap(defang(line), "  - ", "    ")),
  ]);
}

/** The findings of a digest as lines for a chat channel, each group with its roles. */
export function listGroups(announcements: readonly Announcement[], options: LineOptions): readonly string[] {
  return groupRoles(announcements, options).map(
    ({ roles, lines }) => `${nameRoles(roles)} ${lines.join("; ")}`,
  );
}

/** Returns the most text that one finding adds to a digest, whatever drift-guard does about it. */
export function formatAlone(announcement: Announcement): string {
  const { transition, before = [] } = announcement;
  const alone: Announcement = { transition, before, standing: { kind: "report-only" } };
  return formatGroups([alone], { withVerdict: false, withAuthor: true }).flat().join("\n");
}

function groupRoles(announcements: readonly Announcement[], options: LineOptions): readonly RoleGroup[] {
  const byRole = Map.groupBy(announcements, ({ transition }) => transition.finding.role.name);
  const byLines = Map.groupBy(byRole, ([, findings]) =>
    JSON.stringify(findings.map((each) => formatLine(each, options))),
  );
  return [...byLines.values()].map((members) => {
    const [first] = members;
    return {
      roles: members
        .map(([role]) => sanitise(role))
        .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true })),
      lines: (first?.[1] ?? []).map((each) => formatLine(each, options)),
    };
  });
}

function nameRoles(roles: readonly string[]): string {
  const all = roles.join(", ");
  return roles.length === 1 ? `On ${all}:` : `On each of ${roles.length} roles, ${all}:`;
}

// The line before names the role.
function formatLine(announcement: Announcement, options: LineOptions): string {
  const { transition, standing } = announcement;
  const { finding } = transition;
  const { title } = describeTransition({
    kind: transition.kind,
    finding: {
      ...finding,
      role: { ...finding.role, name: "it" },
      reference: finding.reference ?? finding.role.name,
    },
  });
  const verdict = options.withVerdict ? formatVerdict(standing) : undefined;
  const author = options.withAuthor ? authorOf(transition) : undefined;
  return [
    `${formatShortLead(announcement)}: ${sanitise(title, maxTitle)}`,
    ...(verdict === undefined ? [] : [verdict]),
    ...(author === undefined ? [] : [`by ${author}`]),
  ].join("; ");
}

/**
 * How bad it is, and what happened unless the finding is new: the message says once who caused the findings, and how many
 * were told before.
 */
function formatShortLead(announcement: Announcement): string {
  const { transition, before = [] } = announcement;
  const { severity } = transition.finding;
  const news = [...before, transition].filter(({ kind }) => kind !== "attributed");
  const last = news.at(-1);
  if (last === undefined || news.every(isNew)) return severity;
  const headline = formatHeadline({ ...announcement, transition: last, before: news.slice(0, -1) });
  return isOver(last) ? `${headline} (was ${severity})` : `${severity}, ${headline}`;
}

function isNew({ kind }: Transition): boolean {
  return kind === "opened";
}
