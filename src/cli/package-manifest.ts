import { readFileSync } from "node:fs";

export interface PackageManifest {
  version: string;
  exports: Readonly<Record<string, string | { default: string }>>;
}

/** The package.json of this very package, as it is installed. */
export function packageManifest(): PackageManifest {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as PackageManifest;
}
