import { type Atom, compileAtom } from "./atom.ts";
import { canonicalise, isIdle, printStatement } from "./canonical.ts";
import type { Clause, PolicyDocument, PolicyStatement } from "./document.ts";
import type { PolicyPrincipal } from "./grant.ts";
import { findOperator } from "./operator.ts";
import { compileArn, compileText, type Pattern } from "./pattern.ts";

/** A statement made ready for comparing. */
export interface CompiledStatement {
  readonly source: PolicyStatement;
  /** Its place in its document, counted from 0. */
  readonly index: number;
  readonly actions: Clause<Pattern>;
  readonly resources: Clause<Pattern> | undefined;
  readonly principals: Clause<PolicyPrincipal> | undefined;
  readonly conditions: readonly Atom[];
  /** The canonical statement as one line. */
  readonly line: string;
  /** Why its meaning is not certain, where it is not. */
  readonly doubt: string | undefined;
}

/** Makes a document's statements ready for comparing; those without effect are left out. */
export function compileDocument(document: PolicyDocument, partition: string): readonly CompiledStatement[] {
  return document.statements.flatMap((source, index) =>
    isIdle(source) ? [] : [compileStatement(source, index, document, partition)],
  );
}

function compileStatement(
  source: PolicyStatement,
  index: number,
  { version }: PolicyDocument,
  partition: string,
): CompiledStatement {
  const canonical = canonicalise(source, version, partition);
  const { actions, resources, principals } = canonical;
  return {
    source,
    index,
    actions: compileClause(actions, source.actions, (text, written) => compileText(text, written)),
    resources: resources && source.resources && compileClause(resources, source.resources, compileArn),
    principals,
    conditions: canonical.conditions.map(compileAtom),
    line: printStatement(canonical),
    doubt: findDoubt(source),
  };
}

/** Canonical entries with the spelling that the document gives them, where it gives one. */
function compileClause(
  canonical: Clause<string>,
  written: Clause<string>,
  compile: (text: string, written: string) => Pattern,
): Clause<Pattern> {
  const spellings = new Map(written.entries.map((text) => [text.toLowerCase(), text]));
  const entries = canonical.entries.map((text) => compile(text, spellings.get(text.toLowerCase()) ?? text));
  return { negated: canonical.negated, entries };
}

// An ARN has at most 2,048 characters (IAM quotas).
const longestText = 2048;

function findDoubt({ actions, resources, principals, conditions }: PolicyStatement): string | undefined {
  if ([actions, resources, principals].some((clause) => clause?.negated && clause.entries.length === 0)) {
    return "it excludes an empty list, and AWS does not say what that means";
  }
  const texts = [actions, resources].flatMap((clause) => clause?.entries ?? []);
  if ([...texts, ...conditions.flatMap(({ values }) => values)].some((text) => text.length > longestText)) {
    return `it has a pattern or value of more than ${longestText} characters`;
  }
  for (const { operator: name, key, values } of conditions) {
    const operator = findOperator(name);
    if (operator === undefined) return `its condition operator ${name} is not one of IAM's`;
    if (values.length === 0 && operator.qualifier === undefined && !operator.ifExists) {
      return `its condition ${name} on ${key} has an empty list of values, and AWS does not say what that means`;
    }
  }
  return undefined;
}
