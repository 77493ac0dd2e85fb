import type { Announcement } from "./announcement.ts";
import { findContainment } from "./containment.ts";
import { haveOneAuthor } from "./digest-summary.ts";
import { isOver, needsPerson } from "./next-steps.ts";
import { formatRole, type RemediationCommand } from "./remediation.ts";
import { quoteArgument } from "./steps.ts";

// More roles than these make a command that nobody reads.
const maxRoles = 20;

/**
 * Returns the commands to run after a digest, the next one first: it prints the commands that fix the findings that drift-guard
 * leaves to a person; the other lists the findings. None changes anything.
 */
export function listDigestCommands(announcements: readonly Announcement[]): readonly RemediationCommand[] {
  const stage = announcements[0]?.stage;
  const place = stage === undefined ? "" : ` --stage ${quoteArgument(stage)}`;
  const roles = new Map(announcements.map(({ transition: { finding } }) => [finding.role.name, finding]));
  const [only] = roles.size === 1 ? roles.keys() : [];
  const left = announcements.filter((each) => isLeft(each) && isByHand(each));
  const names = [...new Set(left.map(({ transition: { finding } }) => formatRole(finding)))];
  const isAsked = announcements.some(({ standing }) => standing.kind === "approval");
  return [
    ...(names.length === 0
      ? []
      : [
          {
            purpose: "print the commands that fix them",
            command: `npx drift-guard check${names.length > maxRoles ? "" : ` ${names.join(" ")}`} --plan`,
          },
        ]),
    {
      purpose: `list them, with the ids that ${isAsked ? "rollback approve, " : ""}findings show and findings suppress take`,
      command: `npx drift-guard findings list${only === undefined ? "" : ` --role ${quoteArgument(only)}`}${place}`,
    },
  ];
}

/** Returns what people do first about findings of which one is CRITICAL and left to them, each a sentence or more. */
export function listAdvice(announcements: readonly Announcement[]): readonly string[] {
  const left = announcements.filter(isLeft);
  const [first] = left;
  if (first === undefined) return [];
  return findContainment(first, {
    isOneOf: left.length,
    knowsAuthor: haveOneAuthor(left.map(({ transition }) => transition)),
  });
}

function isLeft({ transition, standing }: Announcement): boolean {
  return needsPerson(standing) && !isOver(transition) && transition.finding.evidence.kind === "drift";
}

// The others are undone by drift-guard, once a person approves or enables it.
function isByHand({ standing }: Announcement): boolean {
  const { kind } = standing;
  return kind === "off" || kind === "observed" || kind === "by-hand" || kind === "simulated";
}
