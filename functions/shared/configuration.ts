import config from "../../drift-guard.config.ts";

/** The owner's configuration, with which the functions are bundled. */
export const configuration = config;
