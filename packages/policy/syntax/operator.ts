const families = ["string", "arn", "bool", "binary", "numeric", "date", "ip", "null"] as const;

/** What the values of an operator are compared as. */
type OperatorFamily = (typeof families)[number];

/** How one value is compared with another of its family. */
type Comparator = "equals" | "like" | "less" | "lessOrEqual" | "greater" | "greaterOrEqual";

/** A condition operator taken apart (IAM User Guide: condition operators, multivalued context keys). */
export interface Operator {
  readonly qualifier?: "ForAllValues" | "ForAnyValue";
  readonly family: OperatorFamily;
  readonly comparator: Comparator;
  readonly ignoreCase: boolean;
  readonly negated: boolean;
  readonly ifExists: boolean;
}

const orders = "Equals NotEquals LessThan LessThanEquals GreaterThan GreaterThanEquals";
/** The operators by the families of their values. */
const spellings: Readonly<Record<OperatorFamily, string>> = {
  string:
    "StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike",
  arn: "ArnEquals ArnLike ArnNotEquals ArnNotLike",
  bool: "Bool",
  binary: "BinaryEquals",
  ip: "IpAddress NotIpAddress",
  null: "Null",
  numeric: orders.replaceAll(/\b(?=[A-Z])/g, "Numeric"),
  date: orders.replaceAll(/\b(?=[A-Z])/g, "Date"),
};

const operators = new Map<string, { readonly operator: Operator; readonly spelling: string }>();

function addOperator(
  spelling: string,
  family: OperatorFamily,
  qualifier: "ForAllValues" | "ForAnyValue" | undefined,
  ifExists: boolean,
): void {
  const name = `${qualifier === undefined ? "" : `${qualifier}:`}${spelling}${ifExists ? "IfExists" : ""}`;
  const operator = {
    family,
    comparator: readComparator(spelling),
    ignoreCase: /IgnoreCase|Bool/.test(spelling),
    negated: spelling.includes("Not"),
    ifExists,
    ...(qualifier && { qualifier }),
  };
  operators.set(name.toLowerCase(), { operator, spelling: name });
}

function readComparator(spelling: string): Comparator {
  // An ARN may hold wildcards under either name.
  if (/Like|^Arn/.test(spelling)) return "like";
  const order = spelling.includes("Less") ? "less" : spelling.includes("Greater") ? "greater" : undefined;
  if (order === undefined) return "equals";
  return spelling.endsWith("Equals") ? `${order}OrEqual` : order;
}

for (const family of families) {
  for (const spelling of spellings[family].split(" ")) {
    for (const qualifier of [undefined, "ForAllValues", "ForAnyValue"] as const) {
      addOperator(spelling, family, qualifier, false);
      // Null asks for the key itself: IfExists says nothing more of it.
      if (family !== "null") addOperator(spelling, family, qualifier, true);
    }
  }
}

/** Takes an operator apart, in any case of letters; undefined where IAM has no such operator. */
export function findOperator(name: string): Operator | undefined {
  return operators.get(name.toLowerCase())?.operator;
}

/** IAM's own spelling of an operator; one that IAM does not have is left as it is. */
export function spellOperator(name: string): string {
  return operators.get(name.toLowerCase())?.spelling ?? name;
}
