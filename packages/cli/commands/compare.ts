import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { formatCause } from "@drift-guard/core/errors";
import { sanitise } from "@drift-guard/formats/printable";
import { catalogue } from "@drift-guard/policy/catalogue.generated";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison } from "@drift-guard/policy/comparison";
import { separateLatent } from "@drift-guard/policy/latent";
import { parsePolicy } from "@drift-guard/policy/parse";
import { type Command, type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { formatComparison } from "../comparison-report.ts";

/** `compare`: two policies by what they mean. */
export const compare: Command = {
  help: `Tells what one IAM policy allows or denies and another does not, by what they mean.

Usage: drift-guard compare A.json B.json [--trust] [--account ID] [--json]
       aws iam get-policy-version … --query PolicyVersion.Document | drift-guard compare - B.json

A and B are policy documents as IAM takes or returns them, percent-encoded too; "-" is standard input, for one of them.
"+" is what only A allows or denies, "-" what only B does; $.Statement[0] is where it comes from.

  --trust        both are trust policies: a statement of another kind cannot be read
  --account ID   whose they are: an account id and its root ARN are then one principal, and conditions that only
                 keep other accounts from borrowing a service's trust are told as hardening
  --json         the whole comparison as one JSON document: A is the candidate, B the reference

Exit codes: 0 they allow and deny the same, 1 they differ, 2 no difference was found, but something could not be told.
A difference that touches only names that no service has today is a difference too.
`,
  async run(args, terminal) {
    const { values, positionals: files } = parseCommandLine(args, {
      trust: { type: "boolean" },
      account: { type: "string" },
      json: { type: "boolean" },
    });
    const [candidate, reference, ...others] = files;
    if (candidate === undefined || reference === undefined || others.length > 0) {
      throw new UsageError("Name two policy documents. See drift-guard compare --help.");
    }
    if (candidate === "-" && reference === "-") {
      throw new UsageError("Standard input can be one of the two policies, not both.");
    }
    const { account } = values;
    if (account !== undefined && !/^\d{12}$/.test(account)) {
      throw new UsageError(`${sanitise(account, 40)} is no account id: it has 12 digits.`);
    }
    const texts = [await readPolicyText(candidate), await readPolicyText(reference)] as const;
    const told = comparePolicies(...texts, {
      ...(values.trust && { kind: "trust" }),
      ...(account !== undefined && { account }),
    });
    const { relation, ...lists } = separateLatent(told, catalogue, listNamed(texts, told));
    // Whoever reads the JSON sees the relation first.
    const comparison = { relation, ...lists };
    if (values.json) await terminal.print(JSON.stringify(comparison, undefined, 2));
    else {
      const names = { candidate: nameOf(candidate), reference: nameOf(reference) };
      const isOurs = new Set(told.excess);
      const latent = {
        ours: comparison.latent.filter((grant) => isOurs.has(grant)),
        theirs: comparison.latent.filter((grant) => !isOurs.has(grant)),
      };
      await terminal.print(...formatComparison({ comparison, latent, catalogue, names }, terminal));
    }
    return exitCodeOf(comparison);
  },
};

/** A file with a policy cannot be read at all. */
export class PolicyUnreadableError extends Error {
  override readonly name = "PolicyUnreadableError";
}

async function readPolicyText(file: string): Promise<string> {
  try {
    const bytes = await (file === "-" ? buffer(process.stdin) : readFile(file));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const why = formatCause(cause);
    throw new PolicyUnreadableError(`${nameOf(file)} cannot be read: ${why}`, { cause });
  }
}

function nameOf(file: string): string {
  return file === "-" ? "standard input" : sanitise(file);
}

/** The actions that the documents name, where they can be read. */
function listNamed(texts: readonly string[], { undecided }: Comparison): readonly string[] {
  if (undecided.some(({ code }) => code === "syntax")) return [];
  return texts.flatMap((text) => parsePolicy(text).statements.flatMap(({ actions }) => actions.entries));
}

/** A difference is certain, whatever else could not be told. */
function exitCodeOf({ relation, undecided, dangling: _, ...differences }: Comparison): ExitCode {
  if (Object.values(differences).some((grants) => grants.length > 0)) return 1;
  return undecided.length > 0 || relation !== "equal" ? 2 : 0;
}
