import type { Readable } from "node:stream";
import { organizationId } from "@drift-guard/core/config/organization";
import { tryParsePolicy } from "@drift-guard/core/policy-json";
import { sanitise } from "@drift-guard/formats/printable";
import { catalogue } from "@drift-guard/policy/catalogue.generated";
import { comparePolicies } from "@drift-guard/policy/compare";
import type { Comparison } from "@drift-guard/policy/comparison";
import { separateLatent } from "@drift-guard/policy/latent";
import { parsePolicy } from "@drift-guard/policy/parse";
import { type Command, type ExitCode, parseCommandLine, UsageError } from "../command.ts";
import { formatComparison } from "../comparison-report.ts";
import { formatFileFailure } from "../file-failure.ts";
import { CompareOutput } from "../output/compare.ts";
import { formatDocument } from "../output/json.ts";
import { checkPartition, inferPartition } from "../policy-partition.ts";
import { readText } from "../text-input.ts";

/** `compare`: compares two policies by meaning. */
export const compare: Command = {
  help: `Compares two IAM policies by meaning: what only one of them allows or denies.

Usage: drift-guard compare A.json B.json [--trust] [--account ID]
                           [--organization ID] [--partition NAME] [--json]
       aws iam get-policy-version … --query PolicyVersion.Document |
         drift-guard compare - B.json

A and B are policy documents as IAM accepts or returns them, also
percent-encoded. One of them may be "-" for standard input. "+" marks what only
A allows or denies, "-" what only B does; $.Statement[0] names the statement.

  --trust        reads both as trust policies; a statement without Principal, or
                 with Resource, is an error
  --account ID   the account of both policies: its 12 digits and
                 arn:…:iam::ID:root then count as the same principal, and
                 confused-deputy conditions of A or B that name this account are
                 reported as hardening
  --organization ID
                 the organisation of that account, such as o-a1b2c3d4e5: only
                 with it are conditions on the organisation known as hardening
  --partition NAME
                 the partition of both policies, such as aws-cn. Without it, the
                 one that their ARNs name; aws if they name none or several
  --json         print one JSON document with A as candidate and B as reference
                 (docs/schemas/compare.schema.json)

Exit codes: 0 A and B allow and deny the same, 1 they differ, 2 could not
determine. A latent difference also counts (exit 1): action names that no AWS
service has, or actions on resources that no service accepts them on.
`,
  async run(args, terminal) {
    const { values, positionals: files } = parseCommandLine("compare", args, {
      trust: { type: "boolean" },
      account: { type: "string", value: "an ID" },
      organization: { type: "string", value: "an ID" },
      partition: { type: "string", value: "a NAME" },
      json: { type: "boolean" },
    });
    const [candidate, reference, ...others] = files;
    if (candidate === undefined || reference === undefined || others.length > 0) {
      throw new UsageError("compare takes two policy documents. See drift-guard compare --help.");
    }
    if (candidate === "-" && reference === "-") {
      throw new UsageError("Standard input can be only one of the two policies.");
    }
    const { account, organization } = values;
    if (account !== undefined && !/^\d{12}$/.test(account)) {
      throw new UsageError(`${sanitise(account, 40)} is not an account id: --account takes 12 digits.`);
    }
    if (organization !== undefined && !organizationId.test(organization)) {
      throw new UsageError(
        `${sanitise(organization, 40)} is not the id of an organisation: --organization takes one such as o-a1b2c3d4e5.`,
      );
    }
    const chosen = values.partition === undefined ? undefined : checkPartition(values.partition);
    const { input } = terminal;
    const texts = [await readPolicyText(candidate, input), await readPolicyText(reference, input)] as const;
    const policies = texts.flatMap((text) => tryParsePolicy(text) ?? []);
    const partition = chosen ?? inferPartition(policies);
    const run = (one: string, other: string) => {
      const compared = comparePolicies(one, other, {
        ...(values.trust && { kind: "trust" }),
        ...(account !== undefined && { account }),
        ...(organization !== undefined && { organization }),
        ...(partition !== undefined && { partition }),
      });
      const { relation, ...lists } = separateLatent(compared, catalogue, listNamedActions(texts, compared));
      return { relation, ...lists };
    };
    const comparison = run(...texts);
    if (values.json) await terminal.print(formatDocument(CompareOutput, { schema: 1, ...comparison }));
    else {
      const names = { candidate: nameOf(candidate), reference: nameOf(reference) };
      // A comparison judges the conditions of its candidate, so those of the reference are judged the other way round.
      const isTrust = comparison.excess.some(({ principals }) => principals !== undefined);
      const gained = isTrust ? run(texts[1], texts[0]) : undefined;
      await terminal.print(
        ...formatComparison({ comparison, ...(gained && { gained }), catalogue, names }, terminal),
      );
    }
    return exitCodeOf(comparison);
  },
};

/** A policy file cannot be read as text, or is empty. */
export class PolicyUnreadableError extends Error {
  override readonly name = "PolicyUnreadableError";
}

async function readPolicyText(file: string, input: Readable): Promise<string> {
  try {
    return await readText(file, input);
  } catch (cause) {
    throw new PolicyUnreadableError(formatFileFailure(nameOf(file), cause), { cause });
  }
}

function nameOf(file: string): string {
  return file === "-" ? "standard input" : sanitise(file);
}

/** The action names and patterns in the documents; empty if a document cannot be parsed. */
function listNamedActions(texts: readonly string[], { undecided }: Comparison): readonly string[] {
  if (undecided.some(({ code }) => code === "syntax")) return [];
  return texts.flatMap((text) => parsePolicy(text).statements.flatMap(({ actions }) => actions.entries));
}

// If a difference was found and another part is undecided, the code is 1, not 2: the difference is certain.
function exitCodeOf({ relation, undecided, dangling: _, ...differences }: Comparison): ExitCode {
  if (Object.values(differences).some((grants) => grants.length > 0)) return 1;
  return undecided.length > 0 || relation !== "equal" ? 2 : 0;
}
