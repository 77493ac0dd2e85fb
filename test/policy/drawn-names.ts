/** Names of actions, resources and principals in policies and in requests, chosen so that they often match. */

/** Actions of identity policies. */
export const actions: readonly string[] = [
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
  "s3:Get*Object",
  "s3:?etObject",
  "S3:gEt*",
  "s3:*e*",
];

/** Unusual actions of identity policies. */
export const oddActions: readonly string[] = [
  "*:*",
  "s3*",
  "*Object",
  "GetObject",
  "?3:Get*",
  "s3:**t",
  "i*:*",
  "*:?*",
];

/** Actions of trust policies. */
export const trustActions: readonly string[] = [
  "sts:AssumeRole",
  "sts:*",
  "sts:TagSession",
  "*",
  "sts:Assume*",
  "STS:assumerole",
  "sts:*e*",
];

/** Actions of requests. */
export const requestActions: readonly string[] = [
  "s3:GetObject",
  "s3:PutObject",
  "s3:GetThing",
  "s3:ListObject",
  "s3:GetXObject",
  "iam:PassRole",
  "ec2:RunX",
  "q:GetX",
  "q:z",
];

/** Actions of requests to assume a role. */
export const requestTrustActions: readonly string[] = [
  "sts:AssumeRole",
  "sts:TagSession",
  "sts:Other",
  "a:b",
];

/** Resources of policies. */
export const resources: readonly string[] = [
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
  "arn:aws:s3:::a*b*c",
  "arn:aws:s3:::*",
];

/** Unusual resources of policies: fewer segments, more colons, wildcards anywhere. */
export const oddResources: readonly string[] = [
  "arn:aws:s3",
  "arn:aws:s3:*",
  "arn:aws:*",
  "a*",
  "*:*",
  "**",
  "arn:*:s3:::a",
  "arn:a?s:s3:::a",
  "arn:aws:s?:::a*",
  "arn:aws:s3:::x:y",
  "arn:aws:s3:::x:*",
  "arn:aws:s3:::*:*",
  "arn:aws:s3:?u-*::*",
  "arn:aws:s3:::?",
  "arn:aws:s3:::",
  "*a",
  "arn:*:*:*:*:*b",
  "ARN:aws:s3:::a",
];

/** Resources with policy variables and escapes, for version 2012-10-17. */
export const variableResources: readonly string[] = [
  `arn:aws:s3:::\${aws:username}`,
  `arn:aws:s3:::a/\${aws:username}/*`,
  `arn:aws:s3:::a/\${aws:username}`,
  `arn:aws:s3:::\${aws:username, 'bob'}`,
  `arn:aws:s3:::\${*}`,
  `arn:aws:s3:::\${s3:prefix}/\${aws:username}`,
  `arn:aws:s3:::\${aws:PrincipalTag/team}/*`,
];

/** Resources of requests. */
export const requestResources: readonly string[] = [
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
  "arn:aws:s3:::x:y",
  "arn:aws:s3:::axbyc",
  "arn:aws-cn:s3:::a",
  "arn:aws:s3:::",
];

/** Principals of policies by type. */
export const principals = {
  AWS: [
    "123456789012",
    "arn:aws:iam::123456789012:root",
    "arn:aws:iam::123456789012:role/r",
    "arn:aws:iam::123456789012:role/a/b/r",
    "arn:aws:iam::123456789012:user/u",
    "arn:aws:sts::123456789012:assumed-role/r/s",
    "arn:aws-cn:iam::123456789012:root",
    "arn:aws-cn:iam::123456789012:role/r",
    "111122223333",
    "AROAEXAMPLEEXAMPLE123",
    "*",
  ],
  Service: [
    "batch.amazonaws.com",
    "ec2.amazonaws.com",
    "ec2.amazonaws.com.cn",
    "batch.amazonaws.com.cn",
    "*",
  ],
  Federated: ["accounts.google.com", "arn:aws:iam::123456789012:saml-provider/p", "*"],
  CanonicalUser: ["79a59df900b949e5", "*"],
} as const;

/** Principals of requests by type. */
export const requestPrincipals = {
  AWS: [
    "arn:aws:iam::123456789012:root",
    "arn:aws:iam::123456789012:role/r",
    "arn:aws:iam::123456789012:role/a/b/r",
    "arn:aws:iam::123456789012:role/z",
    "arn:aws:iam::123456789012:user/u",
    "arn:aws:sts::123456789012:assumed-role/r/s",
    "arn:aws:sts::123456789012:assumed-role/r/t",
    "arn:aws-cn:iam::123456789012:root",
    "arn:aws-cn:sts::123456789012:assumed-role/r/s",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::777788889999:root",
    "AROAEXAMPLEEXAMPLE123",
  ],
  Service: [
    "batch.amazonaws.com",
    "ec2.amazonaws.com",
    "ec2.amazonaws.com.cn",
    "batch.amazonaws.com.cn",
    "x",
  ],
  Federated: ["accounts.google.com", "arn:aws:iam::123456789012:saml-provider/p", "y"],
  CanonicalUser: ["79a59df900b949e5", "z"],
} as const;
