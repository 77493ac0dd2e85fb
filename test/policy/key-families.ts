/** Condition keys whose values are compared alike, with values for policies and for requests. */
export interface KeyFamily {
  readonly name: "text" | "number" | "date" | "address" | "flag" | "arn" | "blob";
  /** Operators without qualifier and `IfExists`. */
  readonly operators: readonly string[];
  /** Keys of which a request has one value. */
  readonly single: readonly string[];
  /** Keys of which a request can have several values. */
  readonly multivalued: readonly string[];
  /** Values in policies; many of them match a part of what another one matches. */
  readonly values: readonly (string | number | boolean)[];
  /** Unusual values that IAM accepts and the operator can read. */
  readonly oddValues: readonly (string | number | boolean)[];
  /** Values in requests. */
  readonly requestValues: readonly string[];
}

const orders = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];

/** A family for each kind of operator, except Null, which fits every key. */
export const keyFamilies: readonly KeyFamily[] = [
  {
    name: "text",
    operators: [
      "StringEquals",
      "StringNotEquals",
      "StringLike",
      "StringNotLike",
      "StringEqualsIgnoreCase",
      "StringNotEqualsIgnoreCase",
    ],
    single: ["aws:username", "s3:prefix", "S3:Prefix"],
    multivalued: ["aws:TagKeys", "aws:tagkeys"],
    values: ["a", "b", "bob", "ab", "a*", "*b", "a?", "*", "A", "B*", "a*b", "*a*", "??"],
    oddValues: ["", "é", "É", "b ", "a\u0301", "😀", "?*", "**", "$", "{a}", 5, true],
    requestValues: ["a", "b", "bob", "ab", "zoe", "A", "B", "abob", "*", "axb", "É", "", "a*"],
  },
  {
    name: "number",
    operators: orders.map((order) => `Numeric${order}`),
    single: ["s3:max-keys"],
    multivalued: ["x:sizes"],
    values: ["1", "5", "10", "7.5", "-3", 5, 10],
    oddValues: ["05", "1e1", "+5", "5.0", "-0", "0", 0.5, ".5"],
    requestValues: ["1", "4", "5", "7.5", "8", "10", "100", "-3", "x", "05", "0", "-0.0", "1e1"],
  },
  {
    name: "date",
    operators: orders.map((order) => `Date${order}`),
    single: ["aws:CurrentTime"],
    multivalued: ["x:times"],
    values: ["2020-01-01T00:00:00Z", "2024-06-01", "1577836800", "2030-01-01T00:00:00Z", 1577836800],
    oddValues: ["2024-06", "2020-01-01T01:00:00+01:00", "2020-01-01T00:00Z", "2020-01-01T00:00:00.500Z"],
    requestValues: [
      "2019-01-01T00:00:00Z",
      "2020-01-01T00:00:00Z",
      "2020-01-01T00:00:00.250Z",
      "2024-06-01T00:00:00Z",
      "2031-01-01T00:00:00Z",
      "1577836800",
      "soon",
    ],
  },
  {
    name: "address",
    operators: ["IpAddress", "NotIpAddress"],
    single: ["aws:SourceIp"],
    multivalued: ["x:addresses"],
    values: [
      "10.0.0.0/16",
      "10.0.1.0/24",
      "10.0.1.7",
      "0.0.0.0/0",
      "2001:db8::/32",
      "2001:db8::1",
      "10.0.0.0/17",
    ],
    oddValues: [
      "10.0.1.7/16",
      "::/0",
      "10.0.1.7/32",
      "::ffff:10.0.1.7",
      "2001:DB8:0::1/128",
      "10.0.128.0/17",
    ],
    requestValues: [
      "10.0.1.7",
      "10.0.1.9",
      "10.0.2.1",
      "10.0.200.1",
      "192.168.0.1",
      "2001:db8::1",
      "2001:db9::1",
      "x",
    ],
  },
  {
    name: "flag",
    operators: ["Bool"],
    single: ["aws:SecureTransport"],
    multivalued: ["x:flags"],
    values: ["true", "false", true, false, "False"],
    oddValues: ["TRUE", "FALSE"],
    requestValues: ["true", "false", "True"],
  },
  {
    name: "arn",
    operators: [
      "ArnLike",
      "ArnEquals",
      "ArnNotLike",
      "ArnNotEquals",
      "StringLike",
      "StringEquals",
      "StringNotLike",
    ],
    single: ["aws:SourceArn"],
    multivalued: ["x:arns"],
    values: [
      "arn:aws:s3:::a",
      "arn:aws:s3:::*",
      "arn:aws:*:*:123456789012:x/*",
      "*",
      "arn:aws:s3:eu-?:*:x/b",
      "arn:aws:s3:::a*",
      "arn:aws:s3:*:123456789012:*",
    ],
    oddValues: ["arn:aws:s3*", "arn:aws:s3:::a:b", "arn:*:b", "a", "arn:aws:s3:::?", "arn:aws:s3", "*:x/b"],
    requestValues: [
      "arn:aws:s3:::a",
      "arn:aws:s3:::ab",
      "arn:aws:s3:eu-1:123456789012:x/b",
      "arn:aws:q:::z",
      "s3",
      "arn:aws:s3:::a:b",
      "arn:aws:s3:us-1:123456789012:y",
    ],
  },
  {
    name: "blob",
    operators: ["BinaryEquals"],
    single: ["x:blob"],
    multivalued: ["x:blobs"],
    values: ["QQ==", "Qg==", "qq=="],
    oddValues: ["*", "", "QQ"],
    requestValues: ["QQ==", "Qg==", "qq==", "QA=="],
  },
];

/** Texts with policy variables, with and without default, and escapes, for version 2012-10-17. */
export const variableTexts: readonly string[] = [
  `\${aws:username}`,
  `a\${aws:username}`,
  `\${s3:prefix,'a'}`,
  `\${*}`,
  `\${$}{a}`,
  `a\${?}`,
  `\${AWS:UserName, 'bob'}*`,
];
