import * as z from "zod";

/** The caller in a CloudTrail record, from its `userIdentity`. Fields that the record lacks are left out. */
export const Actor = z
  .object({
    /** CloudTrail's type: `IAMUser`, `AssumedRole`, `Root`, `AWSService`, … or `Unknown`. */
    type: z.string(),
    arn: z.string().exactOptional(),
    account: z.string().exactOptional(),
    /** ARN of the session's role. Session names change with every login; this does not. */
    issuer: z.string().exactOptional(),
    /** The session's name. */
    session: z.string().exactOptional(),
    /** The service that made the call on the caller's behalf. */
    service: z.string().exactOptional(),
    /** The id of the access key that signed the call. It names a key and is no secret. */
    accessKeyId: z.string().exactOptional(),
    sourceIp: z.string().exactOptional(),
    userAgent: z.string().exactOptional(),
  })
  .readonly()
  .meta({ id: "Actor" });
export type Actor = z.infer<typeof Actor>;
