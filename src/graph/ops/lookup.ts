import type { Dim } from "../dims.ts";
import { differentiable, integers, node, type Tensor } from "../tensor.ts";

/** Rows of a table. table: [rows, width], ids: integers of any shape; result [...ids, width]. Its gradient is a scatter-add into the table.
 *  Training does not use that gradient, which is as large as the vocabulary, but the one at the rows. The rule exists so that every
 *  operation on floats has one that is compared with PyTorch's. */
export function lookup(table: Tensor, ids: Tensor): Tensor {
  const shape: Dim[] = [...ids.shape, table.shape[1]!];
  const y = node("Gather", [table, ids], shape, { attributes: { axis: 0 }, dtype: table.dtype });
  return differentiable(y, [table], (upstream) => [scatterAdd(table, ids, upstream)]);
}

function scatterAdd(table: Tensor, ids: Tensor, rows: Tensor): Tensor {
  const zeros = node("Sub", [table, table], table.shape);
  const indices = node("Unsqueeze", [ids, integers(-1)], [...ids.shape, 1], { dtype: "int64" });
  return node("ScatterND", [zeros, indices, rows], table.shape, { attributes: { reduction: "add" } });
}
