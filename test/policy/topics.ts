/** What conditions ask about: keys whose values are compared alike, in policies and in requests. */
export interface Topic {
  readonly name: "text" | "number" | "date" | "address" | "flag" | "arn" | "blob";
  /** Without qualifier and `IfExists`. */
  readonly operators: readonly string[];
  /** Keys that requests have one value of. */
  readonly single: readonly string[];
  /** Keys that requests have any number of values of. */
  readonly several: readonly string[];
  /** What policies write, many of them so that one lies within another. */
  readonly values: readonly (string | number | boolean)[];
  /** What hardly anybody writes, but IAM takes and its operator reads. */
  readonly oddValues: readonly (string | number | boolean)[];
  /** What requests have. */
  readonly asked: readonly string[];
}

const orders = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];

/** Every family of operators but Null, which can ask for any key. */
export const topics: readonly Topic[] = [
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
    several: ["aws:TagKeys", "aws:tagkeys"],
    values: ["a", "b", "bob", "ab", "a*", "*b", "a?", "*", "A", "B*", "a*b", "*a*", "??"],
    oddValues: ["", "é", "É", "b ", "a\u0301", "😀", "?*", "**", "$", "{a}", 5, true],
    asked: ["a", "b", "bob", "ab", "zoe", "A", "B", "abob", "*", "axb", "É", "", "a*"],
  },
  {
    name: "number",
    operators: orders.map((order) => `Numeric${order}`),
    single: ["s3:max-keys"],
    several: ["x:sizes"],
    values: ["1", "5", "10", "7.5", "-3", 5, 10],
    oddValues: ["05", "1e1", "+5", "5.0", "-0", "0", 0.5, ".5"],
    asked: ["1", "4", "5", "7.5", "8", "10", "100", "-3", "x", "05", "0", "-0.0", "1e1"],
  },
  {
    name: "date",
    operators: orders.map((order) => `Date${order}`),
    single: ["aws:CurrentTime"],
    several: ["x:times"],
    values: ["2020-01-01T00:00:00Z", "2024-06-01", "1577836800", "2030-01-01T00:00:00Z", 1577836800],
    oddValues: ["2024-06", "2020-01-01T01:00:00+01:00", "2020-01-01T00:00Z", "2020-01-01T00:00:00.500Z"],
    asked: [
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
    several: ["x:addresses"],
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
    asked: [
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
    several: ["x:flags"],
    values: ["true", "false", true, false, "False"],
    oddValues: ["TRUE", "FALSE"],
    asked: ["true", "false", "True"],
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
    several: ["x:arns"],
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
    asked: [
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
    several: ["x:blobs"],
    values: ["QQ==", "Qg==", "qq=="],
    oddValues: ["*", "", "QQ"],
    asked: ["QQ==", "Qg==", "qq==", "QA=="],
  },
];

/** What texts of version 2012-10-17 can hold besides: variables, with and without default, and escapes. */
export const variableTexts: readonly string[] = [
  `\${aws:username}`,
  `a\${aws:username}`,
  `\${s3:prefix,'a'}`,
  `\${*}`,
  `\${$}{a}`,
  `a\${?}`,
  `\${AWS:UserName, 'bob'}*`,
];
