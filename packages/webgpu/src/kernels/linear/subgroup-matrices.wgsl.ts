/**
 * What matrix units do, as WGSL has it as an experiment of Chromium: loads of packed tiles, products of two of them that
 * are added to a sum, and where sums go. Which tile it is differs from subgroup to subgroup, but not within one; the
 * compiler does not see that.
 */
export const subgroupMatricesWgsl = /* wgsl */ `
diagnostic(off, chromium.subgroup_matrix_uniformity);
enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;

alias Half = f16;
alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Sum = subgroup_matrix_result<f32, 16, 16>;

fn load_left(start: u32) -> Left {
  return subgroupMatrixLoad<Left, row_major>(&x, start, 16u);
}

fn load_right(start: u32) -> Right {
  return subgroupMatrixLoad<Right, col_major>(&weights, start, 16u);
}

fn multiply_add(left: Left, right: Right, sum: Sum) -> Sum {
  return subgroupMatrixMultiplyAccumulate(left, right, sum);
}

fn store_sum(start: u32, sum: Sum) {
  subgroupMatrixStore<row_major>(&tiles, start, sum, 16u);
}
`
