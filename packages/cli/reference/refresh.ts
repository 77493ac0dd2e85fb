import { RoleUnreadableError } from "@drift-guard/core/errors";
import { lastSegment } from "@drift-guard/core/model/arn";
import type { VendorChange } from "@drift-guard/core/model/evidence";
import { isOlderVersion, isOwnedByAws } from "@drift-guard/core/model/managed-policy";
import { managedPart } from "@drift-guard/core/model/part";
import type { PolicyVersion } from "@drift-guard/core/model/role";
import { localiseReference } from "@drift-guard/core/reference/built-in";
import type { Attachment, Reference } from "@drift-guard/core/reference/reference";
import { sanitise } from "@drift-guard/formats/printable";
import { comparePolicies } from "@drift-guard/policy/compare";
import { type AccountSource, openLiveAccount, openSnapshot } from "../account-source.ts";
import { type ExitCode, parseCommandLine } from "../command.ts";
import { loadConfig } from "../config.ts";
import { formatDetails } from "../drift-table.ts";
import { formatDocument } from "../output/json.ts";
import { ReferenceRefreshOutput } from "../output/reference.ts";
import { type Terminal, wrap } from "../terminal.ts";
import { defaultFolder, findProjectFolder, writeReferenceFile } from "./folder.ts";
import { chooseReferences, listKnownReferences } from "./selection.ts";

/** One AWS managed policy of a reference, compared with its default version in the account. */
type Renewal = { readonly role: string; readonly arn: string; readonly since: string } & (
  | { readonly status: "same" | "renumbered"; readonly version: string }
  | {
      readonly status: "changed" | "back";
      readonly version: string;
      readonly change: VendorChange;
      readonly live: PolicyVersion;
    }
  | { readonly status: "unread"; readonly why: string }
);

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
    ? openLiveAccount()
    : openSnapshot(values.account, terminal.input));
  const renewals: Renewal[] = [];
  const files: string[] = [];
  for (const reference of chosen) {
    const found = await renewAll(reference, source);
    renewals.push(...found);
    const renewed = applyRenewals(reference, found, source.partition);
    if (values.write && renewed !== reference) {
      files.push(await writeReferenceFile(values.into ?? findProjectFolder() ?? defaultFolder, renewed));
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
    await terminal.print(formatDocument(ReferenceRefreshOutput, { schema: 1, account, policies, files }));
    return code;
  }
  for (const renewal of renewals) await terminal.print(...formatRenewal(renewal, terminal));
  const count = (status: Renewal["status"]) => renewals.filter((renewal) => renewal.status === status).length;
  await terminal.print(
    "",
    ...wrap(
      `${renewals.length} policies in account ${source.account} (${sanitise(source.from)}): ${count("changed") + count("back")} changed by AWS, ${count("unread")} unreadable`,
      terminal.columns,
    ),
    ...(count("unread") > 0 && source.advice !== undefined ? wrap(source.advice, terminal.columns) : []),
    ...files.map((file) => `written: ${sanitise(file, 300)}`),
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
  const { arn, version: since, document } = attachment;
  const base = { role, arn, since };
  const read = await source.readPolicy(arn).catch((error: unknown) => {
    if (error instanceof RoleUnreadableError)
      return { version: { observed: false, why: error.message } } as const;
    throw error;
  });
  if (!read.version.observed) return { ...base, status: "unread", why: read.version.why };
  const live = read.version.value;
  const { excess, missing, deniesAdded, deniesRemoved, undecided } = comparePolicies(live.text, document, {
    kind: "identity",
  });
  const [reason] = undecided;
  if (reason) return { ...base, status: "unread", why: reason.message };
  const added = [...excess, ...deniesRemoved];
  const removed = [...missing, ...deniesAdded];
  const change: VendorChange = {
    kind: "vendor-change",
    part: managedPart(arn),
    version: live.id,
    since,
    added,
    removed,
  };
  if (source.partition === "aws" && isOlderVersion(live.id, since)) {
    return { ...base, status: "back", version: live.id, change, live };
  }
  if (added.length + removed.length > 0)
    return { ...base, status: "changed", version: live.id, change, live };
  return { ...base, status: live.id === since ? "same" : "renumbered", version: live.id };
}

function applyRenewals(reference: Reference, renewals: readonly Renewal[], partition: string): Reference {
  const today = new Date().toISOString().slice(0, 10);
  const neutral = (text: string) => text.replaceAll(`arn:${partition}:`, "arn:aws:");
  let renewed = false;
  const attachments = reference.attachments.map((attachment): Attachment => {
    const renewal = renewals.find(({ arn }) => neutral(arn) === attachment.arn);
    if (!renewal || !("live" in renewal)) return attachment;
    renewed = true;
    const name = lastSegment(attachment.arn);
    return {
      arn: attachment.arn,
      version: renewal.live.id,
      document: neutral(renewal.live.text),
      source: { title: `AWS, default version of ${name}`, date: today },
    };
  });
  return renewed ? { ...reference, attachments } : reference;
}

function formatRenewal(renewal: Renewal, terminal: Terminal): readonly string[] {
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
    case "changed":
    case "back":
      return [
        ...heading(`${since} → ${sanitise(renewal.version, 20)}`).map((line) => paint("bold", line)),
        ...formatDetails(renewal.change, terminal, "  "),
      ];
    case "unread":
      return [
        ...heading("unreadable").map((line) => paint("yellow", line)),
        ...wrap(sanitise(renewal.why, 400), columns, "  "),
      ];
  }
}
