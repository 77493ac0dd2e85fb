import type { Reference } from "@drift-guard/core/reference/reference";
import { sanitise } from "@drift-guard/formats/printable";
import { comparePolicies } from "@drift-guard/policy/compare";
import { formatGrantLines } from "../grant-lines.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { formatDescription, formatTags } from "./settings.ts";

/** What changes from one reference to another, part by part: `+` is newly required or allowed, `-` no longer. */
export function formatReferenceDifference(
  before: Reference,
  after: Reference,
  terminal: Terminal,
): readonly string[] {
  const attachmentsOf = ({ attachments }: Reference) => attachments.map(({ arn }) => arn);
  const shared = before.attachments.flatMap((one) => {
    const other = after.attachments.find(({ arn }) => arn === one.arn);
    return other ? [{ arn: one.arn, before: one.document, after: other.document }] : [];
  });
  const changed = (title: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : [`  ${title}`, ...lines];
  const grants = (
    title: string,
    one: string | undefined,
    other: string | undefined,
    kind: "trust" | "identity",
  ) => changed(title, formatPolicyDifference(one, other, kind, terminal));
  const words = (title: string, one: string | undefined, other: string | undefined) =>
    one === other
      ? []
      : changed(
          title,
          formatChanges(
            other === undefined ? [] : [sanitise(other)],
            one === undefined ? [] : [sanitise(one)],
            terminal,
          ),
        );
  return [
    ...grants("trust", before.trust, after.trust, "trust"),
    ...changed(
      "attached policies",
      formatChanges(
        attachmentsOf(after).filter((arn) => !attachmentsOf(before).includes(arn)),
        attachmentsOf(before).filter((arn) => !attachmentsOf(after).includes(arn)),
        terminal,
      ),
    ),
    ...shared.flatMap(({ arn, before: one, after: other }) => grants(sanitise(arn), one, other, "identity")),
    ...grants("must be allowed", before.floor?.document, after.floor?.document, "identity"),
    ...grants("may also be allowed", before.allowed?.document, after.allowed?.document, "identity"),
    ...changed(
      "retired policies",
      formatChanges(
        [],
        before.retired.flatMap(({ arn }) => (after.retired.some((other) => other.arn === arn) ? [] : [arn])),
        terminal,
      ),
    ),
    ...words("instance profile", before.profile, after.profile),
    ...words("permissions boundary", nameBoundary(before.boundary), nameBoundary(after.boundary)),
    ...(nameBoundary(before.boundary) === nameBoundary(after.boundary)
      ? grants(
          "document of the permissions boundary",
          boundaryDocument(before.boundary),
          boundaryDocument(after.boundary),
          "identity",
        )
      : []),
    ...words("description", quoteDescription(before), quoteDescription(after)),
    ...words("maximum session duration", countSeconds(before), countSeconds(after)),
    ...changed(
      "tags",
      formatChanges(
        formatTags(after.tags).filter((tag) => !formatTags(before.tags).includes(tag)),
        formatTags(before.tags).filter((tag) => !formatTags(after.tags).includes(tag)),
        terminal,
      ),
    ),
  ];
}

function quoteDescription({ description }: Reference): string | undefined {
  return description === undefined ? undefined : formatDescription(description);
}

function countSeconds({ maxSession }: Reference): string | undefined {
  return maxSession === undefined ? undefined : `${maxSession} seconds`;
}

function boundaryDocument(boundary: Reference["boundary"]): string | undefined {
  return typeof boundary === "object" ? boundary.document : undefined;
}

function nameBoundary(boundary: Reference["boundary"]): string {
  return typeof boundary === "object" ? boundary.arn : boundary;
}

function formatPolicyDifference(
  one: string | undefined,
  other: string | undefined,
  kind: "trust" | "identity",
  terminal: Terminal,
): readonly string[] {
  const documents = (text: string | undefined) => (text === undefined ? [] : [text]);
  const { excess, missing, hardening, possibleHardening, deniesAdded, deniesRemoved } = comparePolicies(
    documents(other),
    documents(one),
    { kind },
  );
  const deny = (lines: readonly string[]) => lines.map((line) => `deny ${line}`);
  return formatChanges(
    [...formatGrantLines(excess, 50), ...deny(formatGrantLines(deniesAdded, 50))],
    [
      ...formatGrantLines([...missing, ...hardening, ...possibleHardening], 50),
      ...deny(formatGrantLines(deniesRemoved, 50)),
    ],
    terminal,
  );
}

function formatChanges(
  more: readonly string[],
  less: readonly string[],
  { columns, paint }: Terminal,
): readonly string[] {
  const lines = (sign: "+" | "-", texts: readonly string[]) =>
    texts
      .flatMap((text) => wrap(text, columns, `    ${sign} `, "        "))
      .map((line) => paint(sign === "+" ? "green" : "red", line));
  return [...lines("+", more), ...lines("-", less)];
}
