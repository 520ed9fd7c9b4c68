/**
 * The one-to-one assignment of rows to columns with the greatest total weight, exact: the Hungarian method with
 * potentials and shortest augmenting paths (Kuhn 1955; Jonker and Volgenant 1987), O(n³) for n rows or columns.
 * `weights[row][column]` must be >= 0. Returns the column of each row, or null where the row is left alone (more rows
 * than columns, or only weight 0 to be had).
 */
export function bestAssignment(weights: readonly (readonly number[])[]): (number | null)[] {
  const columns = Math.max(0, ...weights.map((row) => row.length));
  const size = Math.max(weights.length, columns);
  const weight = (row: number, column: number): number => weights[row]?.[column] ?? 0;
  const rowOf = assignColumns(size, (row, column) => -weight(row, column));
  const columnOf = new Array<number | null>(weights.length).fill(null);
  rowOf.forEach((row, column) => {
    if (weight(row, column) > 0) columnOf[row] = column;
  });
  return columnOf;
}

/** The row of each column in the cheapest complete assignment of a square matrix. */
function assignColumns(size: number, cost: (row: number, column: number) => number): number[] {
  const rowPotential = new Float64Array(size);
  const columnPotential = new Float64Array(size);
  const rowOf = new Int32Array(size).fill(FREE);
  for (let start = 0; start < size; start++) {
    const distance = new Float64Array(size).fill(Infinity);
    const previous = new Int32Array(size).fill(FREE);
    const visited = new Uint8Array(size);
    let column = FREE;
    do {
      const row = column === FREE ? start : (rowOf[column] ?? start);
      let next = FREE;
      let step = Infinity;
      for (let candidate = 0; candidate < size; candidate++) {
        if (visited[candidate]) continue;
        const reduced = cost(row, candidate) - at(rowPotential, row) - at(columnPotential, candidate);
        if (reduced < at(distance, candidate)) {
          distance[candidate] = reduced;
          previous[candidate] = column;
        }
        if (at(distance, candidate) < step) {
          step = at(distance, candidate);
          next = candidate;
        }
      }
      rowPotential[start] = at(rowPotential, start) + step;
      for (let candidate = 0; candidate < size; candidate++) {
        if (visited[candidate]) {
          const owner = at(rowOf, candidate);
          rowPotential[owner] = at(rowPotential, owner) + step;
          columnPotential[candidate] = at(columnPotential, candidate) - step;
        } else distance[candidate] = at(distance, candidate) - step;
      }
      visited[next] = 1;
      column = next;
    } while (rowOf[column] !== FREE);
    while (column !== FREE) {
      const before = at(previous, column);
      rowOf[column] = before === FREE ? start : at(rowOf, before);
      column = before;
    }
  }
  return [...rowOf];
}

const FREE = -1;

function at(values: Float64Array | Int32Array, index: number): number {
  return values[index] ?? NaN;
}
