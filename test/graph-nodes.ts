import type { GraphNode, Tensor } from "../src/graph/tensor.ts";

/** Every node from which the tensors are computed. */
export function nodesBehind(...outputs: readonly (Tensor | undefined)[]): Set<GraphNode> {
  const found = new Set<GraphNode>();
  const pending = [...outputs];
  while (pending.length > 0) {
    const tensor = pending.pop();
    if (tensor?.source.kind !== "node" || found.has(tensor.source.node)) continue;
    found.add(tensor.source.node);
    pending.push(...tensor.source.node.inputs);
  }
  return found;
}
