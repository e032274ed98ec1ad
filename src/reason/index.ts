export { clusterReasons } from "./cluster-reasons.ts";
export type { ClusterReasonsOptions, ReasonReport } from "./cluster-reasons.ts";
export { assignReason } from "./reason-model.ts";
export type { ReasonModel, RememberedCluster } from "./reason-model.ts";
export type { Embedder, Namer, Reason, ReasonCluster } from "./reason.ts";
export { maskText } from "./mask.ts";
export { TemplateTree, templateText } from "./template-tree.ts";
export type { Template, TemplateTreeOptions } from "./template-tree.ts";
