/** `YYYYMMDDTHHMMSSffffffZ<id>`, below the parent's: how LangSmith orders the runs of a trace. @param startAt epoch ms */
export function dottedOrder(startAt: number, id: string, parent?: string): string {
  const own = `${new Date(startAt).toISOString().replace(/[-:.]/g, "").replace(/Z$/, "000Z")}${id}`;
  return parent === undefined ? own : `${parent}.${own}`;
}
