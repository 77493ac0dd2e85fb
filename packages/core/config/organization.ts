import * as z from "zod";

/** The form of an organisation's id, such as `o-a1b2c3d4e5` (API model of AWS Organizations). */
export const organizationId = /^o-[a-z0-9]{10,32}$/;

/**
 * The organisation of the guarded account. With it, conditions on `aws:SourceOrgID` and `aws:SourceOrgPaths` in a trust
 * policy are judged; without it, the guard cannot tell whether AWS Batch meets them.
 */
export const Organization = z
  .strictObject({
    id: z.string().regex(organizationId, "must be the id of an organisation, such as o-a1b2c3d4e5"),
    /**
     * The organisational unit that holds the account, as `aws:SourceOrgPaths` has it: from the organisation's id through the
     * root and each unit, with a slash at the end. List several if the configuration serves accounts in several units.
     */
    paths: z
      .array(
        z
          .string()
          .regex(
            /^o-[a-z0-9]{10,32}\/r-[a-z0-9]{4,32}\/(?:ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}\/)*$/,
            "must be a path, such as o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/",
          ),
      )
      .min(1)
      .exactOptional(),
  })
  .superRefine(({ id, paths = [] }, context) => {
    for (const [index, path] of paths.entries()) {
      if (path.startsWith(`${id}/`)) continue;
      context.addIssue({ code: "custom", path: ["paths", index], message: `must begin with ${id}/` });
    }
  });
export type Organization = z.infer<typeof Organization>;
