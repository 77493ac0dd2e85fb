import { RoleUnreadableError } from "@drift-guard/core/errors";
import { compareVersion } from "@drift-guard/core/evaluate/attachment";
import { lastSegment } from "@drift-guard/core/model/arn";
import type { VendorChange } from "@drift-guard/core/model/evidence";
import { isOwnedByAws } from "@drift-guard/core/model/managed-policy";
import { managedPart } from "@drift-guard/core/model/part";
import type { PolicyVersion } from "@drift-guard/core/model/role";
import { localiseReference } from "@drift-guard/core/reference/built-in";
import type { Attachment, Reference } from "@drift-guard/core/reference/reference";
import { sanitise } from "@drift-guard/formats/printable";
import { type AccountSource, openLiveAccount, openSnapshot, readFileInstead } from "../account-source.ts";
import { type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { loadConfig } from "../config.ts";
import { formatDetails } from "../drift-table.ts";
import { formatDocument } from "../output/json.ts";
import { ReferenceRefreshOutput } from "../output/reference.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { formatUse } from "./configuration.ts";
import { defaultFolder, findProjectFolder, writeReferenceFile } from "./folder.ts";
import { chooseReferences, listKnownReferences } from "./selection.ts";

/** One AWS managed policy of a reference, compared with its default version in the account. */
type Renewal = { readonly role: string; readonly arn: string; readonly since: string } & (
  | { readonly status: "same" | "renumbered" | "known"; readonly version: string }
  | {
      readonly status: "changed" | "back";
      readonly version: string;
      readonly change: VendorChange;
      readonly live: PolicyVersion;
    }
  | { readonly status: "unread"; readonly why: string }
);
type Unread = Extract<Renewal, { status: "unread" }>;
type Read = Exclude<Renewal, Unread>;

/** `reference refresh`: compares the AWS managed policies of references with the account, and writes them on request. */
export async function refresh(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const { values, positionals: names } = parseCommandLine("reference refresh", args, {
    account: { type: "string", value: "a FILE" },
    config: { type: "string", value: "a FILE" },
    into: { type: "string", value: "a FOLDER" },
    write: { type: "boolean", default: false },
    json: { type: "boolean" },
  });
  const config = await loadConfig(values.config);
  const chosen = names.length === 0 ? listKnownReferences(config) : chooseReferences(names, config);
  const source = await (values.account === undefined
    ? openLiveAccount({ alternative: readFileInstead })
    : openSnapshot(values.account, terminal.input));
  const renewals: Renewal[] = [];
  const files: { readonly file: string; readonly reference: Reference }[] = [];
  const project = values.into === undefined ? findProjectFolder() : undefined;
  if (values.write && project !== undefined && source.partition !== "aws") {
    throw new UsageError(
      `The built-in references have the policies of the partition aws, and this account is in ${source.partition}. Write to another folder with --into FOLDER.`,
    );
  }
  for (const reference of chosen) {
    const found = await renewAll(reference, source);
    renewals.push(...found);
    const renewed = applyRenewals(reference, found, source.partition);
    if (values.write && renewed !== reference) {
      const file = await writeReferenceFile(values.into ?? project ?? defaultFolder, renewed);
      files.push({ file, reference: renewed });
    }
  }
  const code = exitCodeOf(renewals);
  if (values.json) {
    const policies = renewals.map((renewal) => {
      if (!("change" in renewal)) return renewal;
      const { change, live: _, ...rest } = renewal;
      return { ...rest, added: change.added, removed: change.removed };
    });
    const { account } = source;
    await terminal.print(
      formatDocument(ReferenceRefreshOutput, {
        schema: 1,
        account,
        policies,
        files: files.map(({ file }) => file),
      }),
    );
    return code;
  }
  const unread = renewals.filter((renewal) => renewal.status === "unread");
  for (const renewal of renewals) {
    if (renewal.status !== "unread") await terminal.print(...formatRenewal(renewal, terminal));
  }
  await terminal.print(...formatUnread(unread, terminal));
  const count = (status: Renewal["status"]) => renewals.filter((renewal) => renewal.status === status).length;
  await terminal.print(
    "",
    ...wrap(
      `${renewals.length} policies in account ${source.account} (${sanitise(source.from)}): ${count("changed") + count("back")} changed by AWS, ${unread.length} unreadable`,
      terminal.columns,
    ),
    ...(unread.length > 0 && source.advice !== undefined
      ? wrap(
          // Without a filter, IAM lists the policies by AWS that something has attached.
          unread.length < renewals.length
            ? "The file holds only the policies that a user, group or role of the account has attached."
            : source.advice,
          terminal.columns,
        )
      : []),
    ...files.map(({ file }) => `written: ${sanitise(file, 300)}`),
    ...(files.length === 0 || project !== undefined ? [] : ["", ...formatUse(files, config, terminal)]),
  );
  return code;
}

function exitCodeOf(renewals: readonly Renewal[]): ExitCode {
  if (renewals.some(({ status }) => status === "changed" || status === "back")) return 1;
  return renewals.some(({ status }) => status === "unread") ? 2 : 0;
}

async function renewAll(reference: Reference, source: AccountSource): Promise<readonly Renewal[]> {
  const { attachments } = localiseReference(reference, source.partition);
  const renewals: Renewal[] = [];
  // One after the other: IAM throttles per account, and other programs share its limits.
  for (const attachment of attachments.filter(({ arn }) => isOwnedByAws(arn))) {
    renewals.push(await renew(reference.role, attachment, source));
  }
  return renewals;
}

async function renew(role: string, attachment: Attachment, source: AccountSource): Promise<Renewal> {
  const { arn, version: since } = attachment;
  const base = { role, arn, since };
  const read = await source.readPolicy(arn).catch((error: unknown) => {
    if (error instanceof RoleUnreadableError)
      return { version: { observed: false, why: error.message } } as const;
    throw error;
  });
  if (!read.version.observed) return { ...base, status: "unread", why: read.version.why };
  const live = read.version.value;
  const { news, same, back, added, removed, comparison } = compareVersion(attachment, live, source.partition);
  const [reason] = comparison.undecided;
  if (reason) return { ...base, status: "unread", why: reason.message };
  const change: VendorChange = {
    kind: "vendor-change",
    part: managedPart(arn),
    version: live.id,
    since,
    added,
    removed,
  };
  if (news || back) return { ...base, status: back ? "back" : "changed", version: live.id, change, live };
  const status = !same ? "known" : live.id === since ? "same" : "renumbered";
  return { ...base, status, version: live.id };
}

// The ids and ARNs that are written are those of the account's partition, which the reference then names.
function applyRenewals(reference: Reference, renewals: readonly Renewal[], partition: string): Reference {
  if (!renewals.some((renewal) => "live" in renewal)) return reference;
  const today = new Date().toISOString().slice(0, 10);
  const localised = localiseReference(reference, partition);
  const attachments = localised.attachments.map((attachment): Attachment => {
    const renewal = renewals.find(({ arn }) => arn === attachment.arn);
    if (!renewal || !("live" in renewal)) return attachment;
    const { arn } = attachment;
    return {
      arn,
      version: renewal.live.id,
      ...(partition !== "aws" && { partition }),
      document: renewal.live.text,
      source: { title: `AWS, default version of ${lastSegment(arn)}`, date: today },
    };
  });
  return { ...localised, attachments };
}

function formatRenewal(renewal: Read, terminal: Terminal): readonly string[] {
  const { arn, role, since, status } = renewal;
  const { paint, columns } = terminal;
  const heading = (text: string) => wrap(`${sanitise(arn)} (${sanitise(role)}): ${text}`, columns, "", "  ");
  switch (status) {
    case "same":
      return heading(`${since}, unchanged since the reference`).map((line) => paint("dim", line));
    case "renumbered":
      return heading(`${sanitise(renewal.version, 20)} allows and denies the same as ${since}`).map((line) =>
        paint("dim", line),
      );
    case "known":
      return heading(
        `${sanitise(renewal.version, 20)} is newer than ${since}, and allows nothing that the reference does not know`,
      ).map((line) => paint("dim", line));
    case "changed":
    case "back":
      return [
        ...heading(`${since} → ${sanitise(renewal.version, 20)}`).map((line) => paint("bold", line)),
        ...formatDetails(renewal.change, terminal, "  "),
      ];
  }
}

// One sentence for all that cannot be read for one reason, such as every policy that a file does not contain.
function formatUnread(unread: readonly Unread[], { paint, columns }: Terminal): readonly string[] {
  const byReason = Map.groupBy(unread, ({ arn, why }) => why.replaceAll(arn, "each of them"));
  return [...byReason].flatMap(([reason, [first, ...others]]) => {
    if (!first) return [];
    const names = [first, ...others].map(
      ({ arn, role }) => `${lastSegment(sanitise(arn))} (${sanitise(role)})`,
    );
    const [heading, why] =
      others.length === 0
        ? [`${sanitise(first.arn)} (${sanitise(first.role)}): unreadable`, first.why]
        : [`${names.length} policies are unreadable: ${names.join(", ")}`, reason];
    return [
      ...wrap(heading, columns, "", "  ").map((line) => paint("yellow", line)),
      ...wrap(sanitise(why, 400), columns, "  "),
    ];
  });
}
