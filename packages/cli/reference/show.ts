import { localiseReference } from "@drift-guard/core/reference/built-in";
import {
  describeReference,
  type KnownVersion,
  type Provenance,
  type Reference,
} from "@drift-guard/core/reference/reference";
import { sanitise } from "@drift-guard/formats/printable";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Grant } from "@drift-guard/policy/grant";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { formatWholeGrant } from "../grant-lines.ts";
import { checkPartition } from "../policy-partition.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { formatStrictness } from "./list.ts";
import { chooseReferences, isBuiltIn } from "./selection.ts";
import { formatDescription, formatTags } from "./settings.ts";

/** `reference show`: prints references grant by grant, as JSON, or only the trust policy of one. */
export async function showReferences(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals: names } = parseCommandLine("reference show", args, {
    config: { type: "string", value: "a FILE" },
    json: { type: "boolean" },
    trust: { type: "boolean" },
    partition: { type: "string", value: "a NAME", default: "aws" },
  });
  if (names.length === 0) {
    throw new UsageError("reference show takes the name of a reference; reference list prints all names.");
  }
  const partition = checkPartition(values.partition);
  const named = chooseReferences(names, await loadConfig(values.config));
  const chosen = named.map((reference) => ({
    reference,
    localised: localiseReference(reference, partition),
  }));
  if (values.trust) {
    const [only, ...others] = chosen;
    if (!only || others.length > 0)
      throw new UsageError("--trust prints one document, so name one reference.");
    await terminal.print(JSON.stringify(JSON.parse(only.localised.trust), undefined, 2));
    return 0;
  }
  if (values.json) {
    const [first, ...others] = chosen.map(({ localised }) => describeReference(localised));
    const output = others.length === 0 ? { schema: 1, ...first } : { schema: 1, items: [first, ...others] };
    await terminal.print(JSON.stringify(output, undefined, 2));
    return 0;
  }
  for (const { reference, localised } of chosen) {
    const lines = formatReferenceGrants(localised, { isOwn: !isBuiltIn(reference), partition }, terminal);
    await terminal.print(...lines, "");
  }
  return 0;
}

function formatReferenceGrants(
  reference: Reference,
  { isOwn, partition }: { readonly isOwn: boolean; readonly partition: string },
  terminal: Terminal,
): readonly string[] {
  const { role, purpose, serviceLinked, source, trust, attachments, floor, allowed } = reference;
  const { retired, profile, boundary, strictness, description, maxSession, tags } = reference;
  const { paint, columns } = terminal;
  const said = (text: string, margin = "  ") => wrap(text, columns, margin);
  const print = (document: string, kind: "trust" | "identity") =>
    formatPolicy(document, { kind, partition }, terminal);
  const section = (title: string, lines: readonly string[]) =>
    lines.length === 0
      ? []
      : ["", ...wrap(title, columns, "  ", "    ").map((line) => paint("underline", line)), ...lines];
  return [
    `${paint("bold", sanitise(role))}  ${isOwn ? "your own" : "built in"}`,
    ...(purpose === undefined ? [] : said(sanitise(purpose, 400))),
    ...said(`Source: ${formatSource(source)}`).map((line) => paint("dim", line)),
    ...said(`Strictness: ${formatStrictness(strictness)}`).map((line) => paint("dim", line)),
    ...(serviceLinked === undefined
      ? []
      : said(
          `AWS maintains it for ${serviceLinked}, at ${reference.path ?? "its own path"}; the guard never writes it.`,
        )),
    ...section("Who may assume it", print(trust, "trust")),
    ...attachments.flatMap(({ arn, version, versions = [], document, source: { date } }) =>
      section(`Must have attached: ${sanitise(arn)} (${sanitise(version, 20)}, source dated ${date})`, [
        ...print(document, "identity"),
        ...(versions.length === 0 ? [] : said(formatKnownVersions(versions), "    ")),
      ]),
    ),
    ...section("Must be allowed, by any policy", floor ? print(floor.document, "identity") : []),
    ...section("May also be allowed", allowed ? print(allowed.document, "identity") : []),
    ...retired.flatMap(({ arn, why }) =>
      section(`Must not have attached: ${sanitise(arn)}`, said(sanitise(why, 400), "    ")),
    ),
    ...section("Instance profile", profile === undefined ? [] : said(sanitise(profile), "    ")),
    ...section("Permissions boundary", [
      ...said(formatBoundary(boundary), "    "),
      ...(typeof boundary === "object" && boundary.document !== undefined
        ? print(boundary.document, "identity")
        : []),
    ]),
    ...section("Description", description === undefined ? [] : said(formatDescription(description), "    ")),
    ...section(
      "Maximum session duration",
      maxSession === undefined ? [] : said(`${maxSession} seconds`, "    "),
    ),
    ...section(
      strictness.tags === "closed" ? "Tags, and no others" : "Tags",
      formatTags(tags).flatMap((tag) => said(tag, "    ")),
    ),
  ];
}

function formatBoundary(boundary: Reference["boundary"]): string {
  if (typeof boundary === "object") return sanitise(boundary.arn);
  return boundary === "none" ? "none" : "any that leaves the required permissions";
}

// In the partition aws: other partitions number their versions separately.
function formatKnownVersions(versions: readonly KnownVersion[]): string {
  const known = versions.map(({ id, date }) => `${sanitise(id, 20)} of ${date}`);
  return `Versions by AWS that are known: ${known.join(", ")}`;
}

function formatSource({ title, date, url, note }: Provenance): string {
  return [
    `${sanitise(title)}, dated ${date}`,
    ...(url === undefined ? [] : [sanitise(url, 300)]),
    ...(note === undefined ? [] : [sanitise(note, 400)]),
  ].join(". ");
}

/** What a document allows and denies, grant by grant, with every action. */
function formatPolicy(
  document: string,
  options: { readonly kind: "trust" | "identity"; readonly partition: string },
  terminal: Terminal,
): readonly string[] {
  const { excess, deniesAdded, undecided } = comparePolicies(document, [], options);
  return [
    ...excess.flatMap((grant) => formatPolicyGrant("", grant, terminal)),
    ...deniesAdded.flatMap((grant) => formatPolicyGrant("deny ", grant, terminal)),
    ...undecided.flatMap(({ message }) => wrap(sanitise(message, 400), terminal.columns, "    ")),
  ];
}

function formatPolicyGrant(before: string, grant: Grant, { columns, paint }: Terminal): readonly string[] {
  const line = wrap(before + formatWholeGrant(grant), columns, "    ", "      ");
  if (grant.actions.length <= 3) return line;
  const actions = wrap(grant.actions.map((action) => sanitise(action)).join(", "), columns, "        ");
  return [...line, ...actions.map((text) => paint("dim", text))];
}
