// Lets plain `node --import ./scripts/ts.mjs file.ts` run the project's TypeScript without a build, on every supported Node.
import "jiti/register";
