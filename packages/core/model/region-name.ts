import * as z from "zod";

/** The name of a Region, such as `us-east-1`. It becomes a part of a host name, so every other text is refused. */
export const RegionName = z.string().regex(/^[a-z]{2}[a-z0-9-]{1,30}$/);
