import { stableId } from "../../model/id.ts";

/** There is one workspace; LangSmith's clients want an id for it in every URL and many bodies. */
export const TENANT_ID = stableId("tenant");

/** Its handle, which owns every prompt; `-` means the same. */
export const TENANT_HANDLE = "loopsmith";
