import fc from "fast-check";

/** One element of a statement as the generators draw it; texts are chosen so that patterns and requests meet. */
export interface DrawnStatement {
  readonly Effect: "Allow" | "Deny";
  readonly [element: string]: unknown;
}

/** A drawn policy, to be written as JSON. */
export interface DrawnPolicy {
  readonly Version?: string;
  readonly Statement: readonly DrawnStatement[];
}

const actions = [
  "s3:GetObject",
  "s3:Get*",
  "s3:*Object",
  "s3:Put?bject",
  "s3:*",
  "*",
  "S3:PUTobject",
  "iam:PassRole",
  "ec2:Run*",
  "*:Get*",
  "s3:G*t*t",
];

const resources = [
  "*",
  "arn:aws:s3:::a",
  "arn:aws:s3:::a/*",
  "arn:aws:s3:::*/b",
  "arn:aws:s3:::a?b",
  "arn:aws:s3:::*a*",
  "arn:aws:s3:::*b*",
  "arn:aws:*:eu-*:*:x/*",
  "arn:aws:s3:*:123456789012:x/b",
  "arn:aws:s3*",
  "arn:*",
  "arn:aws:s3:::bob",
];

const variableResources = [
  `arn:aws:s3:::\${aws:username}`,
  `arn:aws:s3:::a/\${aws:username}/*`,
  `arn:aws:s3:::a/\${aws:username}`,
  `arn:aws:s3:::\${aws:username, 'bob'}`,
  `arn:aws:s3:::\${*}`,
  `arn:aws:s3:::\${s3:prefix}/\${aws:username}`,
];

const texts = ["a", "b", "bob", "ab", "a*", "*b", "a?", "*", "A", "B*"];
const variableTexts = [`\${aws:username}`, `a\${aws:username}`, `\${s3:prefix,'a'}`, `\${*}`];
const numbers = ["1", "5", "10", "7.5", "-3"];
const dates = ["2020-01-01T00:00:00Z", "2024-06-01", "1577836800", "2030-01-01T00:00:00Z"];
const addresses = ["10.0.0.0/16", "10.0.1.0/24", "10.0.1.7", "0.0.0.0/0", "2001:db8::/32", "2001:db8::1"];
const arns = [
  "arn:aws:s3:::a",
  "arn:aws:s3:::*",
  "arn:aws:*:*:123456789012:x/*",
  "*",
  "arn:aws:s3:eu-?:*:x/b",
];

/** Draws one of some values. */
const oneOf = <Value>(values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);

function listOf<Value>(value: fc.Arbitrary<Value>, most = 3): fc.Arbitrary<Value | Value[]> {
  return fc.oneof(value, fc.array(value, { minLength: 1, maxLength: most }));
}

interface Family {
  readonly operators: readonly string[];
  readonly keys: readonly string[];
  readonly values: fc.Arbitrary<unknown>;
}

const suffixed = (bases: readonly string[]): string[] => bases.flatMap((base) => [base, `${base}IfExists`]);

function families(withVariables: boolean): readonly Family[] {
  const strings = [
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
  ];
  const qualified = ["ForAllValues", "ForAnyValue"].flatMap((qualifier) =>
    strings.map((one) => `${qualifier}:${one}`),
  );
  const orders = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];
  return [
    {
      operators: suffixed([...strings, "StringNotEqualsIgnoreCase"]),
      keys: ["aws:username", "s3:prefix", "S3:Prefix"],
      values: listOf(oneOf(withVariables ? [...texts, ...variableTexts] : texts)),
    },
    {
      operators: suffixed([...qualified, ...qualified, "StringLike"]),
      keys: ["aws:TagKeys"],
      values: listOf(oneOf(texts)),
    },
    {
      operators: ["Null"],
      keys: ["aws:username", "aws:TagKeys", "s3:prefix", "s3:max-keys"],
      values: oneOf(["true", "false", true]),
    },
    {
      operators: suffixed(orders.map((order) => `Numeric${order}`)),
      keys: ["s3:max-keys"],
      values: listOf(oneOf([...numbers, 5])),
    },
    {
      operators: suffixed(orders.map((order) => `Date${order}`)),
      keys: ["aws:CurrentTime"],
      values: listOf(oneOf(dates)),
    },
    {
      operators: suffixed(["IpAddress", "NotIpAddress"]),
      keys: ["aws:SourceIp"],
      values: listOf(oneOf(addresses)),
    },
    {
      operators: ["Bool", "BoolIfExists"],
      keys: ["aws:SecureTransport"],
      values: listOf(oneOf<unknown>(["true", "false", true, "False"])),
    },
    {
      operators: suffixed(["ArnLike", "ArnEquals", "ArnNotLike", "StringLike", "StringEquals"]),
      keys: ["aws:SourceArn"],
      values: listOf(oneOf(arns)),
    },
    { operators: ["BinaryEquals"], keys: ["x:blob"], values: listOf(oneOf(["QQ==", "Qg=="])) },
  ];
}

function drawCondition(withVariables: boolean): fc.Arbitrary<Record<string, Record<string, unknown>>> {
  const atom = fc.oneof(
    ...families(withVariables).map(({ operators, keys, values }) =>
      fc.tuple(oneOf(operators), oneOf(keys), values),
    ),
  );
  return fc.array(atom, { minLength: 1, maxLength: 3 }).map((atoms) => {
    const condition: Record<string, Record<string, unknown>> = {};
    for (const [operator, key, values] of atoms)
      condition[operator] = { ...condition[operator], [key]: values };
    return condition;
  });
}

const principals = fc.oneof(
  fc.constant("*"),
  fc.record(
    {
      AWS: listOf(
        oneOf([
          "123456789012",
          "arn:aws:iam::123456789012:root",
          "arn:aws:iam::123456789012:role/r",
          "arn:aws:sts::123456789012:assumed-role/r/s",
          "111122223333",
          "*",
        ]),
      ),
      Service: listOf(oneOf(["batch.amazonaws.com", "ec2.amazonaws.com"])),
      Federated: listOf(oneOf(["accounts.google.com", "*"])),
    },
    { requiredKeys: [] },
  ),
);

/** What a drawn policy is for. */
export interface Kind {
  readonly trust: boolean;
  readonly variables: boolean;
}

/** Draws a statement from the whole grammar. */
export function drawStatement({ trust, variables }: Kind): fc.Arbitrary<DrawnStatement> {
  const maybeNot = (name: string) => fc.nat(9).map((odds) => (odds === 0 ? `Not${name}` : name));
  const where = variables ? [...resources, ...variableResources] : resources;
  const scope = trust
    ? fc.tuple(maybeNot("Principal"), principals)
    : fc.tuple(maybeNot("Resource"), listOf<unknown>(oneOf(where)));
  return fc
    .tuple(
      fc.nat(9),
      fc.tuple(
        maybeNot("Action"),
        listOf(oneOf(trust ? ["sts:AssumeRole", "sts:*", "sts:TagSession", "*"] : actions)),
      ),
      scope,
      fc.option(drawCondition(variables), { nil: undefined }),
    )
    .map(([odds, [act, acts], [place, places], condition]) => ({
      Effect: odds < 3 ? ("Deny" as const) : ("Allow" as const),
      [act]: acts,
      [place]: places,
      ...(condition && { Condition: condition }),
    }));
}

/** Draws a policy of up to four statements. */
export function drawPolicy(kind: Kind): fc.Arbitrary<DrawnPolicy> {
  return fc
    .tuple(fc.nat(9), fc.array(drawStatement(kind), { maxLength: 4 }))
    .map(([odds, statements]) => ({ ...(odds > 0 && { Version: "2012-10-17" }), Statement: statements }));
}

const contextValues: Readonly<Record<string, readonly string[]>> = {
  "aws:username": ["a", "b", "bob", "ab", "zoe", "A"],
  "s3:prefix": ["a", "b", "bob", "ab", "B", "zoe", "abob", "*"],
  "s3:max-keys": ["1", "4", "5", "7.5", "8", "10", "100", "-3", "x"],
  "aws:currenttime": [
    "2019-01-01T00:00:00Z",
    "2020-01-01T00:00:00Z",
    "2024-06-01T00:00:00Z",
    "2031-01-01T00:00:00Z",
  ],
  "aws:sourceip": ["10.0.1.7", "10.0.1.9", "10.0.2.1", "192.168.0.1", "2001:db8::1", "2001:db9::1", "x"],
  "aws:securetransport": ["true", "false", "True"],
  "aws:sourcearn": ["arn:aws:s3:::a", "arn:aws:s3:eu-1:123456789012:x/b", "arn:aws:q:::z", "s3"],
  "x:blob": ["QQ==", "Qg==", "QA=="],
};

/** A drawn request. */
export interface DrawnRequest {
  readonly action: string;
  readonly resource?: string;
  readonly principal?: { readonly type: "AWS" | "Service" | "Federated"; readonly id: string };
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

/** Draws a request that drawn policies are likely to tell apart. */
export function drawRequest({ trust }: Kind): fc.Arbitrary<DrawnRequest> {
  const single = fc.record(
    Object.fromEntries(Object.entries(contextValues).map(([key, values]) => [key, oneOf(values)])),
    { requiredKeys: [] },
  );
  const tagKeys = fc.array(oneOf(["a", "b", "bob", "ab", "A", "zoe"]), { maxLength: 3 });
  const context = fc
    .tuple(single, fc.option(tagKeys, { nil: undefined }))
    .map(([keys, tags]) => ({ ...keys, ...(tags && { "aws:tagkeys": tags }) }));
  if (trust) {
    return fc.record({
      action: oneOf(["sts:AssumeRole", "sts:TagSession", "sts:Other", "a:b"]),
      principal: fc.oneof(
        fc.record({
          type: fc.constant("AWS" as const),
          id: oneOf([
            "arn:aws:iam::123456789012:root",
            "arn:aws:iam::123456789012:role/r",
            "arn:aws:iam::123456789012:user/u",
            "arn:aws:sts::123456789012:assumed-role/r/s",
            "arn:aws:sts::123456789012:assumed-role/r/t",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::777788889999:root",
          ]),
        }),
        fc.record({
          type: fc.constant("Service" as const),
          id: oneOf(["batch.amazonaws.com", "ec2.amazonaws.com", "x"]),
        }),
        fc.record({ type: fc.constant("Federated" as const), id: oneOf(["accounts.google.com", "y"]) }),
      ),
      context,
    });
  }
  return fc.record({
    action: oneOf([
      "s3:GetObject",
      "s3:PutObject",
      "s3:GetThing",
      "s3:ListObject",
      "iam:PassRole",
      "ec2:RunX",
      "q:GetX",
      "q:z",
    ]),
    resource: oneOf([
      "*",
      "arn:aws:s3:::a",
      "arn:aws:s3:::a/b",
      "arn:aws:s3:::a/bob",
      "arn:aws:s3:::a/bob/c",
      "arn:aws:s3:::bob",
      "arn:aws:s3:::axb",
      "arn:aws:s3:::z/b",
      "arn:aws:s3:eu-1:123456789012:x/b",
      "arn:aws:q:eu-1:1:x/z",
      "arn:aws:q:::z",
      "arn:aws:s3:::zoe",
      "arn:aws:s3:::*",
      "arn:aws:s3:::b/bob",
    ]),
    context,
  });
}

/** Draws a change to a policy: pairs that nearly agree are where a comparison errs. */
export function drawMutation(kind: Kind): fc.Arbitrary<(policy: DrawnPolicy) => DrawnPolicy> {
  const at = fc.nat();
  const replace = (policy: DrawnPolicy, place: number, change: (one: DrawnStatement) => DrawnStatement[]) => {
    const index = policy.Statement.length === 0 ? -1 : place % policy.Statement.length;
    return {
      ...policy,
      Statement: policy.Statement.flatMap((one, number) => (number === index ? change(one) : [one])),
    };
  };
  return fc.oneof(
    drawStatement(kind).map((added) => (policy: DrawnPolicy) => ({
      ...policy,
      Statement: [...policy.Statement, added],
    })),
    at.map((place) => (policy: DrawnPolicy) => replace(policy, place, () => [])),
    fc.tuple(at, drawStatement(kind)).map(
      ([place, donor]) =>
        (policy: DrawnPolicy) =>
          replace(policy, place, (one) => {
            const { Condition: _, ...bare } = one;
            return [{ ...bare, ...("Condition" in donor && { Condition: donor.Condition }) }];
          }),
    ),
    fc.tuple(at, drawStatement(kind)).map(
      ([place, donor]) =>
        (policy: DrawnPolicy) =>
          replace(policy, place, (one) => [{ ...donor, Effect: one.Effect, Condition: one.Condition }]),
    ),
    fc.tuple(at, drawStatement(kind)).map(
      ([place, donor]) =>
        (policy: DrawnPolicy) =>
          replace(policy, place, (one) => {
            const { Action: _, NotAction: __, ...rest } = one;
            const name = "Action" in donor ? "Action" : "NotAction";
            return [{ ...rest, [name]: donor[name] }];
          }),
    ),
    at.map(
      (place) => (policy: DrawnPolicy) =>
        replace(policy, place, (one) => [{ ...one, Effect: one.Effect === "Allow" ? "Deny" : "Allow" }]),
    ),
    at.map((place) => (policy: DrawnPolicy) => replace(policy, place, (one) => splitActions(one))),
    at.map((place) => (policy: DrawnPolicy) => replace(policy, place, (one) => [widenValues(one, place)])),
  );
}

function splitActions(one: DrawnStatement): DrawnStatement[] {
  const list = one.Action;
  return Array.isArray(list) ? list.map((action) => ({ ...one, Action: action })) : [one];
}

/** Takes one value off each condition. */
function widenValues(one: DrawnStatement, place: number): DrawnStatement {
  const condition = one.Condition;
  if (typeof condition !== "object" || condition === null) return one;
  const narrowed = Object.entries(condition).map(([operator, keys]) => {
    const entries = Object.entries<unknown>(keys).map(([key, values]) => {
      if (!Array.isArray(values) || values.length < 2) return [key, values] as const;
      return [key, values.filter((_, index) => index !== place % values.length)] as const;
    });
    return [operator, Object.fromEntries(entries)] as const;
  });
  return { ...one, Condition: Object.fromEntries(narrowed) };
}
