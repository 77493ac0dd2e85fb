import { type Announcement, messageIdOf } from "./announcement.ts";
import { sanitiseAscii } from "./printable.ts";

/**
 * Returns an announcement's attributes, by which a subscription of the topic chooses its messages: the message's id,
 * severity, state, kind of transition, role, part, account, kind of evidence, and what the guard does. At most 10, of type String: printable ASCII,
 * never empty (docs/aws-facts.md, "SNS and chat").
 */
export function formatAttributes(announcement: Announcement): Readonly<Record<string, string>> {
  const {
    transition: { kind, finding },
    standing,
  } = announcement;
  const { role, evidence } = finding;
  return {
    id: formatValue(messageIdOf(announcement)),
    severity: finding.severity,
    state: finding.state,
    kind,
    role: formatValue(role.name),
    part: formatValue(evidence.part.toString()),
    account: formatValue(role.account),
    evidence: evidence.kind === "drift" ? evidence.side : evidence.kind,
    standing: standing.kind,
  };
}

/** Returns a text as the value of an attribute: printable ASCII, of at most 256 characters, never empty. */
export function formatValue(text: string): string {
  return sanitiseAscii(text, 256).trim() || "unknown";
}
