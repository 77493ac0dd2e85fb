const families = ["string", "arn", "bool", "binary", "numeric", "date", "ip", "null"] as const;

/** The type that an operator reads its values as. */
type OperatorFamily = (typeof families)[number];

/** How an operator compares a value of a request with a value of its condition. */
type Comparator = "equals" | "like" | "less" | "lessOrEqual" | "greater" | "greaterOrEqual";

/** A condition operator and its properties (IAM User Guide, "Condition operators" and "Multivalued context keys"). */
export interface Operator {
  /** In IAM's spelling, with qualifier and suffix. */
  readonly name: string;
  readonly qualifier: "ForAllValues" | "ForAnyValue" | undefined;
  readonly family: OperatorFamily;
  readonly comparator: Comparator;
  readonly ignoreCase: boolean;
  readonly negated: boolean;
  readonly ifExists: boolean;
}

const orders = "Equals NotEquals LessThan LessThanEquals GreaterThan GreaterThanEquals";
/** IAM's operators by family, without qualifiers and `IfExists`: the common start of their names, and the rest of each name. */
const spellings: Readonly<Record<OperatorFamily, readonly [start: string, rests: string]>> = {
  string: ["String", "Equals NotEquals EqualsIgnoreCase NotEqualsIgnoreCase Like NotLike"],
  arn: ["Arn", "Equals Like NotEquals NotLike"],
  bool: ["Bool", ""],
  binary: ["Binary", "Equals"],
  numeric: ["Numeric", orders],
  date: ["Date", orders],
  ip: ["", "IpAddress NotIpAddress"],
  null: ["Null", ""],
};

/** By lower-cased name. Filled at first use and constant from then on, so that importing the module does no work. */
let operators: ReadonlyMap<string, Operator> | undefined;

function buildOperators(): ReadonlyMap<string, Operator> {
  const known = new Map<string, Operator>();
  for (const family of families) {
    const [start, rests] = spellings[family];
    for (const rest of rests.split(" ")) {
      const spelling = start + rest;
      for (const qualifier of [undefined, "ForAllValues", "ForAnyValue"] as const) {
        // Null asks whether the key exists: it has no IfExists.
        for (const suffix of family === "null" ? [""] : ["", "IfExists"]) {
          const name = `${qualifier ? `${qualifier}:` : ""}${spelling}${suffix}`;
          known.set(name.toLowerCase(), {
            name,
            qualifier,
            family,
            comparator: readComparator(spelling),
            ignoreCase: /IgnoreCase|Bool/.test(spelling),
            negated: spelling.includes("Not"),
            ifExists: suffix !== "",
          });
        }
      }
    }
  }
  return known;
}

function readComparator(spelling: string): Comparator {
  // ArnEquals and ArnLike are the same: both take wildcards.
  if (/Like|^Arn/.test(spelling)) return "like";
  const order = spelling.includes("Less") ? "less" : spelling.includes("Greater") ? "greater" : undefined;
  if (!order) return "equals";
  return spelling.endsWith("Equals") ? `${order}OrEqual` : order;
}

/** Returns the operator of a name in any case; undefined if IAM has no such operator. */
export function findOperator(name: string): Operator | undefined {
  operators ??= buildOperators();
  return operators.get(name.toLowerCase());
}
