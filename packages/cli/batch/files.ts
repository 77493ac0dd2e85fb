import type { Readable } from "node:stream";
import { type BatchOutput, readBatchOutput } from "@drift-guard/embedded/batch-output";
import { sanitise } from "@drift-guard/formats/printable";
import { AccountUnreadableError } from "../account-source.ts";
import { UsageError } from "../command.ts";
import { formatFileFailure } from "../file-failure.ts";
import { readText } from "../text-input.ts";
import type { BatchSource } from "./survey.ts";

/** Output of the AWS CLI about AWS Batch, and the files that hold it. */
export interface BatchFiles {
  readonly output: BatchOutput;
  readonly names: readonly string[];
}

/**
 * Reads files with output of `aws batch describe-…`; `-` is standard input, `input`. Throws `AccountUnreadableError` if a
 * file cannot be read, and `MessageUnreadableError` if it holds anything else.
 */
export async function openBatchFiles(files: readonly string[], input: Readable): Promise<BatchFiles> {
  const names = files.map((file) => (file === "-" ? "standard input" : file));
  const texts: { text: string; source: string }[] = [];
  for (const [index, file] of files.entries()) {
    const source = names[index] ?? file;
    const text = await readText(file, input).catch((cause: unknown) => {
      throw new AccountUnreadableError(formatFileFailure(source, cause), { cause });
    });
    texts.push({ text, source });
  }
  return { output: readBatchOutput(texts), names };
}

/** Throws `UsageError` if the files describe another account than those of the roles. */
export function refuseOtherAccounts({ output, names }: BatchFiles, known: ReadonlySet<string>): void {
  const [other] = output.accounts.filter((account) => !known.has(account));
  if (other === undefined) return;
  throw new UsageError(
    `--batch ${sanitise(names.join(", "), 200)} describes account ${sanitise(other, 40)}, and the roles are of ${[...known].join(", ")}. Give the files of one account.`,
  );
}

/** Returns the part of the files that describes one account. Whether they describe all of its Regions is unknown. */
export function chooseFileSource({ output, names }: BatchFiles, account: string): BatchSource {
  return {
    batch: output.readerOf(account),
    from: names,
    regions: output.regionsOf(account),
    coversAll: false,
    absent: output.absent,
    cut: output.cut,
  };
}
